#include "undo/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "undo/copy_object.h"
#include "undo/failure.h"
#include "undo/open_path.h"

namespace bailiff::undo {
namespace {

constexpr std::string_view kEntry = ".entry";
constexpr std::string_view kPart = ".part";
constexpr std::size_t kDigits = 16;

std::string entry_name(std::uint64_t action) {
    return approval_id(action) + std::string(kEntry);
}

// The action at the front of a name; none where it is no name of ours.
std::optional<std::uint64_t> action_of(std::string_view name) {
    std::uint64_t action = 0;
    const std::string_view digits = name.substr(0, kDigits);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), action, 16);
    if (error != std::errc{} || approval_id(action) != digits) return std::nullopt;
    return action;
}

struct Names {
    bool object = false;
    bool entry = false;
    bool part = false;
};
using AllNames = std::map<std::uint64_t, Names>;

// `stranger` becomes a name that is not the store's, if there is one.
Result<AllNames> read_names(int folder, const std::string& path, std::string& stranger) {
    UniqueFd fd(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::unique_ptr<DIR, int (*)(DIR*)> list(fdopendir(fd.get()), closedir);
    if (!list) return fail_errno("read " + path, errno);
    (void)fd.release(); // the list's now
    AllNames names;
    errno = 0;
    while (const dirent* row = readdir(list.get())) {
        const std::string_view name = row->d_name;
        const std::optional<std::uint64_t> action = action_of(name);
        const std::string_view rest = name.substr(std::min(name.size(), kDigits));
        if (action && rest.empty()) names[*action].object = true;
        if (action && rest == kEntry) names[*action].entry = true;
        if (action && rest == kPart) names[*action].part = true;
        const bool ours = action && (rest.empty() || rest == kEntry || rest == kPart);
        if (!ours && name != "." && name != "..") stranger = name;
        errno = 0;
    }
    if (errno != 0) return fail_errno("read " + path, errno);
    return names;
}

// One that does not exist is made, in its parent as that is now.
UniqueFd open_or_make(const std::string& path) {
    UniqueFd fd = open_path(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
    if (fd || errno != ENOENT) return fd;
    const auto [folder, name] = split_path(path);
    const UniqueFd parent = open_path(AT_FDCWD, folder, O_PATH | O_DIRECTORY);
    if (!parent || mkdirat(parent.get(), name.c_str(), 0700) != 0) return {};
    fd = open_path(parent.get(), name, O_RDONLY | O_DIRECTORY);
    if (fd && fchmod(fd.get(), 0700) != 0) fd.reset();
    return fd;
}

std::string without_slashes(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

} // namespace

Result<Folder> Folder::open(const std::string& folder) {
    const std::string path = without_slashes(folder);
    if (!path.starts_with('/'))
        return fail(ErrorCode::kFailedPrecondition, "\"" + folder + "\" is no absolute path");
    UniqueFd fd = open_or_make(path);
    if (!fd && errno == ELOOP)
        return fail(ErrorCode::kFailedPrecondition,
                    path + " is a symbolic link, or has one on its way");
    if (!fd && errno == ENOTDIR)
        return fail(ErrorCode::kFailedPrecondition, path + " is not a folder");
    struct stat info {};
    if (!fd || fstat(fd.get(), &info) != 0) return fail_errno("open " + path, errno);
    if (info.st_uid != geteuid())
        return fail(ErrorCode::kFailedPrecondition,
                    path + " belongs to uid " + std::to_string(info.st_uid) + ", not to uid " +
                        std::to_string(geteuid()) + " alone");
    if ((info.st_mode & 077) != 0)
        return fail(ErrorCode::kFailedPrecondition,
                    path + " is open to others than its owner: chmod 0700 " + path);
    return Folder(std::move(fd), path, info);
}

Result<Folder::Contents> Folder::tidy() const {
    Contents contents;
    const Result<AllNames> names = read_names(fd(), path_, contents.stranger);
    if (!names) return tl::unexpected(names.error());
    if (!names->empty()) contents.stranger.clear();
    for (const auto& [action, has] : *names) {
        if (has.part) remove_name(fd(), part_name(action));
        if (has.entry && !has.object) unlinkat(fd(), entry_name(action).c_str(), 0);
        struct stat info {};
        if (!has.object ||
            fstatat(fd(), object_name(action).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        const Result<Entry> entry = manifest(action);
        if (entry)
            contents.entries.push_back({action, entry->time, bytes_held(info), charged_to(*entry)});
        else
            contents.stray_bytes += bytes_held(info);
    }
    return contents;
}

Status Folder::put_manifest(const Entry& entry) const {
    const Result<std::string> text = write_manifest(entry);
    if (!text) return tl::unexpected(text.error());
    if (symlinkat(text->c_str(), fd(), entry_name(entry.action).c_str()) == 0) return {};
    if (errno == ENAMETOOLONG)
        return fail(ErrorCode::kResourceExhausted,
                    "its path is longer than the file system of " + path_ + " can note");
    return fail_writing("note it in " + path_, errno);
}

Result<Entry> Folder::manifest(std::uint64_t action) const {
    std::array<char, kMaxManifest + 1> text{};
    const ssize_t size = readlinkat(fd(), entry_name(action).c_str(), text.data(), text.size());
    if (size < 0) return fail_errno("read " + path_ + "/" + entry_name(action), errno);
    Result<Entry> entry = read_manifest({text.data(), static_cast<std::size_t>(size)});
    if (entry && entry->action != action)
        return fail(ErrorCode::kDataLoss,
                    path_ + "/" + entry_name(action) + " is of another action");
    return entry;
}

Result<UniqueFd> Folder::object(std::uint64_t action) const {
    UniqueFd object(openat(fd(), object_name(action).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!object) return fail_errno("open " + path_ + "/" + object_name(action), errno);
    return object;
}

Status Folder::forget(std::uint64_t action) const {
    if (remove_name(fd(), object_name(action)) != 0 && errno != ENOENT)
        return fail_errno("remove " + path_ + "/" + object_name(action), errno);
    if (unlinkat(fd(), entry_name(action).c_str(), 0) != 0 && errno != ENOENT)
        return fail_errno("remove " + path_ + "/" + entry_name(action), errno);
    return {};
}

std::string object_name(std::uint64_t action) {
    return approval_id(action);
}

std::string part_name(std::uint64_t action) {
    return approval_id(action) + std::string(kPart);
}

std::uint64_t bytes_held(const struct stat& info) {
    return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

} // namespace bailiff::undo
