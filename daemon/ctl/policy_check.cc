#include "ctl/policy_check.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "base/account.h"
#include "base/hard_links.h"
#include "base/sha256.h"
#include "base/unique_fd.h"
#include "policy/account.h"
#include "policy/limits.h"

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
            if (image.rules[saying.rule].at.line != 0) // written by somebody
                warnings.add(image.rules[saying.rule].at,
                             "path " + path + " does not exist on this host");
    }
}

// What a rule with sha256 names and the kernel side would refuse, or deny from the start.
void check_contents(const policy::Image& image, Warnings& warnings) {
    for (const auto& [path, label] : image.paths) {
        if (!label.lists_contents() || is_absent(path)) continue;
        std::error_code error;
        const bool regular = fs::is_regular_file(path, error);
        const UniqueFd file(regular ? open(path.c_str(), O_RDONLY | O_CLOEXEC) : -1);
        const Result<Sha256> digest = sha256_of(file.get());
        for (const policy::Saying& saying : label.sayings()) {
            if (saying.contents.empty()) continue;
            const policy::Position& at = image.rules[saying.rule].at;
            if (!regular)
                warnings.add(at, "path " + path +
                                     " is no regular file: bailiffd refuses a rule with sha256 "
                                     "for it");
            else if (digest &&
                     !std::binary_search(saying.contents.begin(), saying.contents.end(), *digest))
                warnings.add(
                    at, "the content of " + path + " is not listed: it is sha256 " + hex(*digest));
        }
    }
}

// Bounded for each path, and all of them together.
void check_links(const policy::Image& image, Warnings& warnings) {
    constexpr std::chrono::seconds kLongest{5};
    const auto end = std::chrono::steady_clock::now() + kLongest;
    for (const std::string& path : image.denied_paths()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        const std::string found = describe(path, find_linked_files(path, {.time = left}));
        if (found.empty()) continue;
        for (const policy::Saying& saying : image.paths.at(path).sayings()) {
            if (saying.verdict != BAILIFF_VERDICT_DENY) continue;
            warnings.add(image.rules[saying.rule].at, found);
            break;
        }
    }
}

// The first entry that fits a token's actor decides.
void check_order(const std::vector<policy::AgentEntry>& agents, Warnings& warnings) {
    for (auto later = agents.begin(); later != agents.end(); ++later) {
        const auto earlier = std::find_if(agents.begin(), later, [&](const auto& agent) {
            return policy::matches(agent.actor, later->actor) &&
                   (agent.actor_issuer.empty() || agent.actor_issuer == later->actor_issuer);
        });
        if (earlier != later)
            warnings.add(later->at, "agent " + later->name + " gets no session: agent " +
                                        earlier->name + " (" + earlier->at.text() +
                                        ") comes first and takes each token with actor " +
                                        later->actor);
    }
}

void check_observe_until(const policy::ObserveUntil& until, const Clock& clock,
                         Warnings& warnings) {
    if (until.date.empty()) return;
    constexpr std::size_t kDay = 10; // of "2027-01-31"
    const std::string today = std::string(TimeText(clock.unix_nanos()).c_str()).substr(0, kDay);
    if (!until.matters)
        warnings.add(until.at,
                     "observe_until is a note about `mode: observe`, and neither the "
                     "policy nor a profile is in that mode");
    else if (until.date.substr(0, kDay) < today)
        warnings.add(until.at, "observe_until " + until.date +
                                   " is over, and the mode is still observe: the date changes "
                                   "nothing by itself");
}

void check_roles(const policy::RoleSettings& roles, Warnings& warnings) {
    for (const auto& [group, at] : roles.groups_at)
        if (group != "*" && !group_by_name(group))
            warnings.add(at, "roles: " + group + " is no local group of this host");
}

void check_match(const policy::AgentEntry& agent, Warnings& warnings) {
    for (const std::string& path : agent.executables)
        warnings.path(agent.file_at(path), "match executable", path);
    for (const std::string& path : agent.scripts)
        warnings.path(agent.file_at(path), "match script", path);
    if (!agent.cgroup.empty())
        warnings.path(agent.cgroup_at, "match cgroup", "/sys/fs/cgroup" + agent.cgroup);
    if (!agent.uid.empty() && !policy::is_account(agent.uid))
        warnings.add(agent.uid_at, "match uid " + agent.uid + " is no local account of this host");
}

void check_settings(const policy::Policy& policy, Warnings& warnings) {
    const policy::Settings& settings = policy.settings;
    for (const policy::IssuerSettings& issuer : settings.issuers)
        if (is_absent(issuer.jwks_file))
            warnings.add(issuer.at,
                         "key set " + issuer.jwks_file +
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
    for (const policy::AgentEntry& agent : settings.agents) check_match(agent, warnings);
}

} // namespace

std::string check_text(const policy::Policy& policy) {
    const auto& rules = policy.image.rules;
    const auto written = std::count_if(rules.begin(), rules.end(), [](const auto& rule) {
        return rule.at.line != 0 && !rule.text.starts_with("default ");
    });
    return "ok, " + count(policy.settings.agents.size(), "agent") + ", " +
           count(policy.image.profiles_in_use(), "profile") + " in use of " +
           std::to_string(policy::kMaxProfiles) + ", " +
           count(static_cast<std::size_t>(written), "rule");
}

std::vector<std::string> policy_warnings(const policy::Policy& policy, const Clock& clock) {
    Warnings warnings;
    check_rules(policy.image, warnings);
    check_contents(policy.image, warnings);
    check_links(policy.image, warnings);
    check_settings(policy, warnings);
    check_order(policy.settings.agents, warnings);
    check_roles(policy.settings.roles, warnings);
    check_observe_until(policy.settings.observe_until, clock, warnings);
    for (const policy::Advice& one : policy.settings.advice) warnings.add(one.at, one.text);
    return warnings.lines();
}

} // namespace bailiff::ctl
