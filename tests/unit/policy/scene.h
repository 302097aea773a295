// A small policy for tests, and how to ask it.
#pragma once

#include <gtest/gtest.h>

#include "policy/eval.h"
#include "policy/policy.h"

namespace bailiff::policy::tests {

// A whole policy around some profiles: user alice has `user`, agent fixer has `agent`. What these
// need comes last, so that profiles begin in line 7.
inline std::string around(const std::string& profiles) {
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

inline std::shared_ptr<const Policy> must_load(const std::string& text) {
    auto policy = load_text(text, "p.yaml");
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message());
    return policy ? *policy : nullptr;
}

inline std::string problem(const std::string& text) {
    const auto policy = load_text(text, "p.yaml");
    return policy ? "no problem" : policy.error().message();
}

inline Facts alice() {
    Facts facts;
    facts.issuer = "https://idp";
    facts.subject = "user:alice";
    facts.actor = "agent:fixer";
    return facts;
}

// The verdict for alice's session, as a word.
inline std::string ask(const Policy& policy, std::uint8_t right, const std::string& path,
                       const Variables& variables = {}) {
    const auto granted = grant(policy, alice(), {});
    EXPECT_TRUE(granted) << (granted ? "" : granted.error().message());
    if (!granted) return "";
    Question question;
    question.right = right;
    question.path = path;
    const Answer answer = evaluate(policy, granted->profiles, variables, question);
    return verdict_name(answer.decision.verdict);
}

inline std::string ask_connect(const Policy& policy, const std::string& address, std::uint16_t port,
                               std::uint8_t protocol = 6) {
    Question question;
    question.right = BAILIFF_RIGHT_CONNECT;
    question.address = *parse_prefix(address);
    question.port = port;
    question.protocol = protocol;
    const auto granted = grant(policy, alice(), {});
    return verdict_name(evaluate(policy, granted->profiles, {}, question).decision.verdict);
}

} // namespace bailiff::policy::tests
