// A privileged socket with a handler that only remembers, served by a thread of its own, and
// callers that send it what they like.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/server.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::kernel {

class Remembering final : public Handler {
public:
    void handle(const Request& request, Reply& reply) override;
    std::vector<int> shared_maps() override { return maps; }

    std::function<void(const Request&, Reply&)> answer;
    std::vector<Request> requests;
    std::vector<int> maps;
};

// Serves from construction until stop(); `handler` is the test's again after that.
class ServedSocket {
public:
    explicit ServedSocket(Handler& handler, uid_t daemon_uid = getuid(),
                          gid_t daemon_gid = getgid());
    ServedSocket(const ServedSocket&) = delete;
    ServedSocket& operator=(const ServedSocket&) = delete;
    ~ServedSocket();

    Status stop();
    [[nodiscard]] const std::string& folder() const { return folder_.path(); }

private:
    tests::TemporaryFolder folder_;
    UniqueFd stop_;
    Status ended_;
    std::thread thread_;
};

// A connection that sends any bytes. Waits for an answer up to a minute.
class RawCaller {
public:
    explicit RawCaller(const std::string& folder);
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] bool send(const void* bytes, std::size_t size) const;
    // Nothing once the server has closed.
    [[nodiscard]] std::optional<Reply> receive() const;
    std::optional<Reply> ask(const Request& request) const;

private:
    UniqueFd socket_;
    bool connected_ = false;
};

Request request_of(Operation operation);

} // namespace bailiff::kernel
