// What no policy can give away.
#include <gmock/gmock.h>

#include "policy/eval.h"
#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;

// An agent that may do everything, as far as the policy goes.
constexpr const char* kCareless =
    "version: 1\n"
    "audience: [host]\n"
    "issuers: [{issuer: \"https://i\", jwks_file: /srv/keys/i.json, algorithms: [ES256]}]\n"
    "users: [{subject: u, presented_by: [root], profiles: [all]}]\n"
    "agents: [{name: a, actor: a, profiles: [all], unbound: [all]}]\n"
    "undo: {stores: [/srv/undo]}\n"
    "profiles:\n"
    "  - name: all\n"
    "    default: {exec: allow, files: allow, network: allow, system: allow}\n"
    "    files:\n"
    "      - {verdict: allow, path: [/etc/bailiff/policy.yaml, /var/lib/bailiff, /srv/keys]}\n"
    "      - {verdict: allow, name: [policy.yaml, i.json]}\n";

std::string answer(std::uint8_t right, const std::string& path, bool with_session) {
    const auto policy = must_load(kCareless);
    Facts facts;
    facts.issuer = "https://i";
    facts.subject = "u";
    facts.actor = "a";
    const auto granted = grant(*policy, facts, {"root"});
    EXPECT_TRUE(granted) << (granted ? "" : granted.error().message());
    const bailiff_mask profiles = with_session ? granted->profiles : unbound_profiles(*policy, 0);
    Question question;
    question.right = right;
    question.path = path;
    return evaluate(*policy, profiles, {}, question).sentence;
}

TEST(SelfProtection, NoRuleOpensWhatIsBailiffsOwn) {
    for (const bool with_session : {true, false}) {
        for (const char* path : {"/etc/bailiff", "/etc/bailiff/policy.yaml", "/etc/bailiff/new",
                                 "/var/lib/bailiff/journal/journal.jsonl", "/srv/keys/i.json",
                                 "/var/lib/bailiff-kernel/undo/x", "/srv/undo/x", "/srv/undo",
                                 "/sys/fs/bpf/bailiff/maps/tasks", "/run/bailiff/control.sock"}) {
            for (const std::uint8_t right : {BAILIFF_RIGHT_READ, BAILIFF_RIGHT_WRITE,
                                             BAILIFF_RIGHT_DELETE, BAILIFF_RIGHT_RENAME}) {
                EXPECT_THAT(answer(right, path, with_session), HasSubstr("deny: p.yaml deny files"))
                    << path;
            }
        }
    }
}

TEST(SelfProtection, NothingElseIsTakenAway) {
    EXPECT_THAT(answer(BAILIFF_RIGHT_WRITE, "/etc/passwd", true), HasSubstr("allow: "));
    EXPECT_THAT(answer(BAILIFF_RIGHT_WRITE, "/srv/keys/other", true), HasSubstr("allow: "));
    EXPECT_THAT(answer(BAILIFF_RIGHT_WRITE, "/run/bailiffs", true), HasSubstr("allow: "));
}

TEST(SelfProtection, TheControlSocketIsForThePolicyToGive) {
    EXPECT_THAT(answer(BAILIFF_RIGHT_CONNECT_UNIX, "/run/bailiff/control.sock", true),
                HasSubstr("allow: "));
    EXPECT_THAT(answer(BAILIFF_RIGHT_CONNECT_UNIX, "/run/bailiff-kernel/kernel.sock", true),
                HasSubstr("deny: "));
}

TEST(SelfProtection, ItsNameIsTaken) {
    EXPECT_THAT(problem("version: 1\nprofiles: [{name: bailiff}]\n"),
                HasSubstr("p.yaml:2:19: every policy has a profile \"bailiff\" already"));
}

} // namespace
} // namespace bailiff::policy::tests
