#include "ctl/policy_check.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "policy/account.h"

namespace bailiff::ctl {
namespace {

namespace fs = std::filesystem;

std::string count(std::size_t number, const std::string& noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

// False also where this account may not look.
bool is_absent(const std::string& path) {
    std::error_code error;
    return !fs::exists(path, error) && !error;
}

// Warnings in the order of the file.
class Warnings {
public:
    void add(const policy::Position& at, const std::string& message) {
        found_.emplace(at.line, at.column, at.text() + ": warning: " + message);
    }
    void path(const policy::Position& at, const std::string& what, const std::string& path) {
        if (is_absent(path)) add(at, what + " " + path + " does not exist on this host");
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> lines;
        for (const auto& [line, column, text] : found_) lines.push_back(text);
        return lines;
    }

private:
    std::set<std::tuple<unsigned, unsigned, std::string>> found_;
};

void check_rules(const policy::Image& image, Warnings& warnings) {
    for (const auto& [path, label] : image.paths) {
        if (!is_absent(path)) continue;
        for (const policy::Saying& saying : label.sayings())
            warnings.add(image.rules[saying.rule].at,
                         "path " + path + " does not exist on this host");
    }
}

void check_settings(const policy::Policy& policy, Warnings& warnings) {
    const policy::Settings& settings = policy.settings;
    for (const policy::IssuerSettings& issuer : settings.issuers)
        if (is_absent(issuer.jwks_file))
            warnings.add(issuer.at,
                         "KEY SET " + issuer.jwks_file +
                             " is missing on this host: bailiffd does not start without "
                             "it; for a first try, bailiffctl dev issuer init makes one");
    for (const std::string& root : settings.workspace_roots)
        warnings.path({policy.file}, "workspace root", root);
    for (const policy::UserEntry& user : settings.users)
        for (const std::string& account : user.presented_by)
            if (!policy::is_account(account))
                warnings.add(user.at, "presented_by " + account +
                                          " is no local account of this host: nobody can present "
                                          "a token as it");
    for (const policy::AgentEntry& agent : settings.agents) {
        for (const std::string& path : agent.executables)
            warnings.path(agent.at, "match executable", path);
        for (const std::string& path : agent.scripts) warnings.path(agent.at, "match script", path);
        if (!agent.cgroup.empty())
            warnings.path(agent.at, "match cgroup", "/sys/fs/cgroup" + agent.cgroup);
        if (!agent.uid.empty() && !policy::is_account(agent.uid))
            warnings.add(agent.at, "match uid " + agent.uid + " is no local account of this host");
    }
}

} // namespace

std::string check_text(const policy::Policy& policy) {
    const auto& rules = policy.image.rules;
    const auto written = std::count_if(rules.begin(), rules.end(), [](const auto& rule) {
        return !rule.text.starts_with("default ");
    });
    return "ok, " + count(policy.settings.agents.size(), "agent") + ", " +
           count(policy.image.bits.size(), "profile") + " in use of " +
           std::to_string(BAILIFF_MAX_PROFILES) + ", " +
           count(static_cast<std::size_t>(written), "rule");
}

std::vector<std::string> policy_warnings(const policy::Policy& policy) {
    Warnings warnings;
    check_rules(policy.image, warnings);
    check_settings(policy, warnings);
    return warnings.lines();
}

} // namespace bailiff::ctl
