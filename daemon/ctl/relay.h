// Relay: the files that the caller of `run` redirected the standard streams from and to, and the
// sockets of services that its output goes to, such as the journal's in a systemd unit.
//
// A session's rules bind descriptors that were open before it too, and a log that the caller chose
// is no right of the session's. So the command gets a pipe, and its supervisor, outside the
// session, copies. Terminals, pipes, other sockets and devices are handed on as they are.
#pragma once

#include <cstddef>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::ctl {

class Relay {
public:
    Relay() = default;
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay() { finish(); }

    // Makes a pipe for each standard stream that is copied. Two output streams that are the same
    // file share one, so that their order is kept. Before the fork, with one thread.
    [[nodiscard]] Status prepare();

    // In the child: the pipes become its standard streams. Sets errno where it returns false.
    [[nodiscard]] bool give_to_command() const;

    // In the parent, after the fork: the command alone holds the ends that it writes to.
    void close_command_ends();

    // Copies, on threads of its own, until finish().
    void start();

    // Copies what is in the pipes and stops. What the command did not read stays unread in the
    // caller's file too. Again: does nothing.
    void finish();

private:
    struct Stream {
        std::vector<int> standard; // of descriptors 0, 1 and 2 those that it stands for
        UniqueFd command_end;
        UniqueFd own_end;
        std::thread thread;
        std::size_t left = 0; // of an input: bytes that were read and not written
    };

    [[nodiscard]] static bool is_input(const Stream& stream) {
        return stream.standard.front() == 0;
    }

    [[nodiscard]] Status add(int standard, bool is_input);
    void copy_in(Stream& stream);
    void copy_out(Stream& stream);
    static void give_back(const Stream& stream);
    // Until `fd` is ready for `events`; false once finish() was called and it is not.
    [[nodiscard]] bool wait_for(int fd, short events) const;

    UniqueFd stop_; // eventfd
    std::vector<Stream> streams_;
};

} // namespace bailiff::ctl
