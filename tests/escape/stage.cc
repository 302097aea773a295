#include "tests/escape/stage.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

constexpr int kTimeLimit = 30'000; // milliseconds, in an emulated guest
constexpr char kHelpers[] = "/mnt/ext4/helpers";

std::string mark_of_hit; // what a victim writes when a signal reaches it

void on_signal(int) {
    const int fd = open(mark_of_hit.c_str(), O_WRONLY | O_CREAT, 0644);
    if (fd >= 0) close(fd);
}

void remember_helper(pid_t pid) {
    write_text(kHelpers, std::to_string(pid) + "\n", O_CREAT | O_APPEND);
}

void become(Who who) {
    const uid_t uid = account_of(who);
    if (uid == 0) return;
    if (setgroups(0, nullptr) != 0 || setresgid(uid, uid, uid) != 0 ||
        setresuid(uid, uid, uid) != 0)
        _exit(1);
    prctl(PR_SET_DUMPABLE, 1); // a process that was started as this account would be
}

// A process of the account that has nothing to do with any session. It survives what can be
// survived and tells of it; its parent keeps no zombie.
void start_victim(Who who, const Place& place) {
    const pid_t pid = fork();
    if (pid != 0) {
        remember_helper(pid);
        write_text(place.info("victim"), std::to_string(pid), O_CREAT | O_TRUNC);
        return;
    }
    setsid();
    const Fd null(open("/dev/null", O_RDWR));
    dup2(null.get(), STDIN_FILENO);
    dup2(null.get(), STDOUT_FILENO);
    dup2(null.get(), STDERR_FILENO);
    const int secret = open(place.secret.c_str(), O_RDWR); // stays open: number 3 or above
    if (secret >= 0) dup2(secret, 9);
    mark_of_hit = place.info("hit");
    for (const int signal_number : {SIGUSR1, SIGUSR2, SIGIO, SIGWINCH, SIGRTMIN + 2})
        signal(signal_number, on_signal);
    become(who);
    for (;;) pause();
}

int build_place(Who who, const Entry& entry) {
    namespace fs = std::filesystem;
    const Place& place = entry.place;
    std::error_code ignored;
    const std::string secrets = fs::path(place.secret).parent_path();
    fs::remove_all(secrets, ignored);
    fs::remove_all(place.work, ignored);
    fs::create_directories(secrets, ignored);
    fs::create_directories(place.work, ignored);
    unlink(place.info("hit").c_str());
    for (const std::string& file : {place.secret, place.in_work("file")}) {
        if (const int error = make_file(file, std::string(8192, 's')); error != 0) return error;
    }
    if (who == Who::kRoot) return 0;
    for (const std::string& path : {secrets, place.work, place.secret, place.in_work("file")}) {
        if (const int error = give_to_user(path); error != 0) return error;
    }
    return 0;
}

std::string variable_of(const Entry& entry) {
    return "ESCAPE_NOT_INHERITED_" + std::to_string(entry.index);
}

const char* result_of(int status, char* text, std::size_t size) {
    if (WIFSIGNALED(status)) {
        std::snprintf(text, size, "signal %d", WTERMSIG(status));
    } else {
        const int error = WEXITSTATUS(status);
        const char* name = error == 0 ? "0" : strerrorname_np(error);
        std::snprintf(text, size, "%s", name == nullptr ? "?" : name);
    }
    return text;
}

void try_one(const Entry& entry) {
    if (const char* error = std::getenv(variable_of(entry).c_str()); error != nullptr) {
        std::printf("%s\t%s\t%d\n", entry.vector->name, strerrorname_np(std::atoi(error)),
                    getpid());
        return;
    }
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) {
        std::printf("%s\t%d\t0\n", entry.vector->name, errno);
        return;
    }
    if (child == 0) {
        setpgid(0, 0);
        _exit(entry.vector->act(entry.place));
    }
    int status = 0;
    const int late = poll_until(
        kTimeLimit, [&] { return waitpid(child, &status, WNOHANG | WUNTRACED) == child; });
    char text[32] = "timeout";
    if (late == 0 && WIFSTOPPED(status)) {
        std::snprintf(text, sizeof text, "signal %d", WSTOPSIG(status));
    } else if (late == 0) {
        result_of(status, text, sizeof text);
    }
    kill(-child, SIGKILL);
    if (late != 0) kill(child, SIGKILL);
    std::printf("%s\t%s\t%d\n", entry.vector->name, text, child);
}

} // namespace

std::vector<Family> families() {
    return {{"exec", exec_vectors()},
            {"exec", exec_memory_vectors()},
            {"file", file_vectors()},
            {"file", file_descriptor_vectors()},
            {"file", file_mount_vectors()},
            {"file", file_above_vectors()},
            {"network", network_vectors()},
            {"network", network_family_vectors()},
            {"network", network_route_vectors()},
            {"process", process_vectors()},
            {"process", process_ipc_vectors()},
            {"system", system_vectors()},
            {"system", system_mount_vectors()},
            {"system", system_write_vectors()},
            {"self", self_vectors()}};
}

std::vector<Entry> entries_of(Who who, bool self) {
    std::vector<Entry> entries;
    int index = 0;
    for (const Family& family : families()) {
        for (const Vector& vector : family.vectors) {
            Entry entry{&vector, {}, index++};
            if (vector.who != who || (std::string(family.name) == "self") != self) continue;
            Place& place = entry.place;
            place.name = vector.name;
            place.secret = place.outside("file");
            place.work = std::string(kBase) + (who == Who::kUser ? "work/user/" : "work/root/") +
                         vector.name;
            place.inherited = vector.extra.inherit == nullptr ? -1 : inherited_number(entry);
            entries.push_back(entry);
        }
    }
    return entries;
}

int inherited_number(const Entry& entry) {
    return 100 + entry.index;
}

void note_not_inherited(const Entry& entry, int error) {
    setenv(variable_of(entry).c_str(), std::to_string(error).c_str(), 1);
}

int prepare(Who who, const std::vector<Entry>& entries) {
    umask(0);
    signal(SIGCHLD, SIG_IGN);
    unlink(kHelpers);
    const pid_t services = fork();
    if (services == 0) _exit(start_services());
    remember_helper(services);
    for (const Entry& entry : entries) {
        int error = build_place(who, entry);
        if (error == 0 && entry.vector->extra.victim) start_victim(who, entry.place);
        if (error == 0 && entry.vector->extra.setup != nullptr) {
            // In a child: a set-up may become the user.
            signal(SIGCHLD, SIG_DFL);
            error = in_child([&] { return entry.vector->extra.setup(entry.place); });
            signal(SIGCHLD, SIG_IGN);
        }
        if (error != 0)
            std::fprintf(stderr, "escape: set-up of %s: errno %d\n", entry.vector->name, error);
    }
    const std::string ready = std::string(kBase) + "info/services.ready";
    return poll_until(20'000, [&] { return access(ready.c_str(), F_OK) == 0; });
}

int finish(const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
        if (entry.vector->extra.cleanup != nullptr) entry.vector->extra.cleanup(entry.place);
    }
    unlink((std::string(kBase) + "info/services.ready").c_str());
    FILE* helpers = std::fopen(kHelpers, "re");
    if (helpers == nullptr) return 1;
    int pid = 0;
    while (std::fscanf(helpers, "%d", &pid) == 1) kill(pid, SIGKILL);
    std::fclose(helpers);
    return 0;
}

int try_all(const std::vector<Entry>& entries) {
    umask(0);
    for (const Entry& entry : entries) try_one(entry);
    std::fflush(stdout);
    return 0;
}

} // namespace bailiff::escape
