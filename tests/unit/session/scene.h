// A host with two users, two agents and a session manager on a kernel side in memory. Tests sign
// tokens, present them and look at what the kernel would decide.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
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
    Issuer(std::string name, std::string file)
        : name_(std::move(name)),
          file_(std::move(file)),
          key_(token::SigningKey::generate().value()) {
        json::object jwk = key_.public_jwk();
        jwk["kid"] = "1";
        jwk["alg"] = "ES256";
        put_file(file_, json::serialize(json::object{{"keys", json::array{jwk}}}));
    }
    [[nodiscard]] const std::string& file() const { return file_; }

    // Claims of a good token for that user, through agent:fixer.
    [[nodiscard]] json::object claims(const std::string& user, std::int64_t now,
                                      std::int64_t lifetime) {
        return {{"iss", name_},
                {"sub", user},
                {"aud", "bailiff://host"},
                {"client_id", "app"},
                {"iat", now},
                {"exp", now + lifetime},
                {"jti", name_ + std::to_string(++count_)},
                {"task", "T-1"},
                {"scope", "fix look"},
                {"act", json::object{{"iss", name_}, {"sub", "agent:fixer"}}}};
    }
    [[nodiscard]] std::string sign(const json::object& claims, const char* type = "at+jwt") const {
        return key_.sign({{"typ", type}, {"kid", "1"}}, json::serialize(claims)).value();
    }

private:
    std::string name_;
    std::string file_;
    token::SigningKey key_;
    int count_ = 0;
};

class Scene {
public:
    Scene() {
        for (const char* path : {"/etc", "/srv/docs", "/srv/work/one", "/srv/work/two", "/home/al"})
            port.add_folder(path);
        for (const char* path : {"/etc/passwd", "/srv/docs/plan", "/srv/work/one/code",
                                 "/srv/work/two/code", "/usr/bin/fixer"})
            port.add_file(path);
    }

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

    [[nodiscard]] std::string policy_text() const {
        return "version: 1\n"
               "audience: [\"bailiff://host\"]\n"
               "issuers:\n"
               "  - {issuer: \"" +
               std::string(kIdp) + "\", max_lifetime: 1h, jwks_file: " + idp.file() + idp_more +
               "}\n"
               "  - {issuer: \"" +
               kOtherIdp + "\", max_lifetime: 1h, jwks_file: " + other_idp.file() + "}\n" +
               "workspace_roots: [/srv/work]\n" + more +
               "host: {profiles: [ceiling]}\n"
               "users:\n" +
               users + "agents:\n" + agents + "profiles:\n" + profiles;
    }

    [[nodiscard]] std::shared_ptr<const policy::Policy> policy() const {
        auto loaded = policy::load_text(policy_text(), "policy.yaml");
        EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
        return loaded ? *loaded : nullptr;
    }

    // A manager with the policy in force; a second call is a daemon that starts again.
    session::Manager& start() {
        replay = token::ReplayCache::open(folder.file("used"), clock).value();
        manager = std::make_unique<session::Manager>(session::Surroundings{
            port, clock, *replay, [this](v1::Record record) { records.push_back(record); },
            [this]() -> Result<std::vector<session::Mount>> {
                if (mounts_fail) return fail(ErrorCode::kInternal, "mountinfo cannot be read");
                return mounts;
            },
            state_file(), folder.file("labels.json"), boot_id, nullptr, container_mounts});
        const auto loaded = manager->load_policy(policy());
        EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
        return *manager;
    }
    // As a daemon before would have left it: so many subject slots are free beside the policy's
    // agents, the others are of agents long gone.
    void leave_subjects(std::uint32_t free) {
        session::SavedState state;
        state.boot_id = boot_id;
        const std::uint32_t taken = BAILIFF_MAX_SUBJECTS - 2 - 2 - free;
        for (std::uint32_t i = 1; i <= taken; i++)
            state.agent_subjects["gone-" + std::to_string(i)] = i;
        EXPECT_TRUE(save_state(state_file(), state));
    }
    [[nodiscard]] std::string state_file() const { return folder.file("sessions.json"); }

    // `now` plus 600 s, for that user, through agent:fixer.
    [[nodiscard]] json::object claims(const std::string& user) {
        return idp.claims(user, clock.unix_seconds(), 600);
    }
    [[nodiscard]] session::Presenter presenter(uid_t uid) {
        session::Presenter presenter;
        presenter.uid = uid;
        presenter.account = "u" + std::to_string(uid);
        presenter.home = "/home/al";
        presenter.pid = next_pid++;
        presenter.start_time = FakeKernelPort::kStartTime;
        presenter.still_there = [] { return true; };
        return presenter;
    }
    [[nodiscard]] static uid_t uid_of(const std::string& user) {
        return user == kBob ? 61002 : 61001;
    }

    Result<const session::Session*> try_open(const std::string& user,
                                             const std::string& workspace = "/srv/work/one",
                                             bool wait_tree = false) {
        return open_with(idp.sign(claims(user)), uid_of(user), workspace, wait_tree);
    }
    Result<const session::Session*> open_with(const std::string& token, uid_t uid,
                                              const std::string& workspace = "/srv/work/one",
                                              bool wait_tree = false) {
        std::uint32_t enrolled = 0;
        return manager->open({token, "", workspace, "note", wait_tree}, presenter(uid), &enrolled);
    }
    // Null, and a failed test, where it is refused.
    const session::Session* open(const std::string& user,
                                 const std::string& workspace = "/srv/work/one",
                                 bool wait_tree = false) {
        const auto opened = try_open(user, workspace, wait_tree);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().message());
        return opened ? *opened : nullptr;
    }
    Result<const session::Session*> renew(const session::Session& session,
                                          const json::object& claims) {
        return manager->renew(session.name, idp.sign(claims), "", presenter(session.uid));
    }

    // "allow", "deny: rule", "deny: expired", ... for a task of that session.
    [[nodiscard]] std::string ask(const session::Session& session, std::uint8_t right,
                                  const std::string& path) {
        return ask(session.subject, session.generation, right, path);
    }
    [[nodiscard]] std::string ask(std::uint32_t subject, std::uint32_t generation,
                                  std::uint8_t right, const std::string& path) {
        const bailiff_decision decision =
            port.judge(subject, generation, right, path, clock.boot_nanos());
        if (decision.verdict == BAILIFF_VERDICT_ALLOW) return "allow";
        static const std::map<int, std::string> reasons = {
            {BAILIFF_REASON_RULE, "rule"},
            {BAILIFF_REASON_DEFAULT, "default"},
            {BAILIFF_REASON_EXPIRED, "expired"},
            {BAILIFF_REASON_ENDED, "ended"},
            {BAILIFF_REASON_REVOKED, "revoked"},
            {BAILIFF_REASON_STALE, "stale"},
            {BAILIFF_REASON_NO_PROFILE, "no profile"},
            {BAILIFF_REASON_UNKNOWN_ROOT, "unknown root"}};
        return std::string(policy::verdict_name(decision.verdict)) + ": " +
               reasons.at(decision.reason);
    }

    [[nodiscard]] std::vector<v1::Record> records_of(const std::string& kind) const {
        std::vector<v1::Record> found;
        for (const v1::Record& record : records)
            if (record.kind() == kind) found.push_back(record);
        return found;
    }
    // Message of the only record of a kind; empty, and a failed test, where there is not one.
    [[nodiscard]] std::string message_of(const std::string& kind) const {
        const auto found = records_of(kind);
        EXPECT_EQ(found.size(), 1U) << "records of kind " << kind;
        return found.size() == 1 ? found[0].message() : "";
    }

    ManualClock clock;
    TemporaryFolder folder;
    FakeKernelPort port;
    Issuer idp{kIdp, folder.file("idp.json")};
    Issuer other_idp{kOtherIdp, folder.file("other.json")};
    std::vector<session::Mount> mounts = {{FakeKernelPort::kRootDevice, "/", "/"}};
    bool mounts_fail = false;
    std::function<Result<std::vector<session::Mount>>(std::uint32_t)> container_mounts;
    std::string boot_id = "boot-1";
    std::vector<v1::Record> records;
    std::unique_ptr<token::ReplayCache> replay;
    std::unique_ptr<session::Manager> manager;
    pid_t next_pid = 500;
};

} // namespace bailiff::tests
