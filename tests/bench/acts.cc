// The scene and the calls that are measured in it: the same for every peer.
#include <arpa/inet.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "bench/measure.h"

namespace bailiff::bench {
namespace {

const std::string kFolder = "/tmp/ub/a/b/c";
const std::string kFile = kFolder + "/file";
const std::string kDeepFolder = kFolder + "/1/2/3/4/5/6/7/8";
const std::string kDeepFile = kDeepFolder + "/file";
const char* const kProgram = "/tmp/ub/true"; // static, and not on the host's file system

std::string tree_file(int tree) {
    return "/tmp/ub/trees/" + std::to_string(tree) + "/b/file";
}

void make_file(const std::string& path) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    const int fd = open(path.c_str(), O_CREAT | O_WRONLY, 0644);
    must(fd >= 0 && write(fd, "x", 1) == 1, path);
    close(fd);
}

// Opened with the scene, before anything confines. Somebody must listen, or each datagram is
// answered by an ICMP error, which costs more than it.
int receiver = -1;

sockaddr_in loopback(unsigned short port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int connect_to(int fd, const sockaddr_in& address, socklen_t length = sizeof(sockaddr_in)) {
    return connect(fd, reinterpret_cast<const sockaddr*>(&address), length);
}

void open_and_close(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY);
    must(fd >= 0, "open " + path);
    close(fd);
}

void create_and_unlink() {
    static const std::string path = kFolder + "/new";
    const int fd = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
    must(fd >= 0, "create");
    close(fd);
    must(unlink(path.c_str()) == 0, "unlink");
}

void spawn_and_wait() {
    char* const arguments[] = {const_cast<char*>("true"), nullptr};
    pid_t child = 0;
    int status = 1;
    must(posix_spawn(&child, kProgram, nullptr, nullptr, arguments, nullptr) == 0, "posix_spawn");
    must(waitpid(child, &status, 0) == child && status == 0, "wait for the program");
}

void add_file_acts(std::vector<Act>& list) {
    static const int file = open(kFile.c_str(), O_RDWR);
    must(file >= 0, "open the scene");
    static std::vector<std::string> trees;
    for (int tree = 0; tree < kTrees; tree++) trees.push_back(tree_file(tree));
    list.push_back({"open", 200, [] { open_and_close(kFile); }});
    list.push_back({"create", 100, create_and_unlink});
    list.push_back({"stat", 200, [] {
                        struct stat s {};
                        must(stat(kFile.c_str(), &s) == 0, "stat");
                    }});
    list.push_back({"pwrite", 500, [] { must(pwrite(file, "x", 1, 0) == 1, "pwrite"); }});
    list.push_back({"pread", 500, [] {
                        char c = 0;
                        must(pread(file, &c, 1, 0) == 1, "pread");
                    }});
    list.push_back({"open_deep", 200, [] { open_and_close(kDeepFile); }});
    list.push_back({"open_trees", 4 * kTrees, [] {
                        static unsigned next = 0;
                        open_and_close(trees[next++ % kTrees]);
                    }});
}

// Where nothing denies, the kernel itself refuses the connect that bailiff denies: an address that
// is too short passes the same hook and ends right behind it.
void add_network_acts(std::vector<Act>& list, bool with_records) {
    static const int udp = socket(AF_INET, SOCK_DGRAM, 0);
    static const int sender = socket(AF_INET, SOCK_DGRAM, 0);
    static const sockaddr_in peer = loopback(kPort);
    static const sockaddr_in audited = loopback(kAuditedPort);
    static const sockaddr_in denied = loopback(kDeniedPort);
    must(udp >= 0 && sender >= 0, "socket");
    list.push_back({"connect", 200, [] { must(connect_to(udp, peer) == 0, "connect"); }});
    list.push_back({"sendto", 200, [] {
                        must(sendto(sender, "x", 1, 0, reinterpret_cast<const sockaddr*>(&peer),
                                    sizeof(peer)) == 1,
                             "sendto");
                    }});
    list.push_back({"audited", 200, [] { must(connect_to(udp, audited) == 0, "connect"); }});
    if (with_records)
        list.push_back({"denied", 200, [] {
                            must(connect_to(udp, denied) != 0 && errno == EPERM, "denied connect");
                        }});
    else
        list.push_back({"denied", 200, [] {
                            must(connect_to(udp, denied, 1) != 0 && errno == EINVAL,
                                 "connect with an address that is too short");
                        }});
}

} // namespace

void drain_receiver() {
    char c = 0;
    while (recv(receiver, &c, 1, MSG_DONTWAIT) >= 0) {
    }
}

void make_scene() {
    receiver = socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in address = loopback(kPort);
    must(receiver >= 0 &&
             bind(receiver, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0,
         "bind the receiver");
    make_file(kFile);
    make_file(kDeepFile);
    make_file(kOutside);
    for (int tree = 0; tree < kTrees; tree++) make_file(tree_file(tree));
    std::filesystem::copy_file("/bin/busybox", kProgram,
                               std::filesystem::copy_options::overwrite_existing);
}

std::vector<Act> acts(bool with_records) {
    std::vector<Act> list;
    list.push_back({"getppid", 1000, [] { syscall(SYS_getppid); }});
    add_file_acts(list);
    add_network_acts(list, with_records);
    list.push_back({"exec", 10, spawn_and_wait});
    list.push_back({"getppid_again", 1000, [] { syscall(SYS_getppid); }});
    return list;
}

} // namespace bailiff::bench
