// Stands for a bailiff-kernel that answers with any bytes. One connection at a time, served by a
// thread of its own. The first message of each connection is the greeting.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/wire.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::kernel {

// What to send back: the bytes, and descriptors with them. No bytes: close the connection.
struct Answer {
    std::string bytes;
    std::vector<int> descriptors;
};

inline std::string bytes_of(const Reply& reply) {
    return {reinterpret_cast<const char*>(&reply), sizeof(reply)};
}

inline Reply good_reply() {
    Reply reply{};
    reply.magic = kWireMagic;
    return reply;
}

class FakePeer {
public:
    // `answer` gets the number of the message in its connection, from 0.
    explicit FakePeer(std::function<Answer(int)> answer)
        : answer_(std::move(answer)),
          stop_(eventfd(0, EFD_CLOEXEC)),
          listener_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = folder_.file(kSocketName);
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ||
            listen(listener_.get(), 4))
            throw std::runtime_error("cannot listen on " + path);
        thread_ = std::thread([this] { serve(); });
    }
    FakePeer(const FakePeer&) = delete;
    FakePeer& operator=(const FakePeer&) = delete;
    ~FakePeer() {
        eventfd_write(stop_.get(), 1);
        thread_.join();
    }
    [[nodiscard]] const std::string& folder() const { return folder_.path(); }

private:
    void serve() {
        UniqueFd peer;
        for (int message = 0;;) {
            std::array<pollfd, 2> waits{
                {{stop_.get(), POLLIN, 0}, {(peer ? peer : listener_).get(), POLLIN, 0}}};
            if (poll(waits.data(), waits.size(), -1) < 0 || waits[0].revents != 0) return;
            if (!peer) {
                peer.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
                message = 0;
                continue;
            }
            Request request{};
            if (recv(peer.get(), &request, sizeof(request), 0) <= 0 ||
                !send_answer(peer.get(), answer_(message++)))
                peer.reset();
        }
    }

    static bool send_answer(int socket, Answer answer) {
        if (answer.bytes.empty()) return false;
        iovec part{answer.bytes.data(), answer.bytes.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const std::size_t size = sizeof(int) * answer.descriptors.size();
        std::vector<char> control(CMSG_SPACE(size));
        if (size != 0) {
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            cmsghdr* header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(size);
            std::memcpy(CMSG_DATA(header), answer.descriptors.data(), size);
        }
        return sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(part.iov_len);
    }

    tests::TemporaryFolder folder_;
    std::function<Answer(int)> answer_;
    UniqueFd stop_;
    UniqueFd listener_;
    std::thread thread_;
};

} // namespace bailiff::kernel
