// Client: one caller of the control API, blocking, a connection for each call.
#pragma once

#include <google/protobuf/message.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::ctl {

class Client {
public:
    // `timeout` is for a whole call; longer than ReadEvents waits at most (10 s).
    explicit Client(std::string socket,
                    std::chrono::milliseconds timeout = std::chrono::seconds(20));

    // Calls `method` of control.proto. The server's errors come back with its code and sentence;
    // kUnavailable where no daemon answers or after cancel(). The request's encoding is wiped.
    [[nodiscard]] Status call(std::string_view method, const google::protobuf::Message& request,
                              google::protobuf::Message& response);

    // Ends the call that waits now, and all later ones. From any thread.
    void cancel();
    // Waits; false where cancel() cut it short.
    [[nodiscard]] bool pause(std::chrono::milliseconds time);
    // Readable after cancel().
    [[nodiscard]] int cancelled_fd() const { return cancelled_.get(); }

private:
    using Deadline = std::chrono::steady_clock::time_point;

    [[nodiscard]] Status wait_for(int fd, short events, Deadline deadline);
    [[nodiscard]] Result<UniqueFd> connect();
    [[nodiscard]] Status send(int fd, std::string_view text, Deadline deadline);
    [[nodiscard]] Status receive(int fd, Deadline deadline, std::string_view method,
                                 google::protobuf::Message& response);

    std::string socket_;
    std::chrono::milliseconds timeout_;
    UniqueFd cancelled_; // eventfd
};

} // namespace bailiff::ctl
