#include "tests/unit/session/scene.h"

#include <boost/json/serialize.hpp>
#include <map>
#include <utility>

namespace bailiff::tests {

Issuer::Issuer(std::string name, std::string file)
    : name_(std::move(name)), file_(std::move(file)), key_(token::SigningKey::generate().value()) {
    json::object jwk = key_.public_jwk();
    jwk["kid"] = "1";
    jwk["alg"] = "ES256";
    put_file(file_, json::serialize(json::object{{"keys", json::array{jwk}}}));
}

json::object Issuer::claims(const std::string& user, std::int64_t now, std::int64_t lifetime) {
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

std::string Issuer::sign(const json::object& claims, const char* type) const {
    return key_.sign({{"typ", type}, {"kid", "1"}}, json::serialize(claims)).value();
}

Scene::Scene() {
    for (const char* path : {"/etc", "/srv/docs", "/srv/work/one", "/srv/work/two", "/home/al"})
        port.files.add_folder(path);
    for (const char* path : {"/etc/passwd", "/srv/docs/plan", "/srv/work/one/code",
                             "/srv/work/two/code", "/usr/bin/fixer"})
        port.files.add_file(path);
}

Scene::~Scene() = default;

std::string Scene::policy_text() const {
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

std::shared_ptr<const policy::Policy> Scene::policy() const {
    auto loaded = policy::load_text(policy_text(), "policy.yaml");
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
    return loaded ? *loaded : nullptr;
}

session::Manager& Scene::start() {
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

void Scene::leave_subjects(std::uint32_t free) {
    session::SavedState state;
    state.boot_id = boot_id;
    const std::uint32_t taken = BAILIFF_MAX_SUBJECTS - 2 - 2 - free;
    for (std::uint32_t i = 1; i <= taken; i++)
        state.agent_subjects["gone-" + std::to_string(i)] = i;
    EXPECT_TRUE(save_state(state_file(), state));
}

json::object Scene::claims(const std::string& user) {
    return idp.claims(user, clock.unix_seconds(), 600);
}

session::Presenter Scene::presenter(uid_t uid) {
    session::Presenter presenter;
    presenter.uid = uid;
    presenter.account = "u" + std::to_string(uid);
    presenter.home = "/home/al";
    presenter.pid = next_pid++;
    presenter.start_time = FakeKernelPort::kStartTime;
    presenter.still_there = [] { return true; };
    return presenter;
}

uid_t Scene::uid_of(const std::string& user) {
    return user == kBob ? 61002 : 61001;
}

Result<const session::Session*> Scene::try_open(const std::string& user,
                                                const std::string& workspace, bool wait_tree) {
    return open_with(idp.sign(claims(user)), uid_of(user), workspace, wait_tree);
}

Result<const session::Session*> Scene::open_with(const std::string& token, uid_t uid,
                                                 const std::string& workspace, bool wait_tree) {
    std::uint32_t enrolled = 0;
    return manager->open({token, "", workspace, "note", wait_tree}, presenter(uid), &enrolled);
}

const session::Session* Scene::open(const std::string& user, const std::string& workspace,
                                    bool wait_tree) {
    const auto opened = try_open(user, workspace, wait_tree);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message());
    return opened ? *opened : nullptr;
}

Result<const session::Session*> Scene::renew(const session::Session& session,
                                             const json::object& claims) {
    return manager->renew(session.name, idp.sign(claims), "", presenter(session.uid));
}

std::string Scene::ask(const session::Session& session, std::uint8_t right,
                       const std::string& path) {
    return ask(session.subject, session.generation, right, path);
}

std::string Scene::ask(std::uint32_t subject, std::uint32_t generation, std::uint8_t right,
                       const std::string& path) {
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
    return std::string(policy::verdict_name(decision.verdict)) + ": " + reasons.at(decision.reason);
}

std::vector<v1::Record> Scene::records_of(const std::string& kind) const {
    std::vector<v1::Record> found;
    for (const v1::Record& record : records)
        if (record.kind() == kind) found.push_back(record);
    return found;
}

std::string Scene::message_of(const std::string& kind) const {
    const auto found = records_of(kind);
    EXPECT_EQ(found.size(), 1U) << "records of kind " << kind;
    return found.size() == 1 ? found[0].message() : "";
}

} // namespace bailiff::tests
