// What the kernel would answer, computed by the kernel's own code (bailiff/verdict.h) over paths
// instead of inodes. Any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bailiff/verdict.h"
#include "policy/policy.h"

namespace bailiff::policy {

// Values of a session's variables; empty where it has none.
struct Variables {
    std::string workspace;
    std::string home;
};

struct Question {
    std::uint8_t right = BAILIFF_RIGHT_READ; // enum bailiff_right
    std::string path;                        // for exec, files and argv: what is executed
    std::vector<std::string> argv;           // for argv, argv[0] first
    Prefix address;                          // for the network, length 128
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
};

struct Answer {
    bailiff_decision decision{};
    RuleSource rule;      // the rule or default that decided; empty where no profile applies
    std::string sentence; // "deny: policy.yaml:12:9 default deny write, profile build, layer user"
};

// A template with its variables put in; none where a variable has no value.
[[nodiscard]] std::optional<std::string> expand(const std::string& path,
                                                const Variables& variables);

// Is `real`, what a path of a session's own is found to be, the path itself? What a session is
// allowed follows no symbolic link; what it is denied does.
[[nodiscard]] bool leads_to_itself(const std::string& path, const std::string& real);

// Every path rule that stands for these variables, by absolute path.
[[nodiscard]] std::map<std::string, Label> path_labels(const Image& image,
                                                       const Variables& variables);

// What is said about one address, protocol and port.
[[nodiscard]] const Label* network_label(const Image& image, const Prefix& address,
                                         std::uint8_t protocol, std::uint16_t port);

[[nodiscard]] Answer evaluate(const Policy& policy, const bailiff_mask& profiles,
                              const Variables& variables, const Question& question);

// The rule behind a decision whose label was `label` (null for a default).
[[nodiscard]] RuleSource explain(const Image& image, const Label* label,
                                 const bailiff_decision& decision, std::uint8_t right);

} // namespace bailiff::policy
