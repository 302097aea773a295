#include "ctl/policy_eval.h"

#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

#include "base/account.h"
#include "journal/describe.h"
#include "policy/account.h"

namespace bailiff::ctl {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using journal::escape;

constexpr const char* kAddressForm =
    "expected ADDRESS:PORT[/tcp|udp], such as 10.0.0.1:443 or [::1]:53/udp";

// An absolute path without "." and ".." and with no slash at its end.
std::string absolute(const std::string& path) {
    std::error_code error;
    const fs::path made = fs::absolute(path, error).lexically_normal();
    if (error) return path;
    return made.has_filename() ? made.string() : made.parent_path().string();
}

Result<std::uint8_t> protocol_of(std::string_view text) {
    if (text == "tcp") return IPPROTO_TCP;
    if (text == "udp") return IPPROTO_UDP;
    return fail(ErrorCode::kInvalidArgument, kAddressForm);
}

Status parse_address(const std::string& object, policy::Question& question) {
    const std::size_t slash = object.find('/');
    const std::string place = object.substr(0, slash);
    const Result<std::uint8_t> protocol =
        protocol_of(slash == std::string::npos ? "tcp" : object.substr(slash + 1));
    if (!protocol) return tl::unexpected(protocol.error());
    const std::size_t colon = place.rfind(':');
    if (colon == std::string::npos) return fail(ErrorCode::kInvalidArgument, kAddressForm);
    std::string address = place.substr(0, colon);
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    if (bracketed) address = address.substr(1, address.size() - 2);
    const char* const end = place.data() + place.size();
    const auto [stop, error] =
        std::from_chars(place.data() + colon + 1, end, question.port); // no more than 65535
    if (error != std::errc() || stop != end) return fail(ErrorCode::kInvalidArgument, kAddressForm);
    const Result<policy::Prefix> prefix = policy::parse_prefix(address);
    if (!prefix || bracketed != (address.find(':') != std::string::npos))
        return fail(ErrorCode::kInvalidArgument,
                    std::string(kAddressForm) + "; host names are not resolved");
    question.address = *prefix;
    question.protocol = *protocol;
    return {};
}

std::vector<std::string> words(const std::vector<std::string>& texts) {
    std::vector<std::string> words;
    for (const std::string& text : texts) {
        std::istringstream stream(text);
        for (std::string word; stream >> word;) words.push_back(word);
    }
    return words;
}

// The entry that `agent` names: as an actor, else by name.
Result<std::size_t> find_agent(const policy::Policy& policy, const std::string& agent) {
    const auto& agents = policy.settings.agents;
    auto found = std::find_if(agents.begin(), agents.end(), [&](const auto& entry) {
        return policy::matches(entry.actor, agent);
    });
    if (found == agents.end())
        found = std::find_if(agents.begin(), agents.end(),
                             [&](const auto& entry) { return entry.name == agent; });
    if (found == agents.end())
        return fail(ErrorCode::kNotFound,
                    policy.file + ": no `agents` entry has the actor or the name " + agent);
    return static_cast<std::size_t>(found - agents.begin());
}

bool speaks_for(const policy::UserEntry& entry, const EvalRequest& request) {
    const auto held = [&](const std::string& group) {
        return std::find(request.groups.begin(), request.groups.end(), group) !=
               request.groups.end();
    };
    return policy::matches(entry.subject, request.user) &&
           (entry.groups.empty() || std::any_of(entry.groups.begin(), entry.groups.end(), held));
}

std::string issuer_of(const policy::Policy& policy, const EvalRequest& request) {
    if (!request.issuer.empty()) return request.issuer;
    for (const policy::UserEntry& entry : policy.settings.users)
        if (!entry.issuer.empty() && speaks_for(entry, request)) return entry.issuer;
    const auto& issuers = policy.settings.issuers;
    return issuers.empty() ? "" : issuers.front().issuer;
}

struct Presenter {
    std::vector<std::string> names; // its name and its uid, as far as this host knows them
    std::string home;
};

Presenter presenter_of(const std::string& text) {
    if (text.empty()) return {};
    std::optional<Account> account;
    if (const std::optional<uid_t> uid = policy::uid_of(text)) account = account_by_uid(*uid);
    if (!account) return {{text}, ""}; // of another host: the policy may still name it
    return {{account->name, std::to_string(account->uid)}, account->home};
}

Result<std::string> workspace_of(const policy::Policy& policy, const std::string& wanted) {
    if (wanted.empty()) return std::string();
    std::error_code error;
    const auto real = [&](const std::string& path) {
        return fs::weakly_canonical(absolute(path), error).string();
    };
    const std::string folder = real(wanted);
    for (const std::string& root : policy.settings.workspace_roots) {
        const std::string above = real(root);
        if (folder != above && folder.starts_with(above == "/" ? above : above + "/"))
            return folder;
    }
    return fail(ErrorCode::kPermissionDenied,
                policy.file + ": workspace " + folder + " is not below one of its workspace_roots");
}

Result<EvalGrant> unbound_grant(const policy::Policy& policy, std::size_t agent) {
    const policy::AgentEntry& entry = policy.settings.agents[agent];
    EvalGrant granted;
    granted.agent = entry.name;
    granted.agent_at = entry.at.text();
    granted.mask = policy::unbound_profiles(policy, agent);
    const bailiff_mask given = policy.image.given(granted.mask);
    for (std::size_t bit = 0; bit < policy.image.bits.size(); bit++)
        if (policy::has_bit(given, bit)) granted.profiles.push_back(policy.image.bits[bit].name());
    return granted;
}

// What execvp(3) would find; the name in this folder where that is nothing.
std::string program_path(const std::string& program) {
    if (program.find('/') == std::string::npos) {
        const char* path = std::getenv("PATH");
        std::istringstream folders(path == nullptr ? "" : path);
        for (std::string folder; std::getline(folders, folder, ':');) {
            std::string found = absolute((fs::path(folder) / program).string());
            std::error_code error;
            if (fs::is_regular_file(found, error) && access(found.c_str(), X_OK) == 0) return found;
        }
    }
    return absolute(program);
}

std::string join(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + escape(word);
    return text;
}

} // namespace

Result<EvalQuestion> parse_question(std::string_view right, const std::string& object) {
    EvalQuestion asked;
    const bool system = right == "system";
    const std::optional<std::uint8_t> number =
        policy::right_by_name(system ? std::string_view(object) : right);
    if (system && (!number || *number < BAILIFF_RIGHTS))
        return fail(ErrorCode::kInvalidArgument,
                    "expected a right over the system, such as signal, jit or cap_net_admin");
    if (!number || *number == BAILIFF_RIGHT_ARGV || (!system && *number >= BAILIFF_RIGHTS))
        return fail(ErrorCode::kInvalidArgument,
                    std::string(right) + " is no right that can be asked for");
    asked.question.right = *number;
    asked.text = std::string(right) + " ";
    if (*number >= BAILIFF_RIGHTS) {
        asked.text = "system " + object;
        return asked;
    }
    if (*number < BAILIFF_RIGHT_CONNECT) {
        if (object.empty()) return fail(ErrorCode::kInvalidArgument, "expected a path");
        asked.question.path = absolute(object);
        asked.text += asked.question.path;
        return asked;
    }
    if (Status parsed = parse_address(object, asked.question); !parsed)
        return tl::unexpected(parsed.error());
    asked.text += object;
    if (object.find('/') == std::string::npos) asked.text += "/tcp";
    return asked;
}

Result<EvalQuestion> command_question(const std::vector<std::string>& argv) {
    if (argv.empty() || argv.front().empty())
        return fail(ErrorCode::kInvalidArgument, "expected a program and its arguments behind --");
    EvalQuestion asked;
    asked.question.right = BAILIFF_RIGHT_ARGV;
    asked.question.path = program_path(argv.front());
    asked.question.argv = argv;
    asked.text = policy::right_name(BAILIFF_RIGHT_ARGV);
    for (const std::string& argument : argv) asked.text += " " + argument;
    return asked;
}

Result<EvalGrant> grant_for(const policy::Policy& policy, const EvalRequest& request) {
    const Result<std::size_t> agent = find_agent(policy, request.agent);
    if (!agent) return tl::unexpected(agent.error());
    if (request.unbound) return unbound_grant(policy, *agent);
    const policy::AgentEntry& entry = policy.settings.agents[*agent];
    const Presenter presenter = presenter_of(request.account);

    policy::Facts facts;
    facts.issuer = issuer_of(policy, request);
    facts.subject = request.user;
    facts.groups = request.groups;
    facts.actor_issuer = entry.actor_issuer;
    facts.actor = policy::matches(entry.actor, request.agent) ? request.agent : entry.actor;
    facts.task = request.task;
    facts.scopes = words(request.scopes);
    const Result<policy::Grant> given = policy::grant(policy, facts, presenter.names);
    if (!given) return tl::unexpected(given.error());
    const Result<std::string> workspace = workspace_of(policy, request.workspace);
    if (!workspace) return tl::unexpected(workspace.error());

    const policy::AgentEntry& acts = policy.settings.agents[given->agent];
    EvalGrant granted;
    granted.agent = acts.name;
    granted.agent_at = acts.at.text();
    granted.profiles = given->names;
    granted.mask = given->profiles;
    const std::string home = request.home.empty() ? presenter.home : absolute(request.home);
    // As bailiffd has it: the folder itself where a home is a symbolic link.
    std::error_code error;
    const fs::path real_home = fs::weakly_canonical(home, error);
    granted.variables = {*workspace, error || home.empty() ? home : real_home.string()};
    return granted;
}

std::vector<EvalAnswer> answer_all(const policy::Policy& policy, const EvalGrant& grant,
                                   const std::vector<EvalQuestion>& questions) {
    std::vector<EvalAnswer> answers;
    for (const EvalQuestion& asked : questions) {
        EvalAnswer answer{asked,
                          policy::evaluate(policy, grant.mask, grant.variables, asked.question)};
        const std::uint8_t verdict = answer.answer.decision.verdict;
        answer.allowed = verdict <= BAILIFF_VERDICT_PRESERVE;
        answers.push_back(std::move(answer));
    }
    return answers;
}

std::string answers_text(const EvalGrant& grant, const std::vector<EvalAnswer>& answers,
                         bool verbose) {
    std::string text;
    if (verbose) {
        text = "agent " + escape(grant.agent) + " (" + escape(grant.agent_at) + ")\nprofiles " +
               (grant.profiles.empty() ? "none" : join(grant.profiles)) + "\n";
        if (!grant.variables.workspace.empty())
            text += "workspace " + escape(grant.variables.workspace) + "\n";
        if (!grant.variables.home.empty()) text += "home " + escape(grant.variables.home) + "\n";
    }
    for (const EvalAnswer& answer : answers)
        text += escape(answer.asked.text) + ": " + escape(answer.answer.sentence) + "\n";
    return text;
}

std::string answers_json(const EvalGrant& grant, const std::vector<EvalAnswer>& answers) {
    json::array profiles;
    for (const std::string& profile : grant.profiles) profiles.emplace_back(escape(profile));
    json::array list;
    for (const EvalAnswer& answer : answers) {
        const std::string& text = answer.asked.text;
        const std::size_t blank = text.find(' ');
        list.push_back(
            json::object{{"right", text.substr(0, blank)},
                         {"object", escape(text.substr(blank + 1))},
                         {"verdict", policy::verdict_name(answer.answer.decision.verdict)},
                         {"allowed", answer.allowed},
                         {"sentence", escape(answer.answer.sentence)}});
    }
    return json::serialize(json::object{{"granted", true},
                                        {"agent", escape(grant.agent)},
                                        {"profiles", std::move(profiles)},
                                        {"answers", std::move(list)}});
}

std::string refusal_json(const Error& why) {
    return json::serialize(json::object{{"granted", false}, {"why", escape(why.message())}});
}

} // namespace bailiff::ctl
