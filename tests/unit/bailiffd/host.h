// The control service over a scene: a manager with a policy in force, on a kernel side in memory.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "bailiffd/service.h"
#include "tests/unit/session/scene.h"

namespace bailiff::tests {

class Host : public Scene {
public:
    Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    ~Host();

    // A caller with that uid and those roles. Its process is this one.
    [[nodiscard]] api::Caller caller(uid_t uid, api::RoleSet roles = {api::Role::kUser},
                                     api::Subjection subject = {});
    // A session of Alice's account.
    [[nodiscard]] std::string session_of_alice() { return open(kAlice)->name; }

    boost::asio::io_context context;
    daemon::Journal journal{journal::Writer::open(folder.file("journal"), clock).value(),
                            folder.file("journal"), clock};
    daemon::Posture posture;
    decision::Approvals approvals{port, clock};
    decision::Refusals refusals;
    std::string opened;
    int drained = 0;
    int answered = 0;
    api::Peer peer;
    std::unique_ptr<daemon::ControlService> service;
};

inline constexpr uid_t kAlicesUid = 61001;
inline constexpr uid_t kBobsUid = 61002;

} // namespace bailiff::tests
