// Programs that the policy does not allow, started in every way the kernel has.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

int program_in_work(const Place& place) {
    if (const int error = make_program(place.in_work("program")); error != 0) return error;
    return give_to_user(place.in_work("program"));
}

int copy_of_true(const Place& place) {
    std::error_code error;
    std::filesystem::copy_file("/usr/bin/true", place.in_work("program"), error);
    return error.value();
}

int allowed_program(const Place& place, Program what, unsigned mode) {
    const std::string path = place.allowed("program");
    if (const int error = make_program(path, what); error != 0) return error;
    return outcome(chmod(path.c_str(), mode));
}

Fd memory_file() {
    Fd fd(memfd_create("escape", 0));
    const std::string image = program(Program::kNothing);
    if (fd.ok() && write(fd.get(), image.data(), image.size()) < 0) return Fd(-1);
    return fd;
}

int execute_fd(int fd) {
    char* argv[] = {const_cast<char*>("program"), nullptr};
    char* envp[] = {nullptr};
    syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
    return errno;
}

int script(const std::string& path, const std::string& interpreter) {
    return make_file(path, "#!" + interpreter + "\n", 0755);
}

constexpr Vector kVectors[] = {
    {"exec_workspace_program",
     "executes a program that lies in the workspace",
     Who::kUser,
     [](const Place& place) { return execute(place.in_work("program")); },
     {.setup = program_in_work}},
    {"exec_memfd", "executes a program that is only in memory, by its descriptor", Who::kUser,
     [](const Place&) {
         const Fd fd = memory_file();
         return fd.ok() ? execute_fd(fd.get()) : errno;
     }},
    {"exec_memfd_path", "executes a program in memory by its path below /proc", Who::kUser,
     [](const Place&) {
         const Fd fd = memory_file();
         return fd.ok() ? execute(self_fd(fd.get())) : errno;
     }},
    {"exec_tmpfile", "executes a file that never had a name (O_TMPFILE)", Who::kUser,
     [](const Place& place) {
         Fd fd(open(place.work.c_str(), O_TMPFILE | O_RDWR, 0755));
         const std::string image = program(Program::kNothing);
         if (!fd.ok() || write(fd.get(), image.data(), image.size()) < 0) return errno;
         const Fd reader(open(self_fd(fd.get()).c_str(), O_RDONLY));
         if (!reader.ok()) return errno;
         close(fd.release());
         return execute_fd(reader.get());
     }},
    {"exec_deleted",
     "executes a program that was deleted after it was opened",
     Who::kUser,
     [](const Place& place) {
         const Fd fd(open(place.in_work("program").c_str(), O_RDONLY));
         if (!fd.ok() || unlink(place.in_work("program").c_str()) != 0) return errno;
         return execute_fd(fd.get());
     },
     {.setup = program_in_work}},
    {"exec_o_path",
     "executes by a descriptor that was opened with O_PATH",
     Who::kUser,
     [](const Place& place) {
         const Fd fd(open(place.in_work("program").c_str(), O_PATH));
         return fd.ok() ? execute_fd(fd.get()) : errno;
     },
     {.setup = program_in_work}},
    {"exec_inherited",
     "executes by a descriptor that was open before the session",
     Who::kUser,
     [](const Place& place) { return execute_fd(place.inherited); },
     {.setup = [](const Place& place) { return make_program(place.outside("program")); },
      .inherit =
          [](const Place& place) { return open(place.outside("program").c_str(), O_RDONLY); }}},
    {"exec_loader",
     "calls the dynamic loader with a program of the workspace",
     Who::kUser,
     [](const Place& place) {
         return status_of({"/lib64/ld-linux-x86-64.so.2", place.in_work("program")}, {});
     },
     {.setup = copy_of_true}},
    {"exec_library_path",
     "gives an allowed program a C library from the workspace",
     Who::kUser,
     [](const Place& place) {
         return status_of({"/usr/bin/true"}, {"LD_LIBRARY_PATH=" + place.work});
     },
     {.setup =
          [](const Place& place) {
              std::error_code error;
              std::filesystem::copy_file("/lib/x86_64-linux-gnu/libc.so.6",
                                         place.in_work("libc.so.6"), error);
              return error.value();
          }}},
    {"exec_script",
     "executes a script of the workspace, interpreter allowed",
     Who::kUser,
     [](const Place& place) { return execute(place.in_work("script")); },
     {.setup =
          [](const Place& place) { return script(place.in_work("script"), "/usr/bin/true"); }}},
    {"exec_script_interpreter",
     "an allowed script names a workspace program as interpreter",
     Who::kUser,
     [](const Place& place) { return execute(place.allowed("script")); },
     {.setup =
          [](const Place& place) {
              program_in_work(place);
              return script(place.allowed("script"), place.in_work("program"));
          }}},
    {"exec_script_chain",
     "an allowed script names a workspace script, which names an allowed one",
     Who::kUser,
     [](const Place& place) { return execute(place.allowed("script")); },
     {.setup =
          [](const Place& place) {
              script(place.in_work("second"), "/usr/bin/true");
              return script(place.allowed("script"), place.in_work("second"));
          }}},
    {"exec_thread_vfork",
     "a thread starts a workspace program from vfork(2)",
     Who::kUser,
     [](const Place& place) {
         int result = ECHILD;
         const std::string path = place.in_work("program");
         std::thread([&] {
             char* argv[] = {const_cast<char*>("program"), nullptr};
             const pid_t child = vfork();
             if (child == 0) {
                 execv(path.c_str(), argv);
                 _exit(errno);
             }
             int status = 0;
             if (waitpid(child, &status, 0) == child) result = WEXITSTATUS(status);
         }).join();
         return result;
     },
     {.setup = program_in_work}},
    {"exec_thread",
     "executes a workspace program from a thread that is not the first",
     Who::kUser,
     [](const Place& place) {
         int result = ECHILD;
         std::thread([&] { result = execute(place.in_work("program")); }).join();
         return result;
     },
     {.setup = program_in_work}},
    {"exec_symlink",
     "executes a workspace program over a symbolic link with an allowed name",
     Who::kUser,
     [](const Place& place) { return execute(place.allowed("link")); },
     {.setup =
          [](const Place& place) {
              unlink(place.allowed("link").c_str());
              program_in_work(place);
              return outcome(
                  symlink(place.in_work("program").c_str(), place.allowed("link").c_str()));
          }}},
    {"exec_replace_allowed",
     "moves a workspace program to an allowed path and executes it there",
     Who::kUser,
     [](const Place& place) {
         if (rename(place.in_work("program").c_str(), place.allowed("program").c_str()) != 0)
             return errno;
         return execute(place.allowed("program"));
     },
     {.setup = program_in_work}},
    {"exec_rewrite_allowed",
     "writes its own code into an allowed program and executes it",
     Who::kUser,
     [](const Place& place) {
         const std::string path = place.allowed("program");
         if (const int error = write_text(path, program(Program::kNothing)); error != 0)
             return error;
         return execute(path);
     },
     {.setup = [](const Place& place) { return allowed_program(place, Program::kNothing, 0777); }}},
    {"exec_listed",
     "executes a program that took the place of one with a listed content",
     Who::kUser,
     [](const Place& place) { return execute(place.allowed("program")); },
     {.setup = [](const Place& place) { return allowed_program(place, Program::kNothing, 0755); }}},
    {"exec_listed_loader",
     "has the dynamic loader map a program that took the place of one with a listed content",
     Who::kUser,
     [](const Place& place) {
         return status_of({"/lib64/ld-linux-x86-64.so.2", place.allowed("program")}, {});
     },
     {.setup =
          [](const Place& place) {
              std::error_code error;
              std::filesystem::copy_file("/usr/bin/true", place.allowed("program"),
                                         std::filesystem::copy_options::overwrite_existing, error);
              return error.value();
          }}},
    {"exec_set_uid",
     "becomes root by an allowed set-uid program",
     Who::kUser,
     [](const Place& place) { return execute(place.allowed("program")); },
     {.setup = [](const Place& place) { return allowed_program(place, Program::kIsRoot, 04755); }}},
    {"exec_set_uid_thread",
     "becomes root by a set-uid program that a child of a thread starts",
     Who::kUser,
     [](const Place& place) {
         int result = ECHILD;
         std::thread([&] {
             result = in_child([&] { return execute(place.allowed("program")); });
         }).join();
         return result;
     },
     {.setup = [](const Place& place) { return allowed_program(place, Program::kIsRoot, 04755); }}},
    {"exec_file_capability",
     "becomes root by an allowed program with cap_setuid on its file",
     Who::kUser,
     [](const Place& place) { return execute(place.allowed("program")); },
     {.setup =
          [](const Place& place) {
              allowed_program(place, Program::kBecomeRoot, 0755);
              vfs_cap_data data{};
              data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
              data.data[0].permitted = 1U << CAP_SETUID;
              return outcome(setxattr(place.allowed("program").c_str(), "security.capability",
                                      &data, XATTR_CAPS_SZ_2, 0));
          }}},
    {"exec_memfd_of_parent", "executes a program in the memory of its parent by /proc/PID/fd",
     Who::kUser,
     [](const Place&) {
         const Fd fd = memory_file();
         if (!fd.ok()) return errno;
         return in_child([&] {
             return execute("/proc/" + std::to_string(getppid()) + "/fd/" +
                            std::to_string(fd.get()));
         });
     }},
};

} // namespace

std::span<const Vector> exec_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
