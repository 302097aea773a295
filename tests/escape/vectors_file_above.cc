// The folders above a path that a rule denies: gone from their place, its name would be free. What
// is planted is a hook of the workspace's own repository, which runs outside every session.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

int make_folder(const Place& place, const std::string& name) {
    const std::string path = place.in_work(name);
    if (mkdir(path.c_str(), 0755) != 0) return errno;
    return give_to_user(path);
}

int make_repository(const Place& place) {
    const int error = make_folder(place, ".git");
    return error != 0 ? error : make_folder(place, ".git/hooks");
}

int plant(const Place& place) {
    return make_file(place.in_work(".git/hooks/post-commit"), "#!/bin/sh\n", 0755);
}

int make_with_hooks(const Place& place, const std::string& folder) {
    if (mkdir(place.in_work(folder).c_str(), 0755) != 0) return errno;
    return outcome(mkdir(place.in_work(folder + "/hooks").c_str(), 0755));
}

int make_anew_and_plant(const Place& place) {
    const int error = make_with_hooks(place, ".git");
    return error != 0 ? error : plant(place);
}

constexpr Vector kVectors[] = {
    {"file_own_git_hook",
     "plants a hook in its workspace's repository",
     Who::kUser,
     plant,
     {.setup = make_repository}},
    {"file_own_git_hook_moved",
     "moves .git away, makes it anew and plants a hook",
     Who::kUser,
     [](const Place& place) {
         if (rename(place.in_work(".git").c_str(), place.in_work("old").c_str()) != 0) return errno;
         return make_anew_and_plant(place);
     },
     {.setup = make_repository}},
    {"file_own_git_hook_exchanged",
     "puts a folder with a hook in the place of .git (RENAME_EXCHANGE)",
     Who::kUser,
     [](const Place& place) {
         if (const int error = make_with_hooks(place, "new"); error != 0) return error;
         if (syscall(SYS_renameat2, AT_FDCWD, place.in_work("new").c_str(), AT_FDCWD,
                     place.in_work(".git").c_str(), RENAME_EXCHANGE) != 0)
             return errno;
         return plant(place);
     },
     {.setup = make_repository}},
    {"file_own_git_hook_removed",
     "removes a .git without hooks, makes it anew and plants one",
     Who::kUser,
     [](const Place& place) {
         if (rmdir(place.in_work(".git").c_str()) != 0) return errno;
         return make_anew_and_plant(place);
     },
     {.setup = [](const Place& place) { return make_folder(place, ".git"); }}},
    {"file_own_git_hook_linked",
     "puts a folder with a hook in the place of a .git that is a symbolic link",
     Who::kUser,
     [](const Place& place) {
         if (unlink(place.in_work(".git").c_str()) != 0) return errno;
         return make_anew_and_plant(place);
     },
     {.setup =
          [](const Place& place) {
              int error = make_folder(place, "repository");
              if (error == 0) error = make_folder(place, "repository/hooks");
              if (error != 0) return error;
              return outcome(symlink("repository", place.in_work(".git").c_str()));
          }}},
};

} // namespace

std::span<const Vector> file_above_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
