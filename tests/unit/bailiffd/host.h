// The control service over a scene: a manager with a policy in force, on a kernel side in memory.
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <string>

#include "bailiffd/service.h"
#include "tests/unit/session/scene.h"

namespace bailiff::tests {

class Host : public Scene {
public:
    Host() {
        start();
        daemon::ServiceHooks hooks;
        hooks.reload_policy = [this]() -> Result<std::uint32_t> {
            auto loaded = policy::load_text(policy_text(), "policy.yaml");
            if (!loaded) return tl::unexpected(loaded.error());
            return manager->load_policy(*loaded);
        };
        hooks.opened = [this](const session::Session& session) { opened = session.name; };
        hooks.drain_events = [this] { drained++; };
        hooks.posture = [this] { return posture; };
        service = std::make_unique<daemon::ControlService>(*manager, port, journal, clock,
                                                           std::move(hooks));
        service->set_roles(manager->tables()->policy().settings.roles);
    }

    // A caller with that uid and those roles. Its process is this one.
    [[nodiscard]] api::Caller caller(uid_t uid, api::RoleSet roles = {api::Role::kUser},
                                     api::Subjection subject = {}) {
        peer.uid = uid;
        peer.pid = getpid();
        peer.start_time = FakeKernelPort::kStartTime;
        return {peer, roles, subject};
    }
    // A session of Alice's account.
    [[nodiscard]] std::string session_of_alice() { return open(kAlice)->name; }

    boost::asio::io_context context;
    daemon::Journal journal{journal::Writer::open(folder.file("journal"), clock).value(),
                            folder.file("journal"), clock};
    daemon::Posture posture;
    std::string opened;
    int drained = 0;
    api::Peer peer;
    std::unique_ptr<daemon::ControlService> service;
};

inline constexpr uid_t kAlicesUid = 61001;
inline constexpr uid_t kBobsUid = 61002;

} // namespace bailiff::tests
