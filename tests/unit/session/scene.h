// A host with two users, two agents and a session manager on a kernel side in memory. Tests sign
// tokens, present them and look at what the kernel would decide.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "session/manager.h"
#include "tests/unit/support/fake_kernel_port.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/temporary_folder.h"
#include "token/signing_key.h"

namespace bailiff::tests {

namespace json = boost::json;

inline constexpr const char* kAlice = "user:alice";
inline constexpr const char* kBob = "user:bob";
inline constexpr const char* kIdp = "https://idp.example";
inline constexpr const char* kOtherIdp = "https://other.example";

// An issuer with one key, its key set in a folder.
class Issuer {
public:
    Issuer(std::string name, std::string file);
    [[nodiscard]] const std::string& file() const { return file_; }

    // Claims of a good token for that user, through agent:fixer.
    [[nodiscard]] json::object claims(const std::string& user, std::int64_t now,
                                      std::int64_t lifetime);
    [[nodiscard]] std::string sign(const json::object& claims, const char* type = "at+jwt") const;

private:
    std::string name_;
    std::string file_;
    token::SigningKey key_;
    int count_ = 0;
};

class Scene {
public:
    Scene();
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    ~Scene();

    // The parts that a test changes.
    std::string profiles =
        "  - {name: ceiling, default: {exec: allow, files: allow, network: allow},\n"
        "     files: [{verdict: deny, rights: [write], path: [/etc]}]}\n"
        "  - {name: docs, files: [{verdict: allow, rights: [read], path: [/srv/docs]}]}\n"
        "  - {name: work, files: [{verdict: allow, path: [\"${workspace}\"]}]}\n"
        "  - {name: tools, default: {exec: allow, files: allow, network: allow}}\n"
        "  - {name: quiet, files: [{verdict: allow, rights: [read], path: [/usr]}]}\n";
    std::string users =
        "  - {subject: \"user:alice\", presented_by: [\"61001\"], profiles: [docs, work]}\n"
        "  - {subject: \"user:bob\", presented_by: [\"61002\"], profiles: [work]}\n";
    std::string agents =
        "  - {name: fixer, actor: \"agent:fixer\", match: {executable: [/usr/bin/fixer]},\n"
        "     profiles: [tools], unbound: [quiet]}\n"
        "  - {name: idle, actor: \"agent:idle\", profiles: []}\n";
    std::string idp_more; // of that issuer, such as ", break_glass: true"
    std::string more;     // whole keys, such as "mode: observe\n"

    [[nodiscard]] std::string policy_text() const;
    [[nodiscard]] std::shared_ptr<const policy::Policy> policy() const;

    // A manager with the policy in force; a second call is a daemon that starts again.
    session::Manager& start();
    // As a daemon before would have left it: so many subject slots are free beside the policy's
    // agents, the others are of agents long gone.
    void leave_subjects(std::uint32_t free);
    [[nodiscard]] std::string state_file() const { return folder.file("sessions.json"); }

    // `now` plus 600 s, for that user, through agent:fixer.
    [[nodiscard]] json::object claims(const std::string& user);
    [[nodiscard]] session::Presenter presenter(uid_t uid);
    [[nodiscard]] static uid_t uid_of(const std::string& user);

    Result<const session::Session*> try_open(const std::string& user,
                                             const std::string& workspace = "/srv/work/one",
                                             bool wait_tree = false);
    Result<const session::Session*> open_with(const std::string& token, uid_t uid,
                                              const std::string& workspace = "/srv/work/one",
                                              bool wait_tree = false);
    // Null, and a failed test, where it is refused.
    const session::Session* open(const std::string& user,
                                 const std::string& workspace = "/srv/work/one",
                                 bool wait_tree = false);
    Result<const session::Session*> renew(const session::Session& session,
                                          const json::object& claims);

    // "allow", "deny: rule", "deny: expired", ... for a task of that session.
    [[nodiscard]] std::string ask(const session::Session& session, std::uint8_t right,
                                  const std::string& path);
    [[nodiscard]] std::string ask(std::uint32_t subject, std::uint32_t generation,
                                  std::uint8_t right, const std::string& path);

    [[nodiscard]] std::vector<v1::Record> records_of(const std::string& kind) const;
    // Message of the only record of a kind; empty, and a failed test, where there is not one.
    [[nodiscard]] std::string message_of(const std::string& kind) const;

    ManualClock clock;
    TemporaryFolder folder;
    FakeKernelPort port;
    Issuer idp{kIdp, folder.file("idp.json")};
    Issuer other_idp{kOtherIdp, folder.file("other.json")};
    std::vector<session::Mount> mounts = {{FakeFileSystem::kRootDevice, "/", "/"}};
    bool mounts_fail = false;
    std::function<Result<std::vector<session::Mount>>(std::uint32_t)> container_mounts;
    std::string boot_id = "boot-1";
    std::vector<v1::Record> records;
    std::unique_ptr<token::ReplayCache> replay;
    std::unique_ptr<session::Manager> manager;
    pid_t next_pid = 500;
};

} // namespace bailiff::tests
