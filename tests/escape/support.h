// What acts share: descriptors, files, children, tiny programs.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/escape/vector.h"

namespace bailiff::escape {

inline constexpr char kBase[] = "/mnt/ext4/";
// A local service that the policy does not allow, and one that it does.
inline constexpr unsigned short kDeniedPort = 9090;
inline constexpr unsigned short kAllowedPort = 8080;

class Fd {
public:
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&&) = delete;
    ~Fd();
    int get() const { return fd_; }
    bool ok() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

// 0, or the errno of a call that returned less than 0.
int outcome(long result);
// The same for something of which the descriptor is not needed any more.
int outcome_of_fd(long fd);

int open_and_close(const std::string& path, int flags, unsigned mode = 0644);
int read_some(int fd); // one byte; EIO at the end of the file
int read_file(const std::string& path);
int write_text(const std::string& path, const std::string& text, int flags = 0);
int make_file(const std::string& path, const std::string& text, unsigned mode = 0666);
// Writes what the file holds already: an attempt that does no harm where it succeeds.
int rewrite(const std::string& path);
std::string text_of(const std::string& path);
std::string self_fd(int fd);

// Runs in a child and gives its result; a child killed by a signal gives ECHILD.
int in_child(const std::function<int()>& act);
// In a grandchild that init has taken over, in a session (setsid) of its own.
int in_orphan(const std::function<int()>& act);
// Executes; returns only when that failed. In a child: 0 if it exits with 0, EACCES if not.
int execute(const std::string& path, const std::vector<std::string>& arguments = {});
int status_of(const std::vector<std::string>& words,
              const std::vector<std::string>& environment = {});

// Programs of a few instructions: no loader, no library. They exit with 0 if they succeed, else 1.
enum class Program { kNothing, kIsRoot, kBecomeRoot };
std::string program(Program what);
int make_program(const std::string& path, Program what = Program::kNothing);

// The account whose vectors these are.
uid_t account_of(Who who);
int give_to_user(const std::string& path);

// The vector's victim, and what it does about a signal it got.
pid_t victim_of(const Place& place);
int expect_hit(const Place& place);
// The newest process of that comm; root looks among all accounts, others among their own. If there
// is none, a pid above every other, so that kill(2) finds nobody.
inline constexpr int kNobody = 0x3fffff;
int process_named(const char* name);
int poll_until(int milliseconds, const std::function<bool()>& condition); // 0 or ETIMEDOUT

} // namespace bailiff::escape
