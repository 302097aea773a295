// What `bailiffctl policy eval` asks and answers: facts of a token that nobody signed, put to a
// policy. No daemon, no kernel; paths are resolved on this host, host names are not. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/eval.h"
#include "policy/policy.h"

namespace bailiff::ctl {

struct EvalQuestion {
    std::string text; // "write /etc/passwd", "connect [::1]:443/tcp"
    policy::Question question;
};

// `right` as in policy::right_name. `object` is a path (made absolute), or for connect and bind
// ADDR:PORT[/tcp|udp], IPv6 in brackets, tcp where nothing is said. kInvalidArgument.
[[nodiscard]] Result<EvalQuestion> parse_question(std::string_view right,
                                                  const std::string& object);

// A program as a shell would start it: one without a slash is looked for in $PATH. kInvalidArgument
// where there is none.
[[nodiscard]] Result<EvalQuestion> command_question(const std::vector<std::string>& argv);

struct EvalRequest {
    bool unbound = false; // no session: only `agent` counts
    std::string user;
    std::string agent;  // an actor, or the name of an entry in `agents`
    std::string issuer; // empty: of the user's entry, else the policy's first
    std::string task;
    std::vector<std::string> scopes; // each may hold several words
    std::vector<std::string> groups;
    std::string workspace;
    std::string home;    // empty: of `account`
    std::string account; // name or uid of who presents the token; empty: not checked
};

struct EvalGrant {
    std::string agent;                 // name of its entry
    std::string agent_at;              // where that stands
    std::vector<std::string> profiles; // layer:profile
    bailiff_mask mask{};
    policy::Variables variables;
};

// kPermissionDenied where the policy gives no session, kNotFound for an agent or an account that is
// not there.
[[nodiscard]] Result<EvalGrant> grant_for(const policy::Policy& policy, const EvalRequest& request);

struct EvalAnswer {
    EvalQuestion asked;
    policy::Answer answer;
    bool allowed = false; // allow or audit
};

[[nodiscard]] std::vector<EvalAnswer> answer_all(const policy::Policy& policy,
                                                 const EvalGrant& grant,
                                                 const std::vector<EvalQuestion>& questions);

// One line a question; with `verbose` the grant above them.
[[nodiscard]] std::string answers_text(const EvalGrant& grant,
                                       const std::vector<EvalAnswer>& answers, bool verbose);
// {"granted":true,"agent":...,"profiles":[...],"answers":[{"right","object","verdict","allowed",
// "sentence"}]}
[[nodiscard]] std::string answers_json(const EvalGrant& grant,
                                       const std::vector<EvalAnswer>& answers);
// {"granted":false,"why":...}
[[nodiscard]] std::string refusal_json(const Error& why);

} // namespace bailiff::ctl
