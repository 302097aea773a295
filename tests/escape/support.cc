#include "tests/escape/support.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace bailiff::escape {

std::string Place::outside(const std::string& file) const {
    return kBase + ("secret/" + name) + "/" + file;
}
std::string Place::allowed(const std::string& file) const {
    return kBase + ("bin/" + name) + "-" + file;
}
std::string Place::info(const std::string& file) const {
    return kBase + ("info/" + name) + "." + file;
}

Fd::~Fd() {
    if (fd_ >= 0) close(fd_);
}

int outcome(long result) {
    return result >= 0 ? 0 : errno;
}

int outcome_of_fd(long fd) {
    if (fd < 0) return errno;
    close(static_cast<int>(fd));
    return 0;
}

int open_and_close(const std::string& path, int flags, unsigned mode) {
    return outcome_of_fd(open(path.c_str(), flags | O_CLOEXEC, mode));
}

int read_some(int fd) {
    char byte = 0;
    const ssize_t got = read(fd, &byte, 1);
    if (got < 0) return errno;
    return got == 1 ? 0 : EIO;
}

int read_file(const std::string& path) {
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return fd.ok() ? read_some(fd.get()) : errno;
}

int write_text(const std::string& path, const std::string& text, int flags) {
    const Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0666));
    if (!fd.ok()) return errno;
    return outcome(write(fd.get(), text.data(), text.size()));
}

int make_file(const std::string& path, const std::string& text, unsigned mode) {
    unlink(path.c_str());
    if (const int error = write_text(path, text, O_CREAT | O_TRUNC); error != 0) return error;
    return outcome(chmod(path.c_str(), mode));
}

int rewrite(const std::string& path) {
    if (const int error = open_and_close(path, O_RDONLY); error != 0) return error;
    const std::string text = text_of(path);
    return text.empty() ? EIO : write_text(path, text);
}

std::string text_of(const std::string& path) {
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char buffer[4096];
    const ssize_t got = fd.ok() ? read(fd.get(), buffer, sizeof buffer) : -1;
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

std::string self_fd(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

int in_child(const std::function<int()>& act) {
    const pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) _exit(act());
    int status = 0;
    if (waitpid(child, &status, 0) != child) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

int in_orphan(const std::function<int()>& act) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    const pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) {
        const pid_t middle = getpid();
        if (fork() != 0) _exit(0);
        setsid();
        poll_until(5000, [&] { return getppid() != middle; });
        const int error = act();
        _exit(write(write_end.get(), &error, sizeof error) == sizeof error ? 0 : 1);
    }
    waitpid(child, nullptr, 0);
    close(write_end.release());
    int error = ECHILD;
    return read(read_end.get(), &error, sizeof error) == sizeof error ? error : ECHILD;
}

int execute(const std::string& path, const std::vector<std::string>& arguments) {
    std::vector<char*> argv{const_cast<char*>(path.c_str())};
    for (const std::string& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(path.c_str(), argv.data());
    return errno;
}

int status_of(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
    const int status = in_child([&] {
        for (const std::string& entry : environment) putenv(const_cast<char*>(entry.c_str()));
        const Fd null(open("/dev/null", O_WRONLY));
        dup2(null.get(), STDERR_FILENO);
        return execute(words[0], {words.begin() + 1, words.end()});
    });
    return status == 0 ? 0 : EACCES;
}

// ELF header, one program header, then the code, mapped readable and executable as one segment.
std::string program(Program what) {
    constexpr std::size_t kHeaders = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
    constexpr std::size_t kSize = 256;
    constexpr Elf64_Addr kAddress = 0x400000;
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG "\2\1\1", 7);
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = kAddress + kHeaders;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R | PF_X;
    segment.p_vaddr = segment.p_paddr = kAddress;
    segment.p_filesz = segment.p_memsz = kSize;
    segment.p_align = 0x1000;
    // mov eax, NUMBER; xor edi, edi; syscall; xor edi, edi; test eax, eax; setne dil;
    // mov eax, 60 (exit); syscall
    unsigned char code[] = {0xb8, 0,    0,    0,    0,    0x31, 0xff, 0x0f, 0x05, 0x31, 0xff, 0x85,
                            0xc0, 0x40, 0x0f, 0x95, 0xc7, 0xb8, 60,   0,    0,    0,    0x0f, 0x05};
    switch (what) {
        case Program::kNothing:
            code[1] = 24; // sched_yield: gives 0
            break;
        case Program::kIsRoot:
            code[1] = 107; // geteuid
            break;
        case Program::kBecomeRoot:
            code[1] = 105; // setuid(0)
            break;
    }
    std::string image(reinterpret_cast<const char*>(&header), sizeof header);
    image.append(reinterpret_cast<const char*>(&segment), sizeof segment);
    image.append(reinterpret_cast<const char*>(code), sizeof code);
    image.resize(kSize, '\0');
    return image;
}

int make_program(const std::string& path, Program what) {
    return make_file(path, program(what), 0755);
}

uid_t account_of(Who who) {
    if (who == Who::kRoot) return 0;
    const char* uid = getenv("ESCAPE_UID");
    return uid == nullptr ? 65534 : static_cast<uid_t>(std::atoi(uid));
}

int give_to_user(const std::string& path) {
    const uid_t uid = account_of(Who::kUser);
    return outcome(lchown(path.c_str(), uid, uid));
}

pid_t victim_of(const Place& place) {
    return std::atoi(text_of(place.info("victim")).c_str());
}

int expect_hit(const Place& place) {
    const std::string mark = place.info("hit");
    return poll_until(4000, [&] { return access(mark.c_str(), F_OK) == 0; }) == 0 ? 0 : EPERM;
}

int process_named(const char* name) {
    DIR* proc = opendir("/proc");
    int found = kNobody;
    if (proc == nullptr) return found;
    while (const dirent* entry = readdir(proc)) {
        const int pid = std::atoi(entry->d_name);
        const std::string folder = "/proc/" + std::string(entry->d_name);
        if (pid <= 0 || text_of(folder + "/comm") != std::string(name) + "\n") continue;
        struct stat status {};
        // Root looks for daemons of whatever account, others for processes of their own.
        if (getuid() != 0 && (stat(folder.c_str(), &status) != 0 || status.st_uid != getuid()))
            continue;
        found = pid;
    }
    closedir(proc);
    return found;
}

int poll_until(int milliseconds, const std::function<bool()>& condition) {
    for (int waited = 0; waited <= milliseconds; waited += 20) {
        if (condition()) return 0;
        usleep(20'000);
    }
    return ETIMEDOUT;
}

} // namespace bailiff::escape
