#include "tests/unit/policy/scene.h"

#include <gtest/gtest.h>

namespace bailiff::policy::tests {

std::string around(const std::string& profiles) {
    return "version: 1\n"
           "users:\n"
           "  - {subject: \"user:alice\", presented_by: [alice], profiles: [user]}\n"
           "agents:\n"
           "  - {name: fixer, actor: \"agent:fixer\", profiles: [agent]}\n"
           "profiles:\n" +
           profiles +
           "audience: [\"bailiff://host\"]\n"
           "issuers: [{issuer: \"https://idp\", jwks_file: /idp.json}]\n";
}

std::shared_ptr<const Policy> must_load(const std::string& text) {
    auto policy = load_text(text, "p.yaml");
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message());
    return policy ? *policy : nullptr;
}

std::string problem(const std::string& text) {
    const auto policy = load_text(text, "p.yaml");
    return policy ? "no problem" : policy.error().message();
}

Facts alice() {
    Facts facts;
    facts.issuer = "https://idp";
    facts.subject = "user:alice";
    facts.actor = "agent:fixer";
    return facts;
}

std::string ask(const Policy& policy, std::uint8_t right, const std::string& path,
                const Variables& variables) {
    const auto granted = grant(policy, alice(), {});
    EXPECT_TRUE(granted) << (granted ? "" : granted.error().message());
    if (!granted) return "";
    Question question;
    question.right = right;
    question.path = path;
    const Answer answer = evaluate(policy, granted->profiles, variables, question);
    return verdict_name(answer.decision.verdict);
}

std::string ask_connect(const Policy& policy, const std::string& address, std::uint16_t port,
                        std::uint8_t protocol) {
    Question question;
    question.right = BAILIFF_RIGHT_CONNECT;
    question.address = *parse_prefix(address);
    question.port = port;
    question.protocol = protocol;
    const auto granted = grant(policy, alice(), {});
    return verdict_name(evaluate(policy, granted->profiles, {}, question).decision.verdict);
}

} // namespace bailiff::policy::tests
