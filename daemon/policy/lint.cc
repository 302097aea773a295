#include "policy/lint.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include "base/duration.h"
#include "policy/address.h"
#include "policy/limits.h"
#include "policy/plain_text.h"
#include "policy/spelling.h"

namespace bailiff::policy {
namespace {

constexpr const char* kCleanPath =
    "expected an absolute path with no .., of at most 4095 bytes and 255 a name, found ";

using Names = google::protobuf::RepeatedPtrField<std::string>;

class Linter {
public:
    Linter(const Document& document, Problems& problems)
        : document_(document), policy_(document.policy), problems_(problems) {}

    void run() {
        version();
        for (const v1::Profile& profile : policy_.profiles()) names_.insert(profile.name());
        if (policy_.issuers_size() > 0 && policy_.audience_size() == 0)
            add(policy_, 4, -1, "issuers need `audience`: the names of this host in a token's aud");
        issuers();
        for (int i = 0; i < policy_.workspace_roots_size(); i++)
            if (!is_clean_path(policy_.workspace_roots(i)))
                add(policy_, 6, i, kCleanPath + quoted(policy_.workspace_roots(i)));
        known(policy_.host(), 1, policy_.host().profiles());
        principals();
        narrowing();
        profiles();
    }

private:
    void add(const google::protobuf::Message& where, int field, int index,
             const std::string& message) {
        problems_.add(document_.at(where, field, index), message);
    }

    void version() {
        Position at = document_.at(policy_, 1);
        if (at.line == 0) at = {document_.file, 1, 1}; // not written at all
        if (policy_.version() != 1) problems_.add(at, "expected `version: 1`");
        if (!policy_.observe_until().empty() && !is_date(policy_.observe_until()))
            add(policy_, 13, 0,
                "expected a date such as 2027-01-31, found " + quoted(policy_.observe_until()));
    }

    static std::string quoted(const std::string& text) { return "\"" + text + "\""; }

    static bool is_clean_path(const std::string& path) {
        if (path.empty() || path[0] != '/') return false;
        if (path.size() > kMaxPathBytes) return false;
        for (std::size_t at = 0, end = 0; end != path.size(); at = end + 1) {
            end = std::min(path.find('/', at), path.size());
            if (end - at > kMaxNameBytes) return false;
        }
        return (path + "/").find("/../") == std::string::npos &&
               (path + "/").find("/./") == std::string::npos &&
               path.find("//") == std::string::npos;
    }

    void required(const google::protobuf::Message& where, int field, const std::string& value,
                  const std::string& what) {
        if (value.empty())
            problems_.add(first(where),
                          where.GetDescriptor()->name() + " needs `" +
                              where.GetDescriptor()->FindFieldByNumber(field)->name() +
                              "`: " + what);
    }

    // Where a message stands: its first field.
    Position first(const google::protobuf::Message& where) {
        Position best = document_.at(where, -1);
        for (int i = 0; i < where.GetDescriptor()->field_count(); i++) {
            const Position at = document_.at(where, where.GetDescriptor()->field(i)->number(), -1);
            if (at.line != 0 && (best.line == 0 || at.line < best.line)) best = at;
        }
        return best;
    }

    void known(const google::protobuf::Message& where, int field, const Names& profiles) {
        for (int i = 0; i < profiles.size(); i++) {
            if (names_.contains(profiles[i])) continue;
            const auto close = problems_.full()
                                   ? std::nullopt
                                   : closest(profiles[i], {names_.begin(), names_.end()});
            add(where, field, i,
                "no profile is named " + quoted(profiles[i]) +
                    (close ? " (did you mean " + quoted(*close) + "?)" : ""));
        }
    }

    void issuers() {
        static const std::set<std::string> algorithms = {"ES256", "RS256", "PS256", "EdDSA",
                                                         "Ed25519"};
        std::set<std::string> seen;
        for (const v1::Issuer& issuer : policy_.issuers()) {
            required(issuer, 1, issuer.issuer(), "the exact `iss` of its tokens");
            required(issuer, 2, issuer.jwks_file(), "the file with its keys");
            if (!issuer.jwks_file().empty() && !is_clean_path(issuer.jwks_file()))
                add(issuer, 2, 0, kCleanPath + quoted(issuer.jwks_file()));
            if (!seen.insert(issuer.issuer()).second)
                add(issuer, 1, 0, "issuer " + quoted(issuer.issuer()) + " comes twice");
            for (int i = 0; i < issuer.algorithms_size(); i++)
                if (!algorithms.contains(issuer.algorithms(i)))
                    add(issuer, 3, i,
                        "expected one of ES256, RS256, PS256, EdDSA, found " +
                            quoted(issuer.algorithms(i)));
            if (document_.at(issuer, 8).line != 0 &&
                (issuer.max_chain() < 1 || issuer.max_chain() > 8))
                add(issuer, 8, 0, "expected 1 to 8, found " + std::to_string(issuer.max_chain()));
            claims(issuer);
            if (issuer.max_lifetime().empty()) continue;
            if (const auto life = parse_duration(issuer.max_lifetime()); !life)
                add(issuer, 7, 0, life.error().message());
        }
    }

    // Tokens of these kinds are made for something else (RFC 9449, RFC 8417, and the grant that an
    // identity provider gives for another application): they must not open sessions.
    void claims(const v1::Issuer& issuer) {
        std::string type = issuer.type();
        std::transform(type.begin(), type.end(), type.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (type.starts_with("application/")) type.erase(0, 12);
        static const std::set<std::string> others = {"dpop+jwt", "secevent+jwt", "oauth-id-jag+jwt",
                                                     "logout+jwt"};
        if (others.contains(type))
            add(issuer, 4, 0,
                "expected the type of an access token, such as at+jwt, found " +
                    quoted(issuer.type()));
        if (issuer.actor_claim() == "sub")
            add(issuer, 5, 0,
                "expected the claim that names the agent, such as azp; \"sub\" is the user");
    }

    void pattern(const google::protobuf::Message& where, int field, const std::string& text) {
        if (text.find('*') + 1 < text.size() && text.find('*') != std::string::npos)
            add(where, field, 0,
                "expected * at the end only, where it stands for any ending, found " +
                    quoted(text));
    }

    void principals() {
        for (const v1::User& user : policy_.users()) {
            required(user, 1, user.subject(), "the `sub` of its tokens");
            pattern(user, 1, user.subject());
            if (user.presented_by_size() == 0)
                problems_.add(first(user),
                              "User needs `presented_by`: the local accounts that may "
                              "present its tokens, or none can");
            known(user, 5, user.profiles());
        }
        std::set<std::string> agents;
        for (const v1::Agent& agent : policy_.agents()) {
            required(agent, 1, agent.name(), "a name for messages");
            required(agent, 2, agent.actor(), "the `act.sub` of its tokens");
            pattern(agent, 2, agent.actor());
            if (!agents.insert(agent.name()).second)
                add(agent, 1, 0, "agent " + quoted(agent.name()) + " comes twice");
            known(agent, 5, agent.profiles());
            known(agent, 6, agent.unbound());
        }
    }

    void narrowing() {
        for (const v1::Task& task : policy_.tasks()) {
            required(task, 1, task.task(), "the token's task; * for any");
            pattern(task, 1, task.task());
            known(task, 2, task.profiles());
        }
        for (const v1::Scope& scope : policy_.scopes()) {
            required(scope, 1, scope.scope(), "one word of the token's scope");
            known(scope, 2, scope.profiles());
        }
    }

    void profiles() {
        std::set<std::string> seen;
        for (const v1::Profile& profile : policy_.profiles()) {
            required(profile, 1, profile.name(), "how other parts name it");
            if (!seen.insert(profile.name()).second)
                add(profile, 1, 0, "profile " + quoted(profile.name()) + " comes twice");
            for (const v1::FileRule& rule : profile.exec()) {
                for (int i = 0; i < rule.rights_size(); i++)
                    if (rule.rights(i) != v1::exec && rule.rights(i) != v1::load)
                        add(rule, 2, i, "expected a right of exec: exec, load");
                file_rule(rule);
            }
            for (const v1::FileRule& rule : profile.files()) {
                for (int i = 0; i < rule.rights_size(); i++)
                    if (rule.rights(i) >= v1::connect && rule.rights(i) != v1::connect_unix)
                        add(rule, 2, i,
                            "expected a right of files: read, write, create, delete, "
                            "rename, truncate, metadata, connect_unix");
                file_rule(rule);
            }
            for (const v1::NetworkRule& rule : profile.network()) network_rule(rule);
            for (const v1::SystemRule& rule : profile.system()) system_rule(rule);
        }
    }

    void file_rule(const v1::FileRule& rule) {
        if (rule.verdict() == v1::VERDICT_UNSPECIFIED)
            problems_.add(first(rule), "rule needs `verdict`: allow, audit or deny");
        if (rule.path_size() + rule.name_size() + rule.suffix_size() == 0)
            problems_.add(first(rule), "rule needs `path`, `name` or `suffix`");
        for (int i = 0; i < rule.path_size(); i++) path(rule, i);
        for (int i = 0; i < rule.name_size(); i++)
            if (rule.name(i).empty() || rule.name(i).size() > 255 ||
                rule.name(i).find('/') != std::string::npos)
                add(rule, 4, i, "expected a file name with no /, found " + quoted(rule.name(i)));
        for (int i = 0; i < rule.suffix_size(); i++)
            if (rule.suffix(i).size() < 2 || rule.suffix(i).size() > 15 ||
                rule.suffix(i)[0] != '.' || rule.suffix(i).find_last_of("./") != 0)
                add(rule, 5, i,
                    "expected one dot and at most 14 more characters, such as .pem, "
                    "found " +
                        quoted(rule.suffix(i)));
    }

    void path(const v1::FileRule& rule, int i) {
        std::string path = rule.path(i);
        const std::size_t end = path.find('}');
        if (path.starts_with("${") && end != std::string::npos) {
            const std::string variable = path.substr(0, end + 1);
            if (variable != "${workspace}" && variable != "${home}") {
                add(rule, 3, i,
                    "unknown variable " + variable + "; known are ${workspace} and ${home}");
                return;
            }
            path.erase(0, end + 1);
            if (path.empty()) path = "/";
        }
        if (path.find("${") != std::string::npos)
            add(rule, 3, i, "a variable may only begin a path, found " + quoted(rule.path(i)));
        else if (path.find_first_of("*?[") != std::string::npos)
            add(rule, 3, i,
                "no patterns: a folder's path covers all below it; for endings use "
                "`suffix`, for names `name`; found " +
                    quoted(rule.path(i)));
        else if (!is_clean_path(path))
            add(rule, 3, i,
                "expected an absolute path with no .., or one that begins with "
                "${workspace} or ${home}, of at most 4095 bytes and 255 a name, found " +
                    quoted(rule.path(i).substr(0, 200)));
    }

    void system_rule(const v1::SystemRule& rule) {
        if (rule.verdict() == v1::VERDICT_UNSPECIFIED)
            problems_.add(first(rule), "rule needs `verdict`: allow, audit or deny");
        if (rule.rights_size() == 0)
            problems_.add(first(rule), "rule needs `rights`, such as [jit] or [cap_chown]");
    }

    void network_rule(const v1::NetworkRule& rule) {
        if (rule.verdict() == v1::VERDICT_UNSPECIFIED)
            problems_.add(first(rule), "rule needs `verdict`: allow, audit or deny");
        for (int i = 0; i < rule.rights_size(); i++)
            if (rule.rights(i) != v1::connect && rule.rights(i) != v1::bind)
                add(rule, 2, i, "expected connect or bind");
        for (int i = 0; i < rule.to_size(); i++)
            if (const auto prefix = parse_prefix(rule.to(i)); !prefix)
                add(rule, 3, i, quoted(rule.to(i)) + ": " + prefix.error().message());
        const auto protocol = parse_protocol(rule.protocol());
        if (!protocol)
            add(rule, 4, 0, protocol.error().message());
        else if (rule.port_size() > 0 && *protocol != 0 && *protocol != 6 && *protocol != 17)
            add(rule, 5, 0, "only tcp and udp have ports");
        for (int i = 0; i < rule.port_size(); i++)
            if (rule.port(i) < 1 || rule.port(i) > 65535)
                add(rule, 5, i,
                    "expected a port of 1 to 65535, found " + std::to_string(rule.port(i)));
    }

    const Document& document_;
    const v1::Policy& policy_;
    Problems& problems_;
    std::set<std::string> names_; // of profiles
};

} // namespace

void lint(const Document& document, Problems& problems) {
    Linter(document, problems).run();
    lint_matches(document, problems);
}

} // namespace bailiff::policy
