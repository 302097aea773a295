#include "tests/kernel/acts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace bailiff::tests {
namespace {

int outcome(int result) {
    return result == 0 ? 0 : errno;
}

using SocketCall = int (*)(int, const sockaddr*, socklen_t);

int with_address(const std::string& text, unsigned short port, SocketCall call) {
    const bool v6 = text.find(':') != std::string::npos;
    const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) return errno;
    sockaddr_in6 six{};
    sockaddr_in four{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(),
                  v6 ? static_cast<void*>(&six.sin6_addr) : &four.sin_addr) != 1)
        return EINVAL;
    const int error = v6 ? outcome(call(fd, reinterpret_cast<sockaddr*>(&six), sizeof(six)))
                         : outcome(call(fd, reinterpret_cast<sockaddr*>(&four), sizeof(four)));
    close(fd);
    return error;
}

int send_one(int fd, const sockaddr* address, socklen_t size) {
    return sendto(fd, "x", 1, 0, address, size) == 1 ? 0 : -1;
}

// Zeros that a 32-bit pointer reaches.
char* low_memory() {
    return static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
}

std::uint32_t low_address(const char* low) {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(low));
}

// Returns 0 or an errno.
int call_in_32_bits(int number, std::uint32_t first, std::uint32_t second = 0) {
    int result = number;
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(first), "c"(second), "d"(0)
                 : "memory", "r8", "r9", "r10", "r11");
    return -result;
}

} // namespace

Act open_file(std::string path, int flags, unsigned mode) {
    return [=] {
        const int fd = open(path.c_str(), flags, mode);
        if (fd < 0) return errno;
        close(fd);
        return 0;
    };
}

Act write_file(std::string path) {
    return [=] {
        const int fd = open(path.c_str(), O_WRONLY);
        if (fd < 0) return errno;
        const int error = write(fd, "x", 1) == 1 ? 0 : errno;
        close(fd);
        return error;
    };
}

Act remove_file(std::string path) {
    return [=] { return outcome(unlink(path.c_str())); };
}
Act make_directory(std::string path) {
    return [=] { return outcome(mkdir(path.c_str(), 0755)); };
}
Act remove_directory(std::string path) {
    return [=] { return outcome(rmdir(path.c_str())); };
}
Act rename_file(std::string from, std::string to) {
    return [=] { return outcome(rename(from.c_str(), to.c_str())); };
}
Act link_file(std::string from, std::string to) {
    return [=] { return outcome(link(from.c_str(), to.c_str())); };
}
Act symlink_file(std::string target, std::string path) {
    return [=] { return outcome(symlink(target.c_str(), path.c_str())); };
}
Act truncate_file(std::string path) {
    return [=] { return outcome(truncate(path.c_str(), 0)); };
}
Act change_mode(std::string path, unsigned mode) {
    return [=] { return outcome(chmod(path.c_str(), mode)); };
}

Act execute(std::string path) {
    return [=] {
        execl(path.c_str(), path.c_str(), nullptr);
        return errno;
    };
}

Act execute(std::string path, std::string argument) {
    return [=] {
        execl(path.c_str(), path.c_str(), argument.c_str(), nullptr);
        return errno;
    };
}

Act execute_argv(std::string path, std::vector<std::string> argv) {
    return [=]() mutable {
        std::vector<char*> pointers;
        for (std::string& argument : argv) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        execv(path.c_str(), pointers.data());
        return errno;
    };
}

Act execute_in_32_bits(std::string path, std::string argument) {
    return [=] {
        char* low = low_memory();
        if (low == MAP_FAILED) return errno;
        const std::uint32_t argv[] = {low_address(low),
                                      argument.empty() ? 0 : low_address(low + 512), 0};
        path.copy(low, 511);
        argument.copy(low + 512, 511);
        std::memcpy(low + 1024, argv, sizeof(argv));
        return call_in_32_bits(11, low_address(low), low_address(low + 1024));
    };
}

Act remove_file_in_32_bits(std::string path) {
    return [=] {
        char* low = low_memory();
        if (low == MAP_FAILED) return errno;
        path.copy(low, 511);
        return call_in_32_bits(10, low_address(low));
    };
}

Act connect_udp(std::string address, unsigned short port) {
    return [=] { return with_address(address, port, connect); };
}
Act send_udp(std::string address, unsigned short port) {
    return [=] { return with_address(address, port, send_one); };
}
Act bind_udp(std::string address, unsigned short port) {
    return [=] { return with_address(address, port, bind); };
}

Act make_socket(int family, int type, int protocol) {
    return [=] {
        const int fd = socket(family, type, protocol);
        if (fd < 0) return errno;
        close(fd);
        return 0;
    };
}

Act in_grandchild(Act act) {
    return [=] {
        int result[2];
        if (pipe(result) != 0) return errno;
        const pid_t child = fork();
        if (child < 0) return errno;
        if (child == 0) {
            setsid();
            const pid_t grandchild = fork();
            if (grandchild == 0) {
                const int error = act();
                _exit(write(result[1], &error, sizeof(error)) == sizeof(error) ? 0 : 1);
            }
            if (grandchild < 0) {
                const int error = errno;
                _exit(write(result[1], &error, sizeof(error)) == sizeof(error) ? 0 : 1);
            }
            _exit(0);
        }
        waitpid(child, nullptr, 0);
        close(result[1]);
        int error = EIO;
        return read(result[0], &error, sizeof(error)) == sizeof(error) ? error : EIO;
    };
}

Act in_thread(Act act) {
    return [=] {
        int error = EIO;
        std::thread([&] { error = act(); }).join();
        return error;
    };
}

void make_file(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << content;
}

std::string run_beside(const std::string& command, int& status) {
    const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    FILE* const out = popen((folder.string() + "/" + command + " 2>&1").c_str(), "r");
    std::string said;
    std::array<char, 4096> part{};
    while (fgets(part.data(), part.size(), out) != nullptr) said += part.data();
    status = WEXITSTATUS(pclose(out));
    return said;
}

} // namespace bailiff::tests
