#include "tests/unit/bailiffd/host.h"

#include <unistd.h>

#include <utility>

namespace bailiff::tests {

Host::Host() {
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
    hooks.answered = [this] { answered++; };
    service = std::make_unique<daemon::ControlService>(*manager, port, journal, approvals, refusals,
                                                       clock, std::move(hooks));
    service->set_roles(manager->tables()->policy().settings.roles);
}

Host::~Host() = default;

api::Caller Host::caller(uid_t uid, api::RoleSet roles, api::Subjection subject) {
    peer.uid = uid;
    peer.pid = getpid();
    peer.start_time = FakeKernelPort::kStartTime;
    return {peer, roles, subject};
}

} // namespace bailiff::tests
