#include <set>

#include "base/duration.h"
#include "base/sha256.h"
#include "policy/address.h"
#include "policy/limits.h"
#include "policy/lint.h"
#include "policy/lint_report.h"
#include "policy/self_protection.h"

namespace bailiff::policy {
namespace {

constexpr std::int64_t kMinHoldSeconds = 10;
constexpr std::int64_t kMaxHoldSeconds = 24 * 3600;

constexpr int kSha256 = v1::FileRule::kSha256FieldNumber;

std::string cannot_be_held(const std::string& what) {
    return what +
           " cannot be held; what can: write, create, delete, rename, truncate, metadata, connect, "
           "bind, signal";
}

class RuleLint {
public:
    RuleLint(const Document& document, Problems& problems)
        : policy_(document.policy), report_(document, problems) {}

    void run() {
        approvals(policy_.approvals());
        std::set<std::string> seen;
        for (const v1::Profile& profile : policy_.profiles()) {
            report_.required(profile, 1, profile.name(), "how other parts name it");
            if (!seen.insert(profile.name()).second)
                report_.add(profile, 1, 0, "profile " + quoted(profile.name()) + " comes twice");
            if (profile.name() == kSelfProtection)
                report_.add(profile, 1, 0,
                            "every policy has a profile " + quoted(kSelfProtection) +
                                " already, which protects bailiff itself; choose another name");
            defaults(profile.default_());
            for (const v1::FileRule& rule : profile.exec()) {
                file_rule(rule);
                if (rule.verdict() == v1::hold)
                    report_.add(rule, 1, -1, cannot_be_held("an execution"));
                if (rule.sha256_size() > 0) contents(rule);
            }
            for (const v1::FileRule& rule : profile.files()) {
                file_rule(rule);
                holds(rule);
                if (rule.sha256_size() > 0)
                    report_.add(rule, kSha256, -1,
                                "only exec rules have sha256: it is looked at when a file is "
                                "executed or loaded as code");
            }
            for (const v1::NetworkRule& rule : profile.network()) network_rule(rule);
            for (const v1::SystemRule& rule : profile.system()) system_rule(rule);
        }
    }

private:
    void approvals(const v1::Approvals& approvals) {
        if (approvals.deadline().empty()) return;
        const auto seconds = parse_duration(approvals.deadline());
        if (!seconds)
            report_.add(approvals, 1, 0, seconds.error().message());
        else if (*seconds < kMinHoldSeconds || *seconds > kMaxHoldSeconds)
            report_.add(approvals, 1, 0,
                        "expected 10s to 1d, found " + quoted(approvals.deadline()));
    }

    void defaults(const v1::Defaults& given) {
        const std::pair<int, v1::Verdict> fields[] = {
            {1, given.exec()}, {2, given.files()}, {4, given.system()}};
        for (const auto& [field, verdict] : fields)
            if (verdict == v1::hold)
                report_.add(given, field, 0,
                            cannot_be_held("some of what this default speaks for"));
    }

    // Reading has no effect to wait for, and a connection to a Unix socket is asked for under a
    // lock of the kernel's.
    void holds(const v1::FileRule& rule) {
        if (rule.verdict() != v1::hold) return;
        if (rule.rights_size() == 0)
            report_.add(rule, 1, -1, cannot_be_held("some of what a rule without `rights` is for"));
        for (int i = 0; i < rule.rights_size(); i++)
            if (rule.rights(i) == v1::read || rule.rights(i) == v1::connect_unix)
                report_.add(rule, 2, i,
                            cannot_be_held(v1::Right_Name(static_cast<v1::Right>(rule.rights(i)))));
    }

    void file_rule(const v1::FileRule& rule) {
        if (rule.verdict() == v1::VERDICT_UNSPECIFIED)
            report_.add(rule, "rule needs `verdict`: allow, audit, hold or deny");
        if (rule.path_size() + rule.name_size() + rule.suffix_size() == 0)
            report_.add(rule, "rule needs `path`, `name` or `suffix`");
        for (int i = 0; i < rule.path_size(); i++) path(rule, i);
        for (int i = 0; i < rule.name_size(); i++) name(rule, i);
        for (int i = 0; i < rule.suffix_size(); i++) suffix(rule, i);
    }

    void contents(const v1::FileRule& rule) {
        for (int i = 0; i < rule.sha256_size(); i++)
            if (const auto digest = parse_sha256(rule.sha256(i)); !digest || *digest == Sha256{})
                report_.add(rule, kSha256, i,
                            "expected a SHA-256 of 64 hexadecimal digits (bailiffctl policy digest "
                            "FILE prints it), found " +
                                quoted(rule.sha256(i).substr(0, 200)));
        if (rule.verdict() == v1::deny)
            report_.add(rule, kSha256, -1,
                        "a deny has no sha256: a copy with one byte more would pass; deny the "
                        "path, or allow the contents that are known to be good");
        if (rule.path_size() == 0 || rule.name_size() + rule.suffix_size() > 0)
            report_.add(rule, kSha256, -1,
                        "a rule with sha256 needs `path`, and has no `name` or `suffix`: it is for "
                        "files that are hashed beforehand");
        for (int i = 0; i < rule.path_size(); i++)
            if (rule.path(i).starts_with("$"))
                report_.add(rule, 3, i,
                            "a rule with sha256 names files that are the same for every session, "
                            "found " +
                                quoted(rule.path(i)));
    }

    void name(const v1::FileRule& rule, int i) {
        const std::string& name = rule.name(i);
        if (has_pattern(name))
            report_.add(rule, 4, i,
                        "no patterns: `name` is one whole file name; for endings use `suffix`; "
                        "found " +
                            quoted(name));
        else if (name.find('/') != std::string::npos)
            report_.add(rule, 4, i,
                        "expected a file name with no / in it; for a place use `path`; found " +
                            quoted(name));
        else if (name == "." || name == "..")
            report_.add(rule, 4, i, "expected the name of a file, found " + quoted(name));
        else if (name.empty() || name.size() > kMaxNameBytes)
            report_.add(
                rule, 4, i,
                "expected a file name of 1 to 255 bytes, found " + quoted(name.substr(0, 200)));
    }

    void suffix(const v1::FileRule& rule, int i) {
        const std::string& suffix = rule.suffix(i);
        if (suffix.size() < 2 || suffix.size() > 15 || suffix.find_last_of("./") != 0 ||
            suffix[0] != '.' || has_pattern(suffix))
            report_.add(rule, 5, i,
                        "expected one dot and at most 14 more characters, such as .pem, found " +
                            quoted(suffix));
    }

    static bool has_pattern(const std::string& text) {
        return text.find_first_of("*?[") != std::string::npos;
    }

    void path(const v1::FileRule& rule, int i) {
        std::string path = rule.path(i);
        const std::size_t end = path.find('}');
        if (path.starts_with("${") && end != std::string::npos) {
            const std::string variable = path.substr(0, end + 1);
            if (variable != "${workspace}" && variable != "${home}") {
                report_.add(
                    rule, 3, i,
                    "unknown variable " + variable + "; known are ${workspace} and ${home}");
                return;
            }
            path.erase(0, end + 1);
            if (path.empty()) path = "/";
        }
        if (path.find("${") != std::string::npos)
            report_.add(rule, 3, i,
                        "a variable may only begin a path, found " + quoted(rule.path(i)));
        else if (has_pattern(path))
            report_.add(rule, 3, i,
                        "no patterns: a folder's path covers all below it; for endings use "
                        "`suffix`; found " +
                            quoted(rule.path(i)));
        else if (!is_clean_path(path))
            report_.add(rule, 3, i,
                        "expected an absolute path with no .., or one that begins with "
                        "${workspace} or ${home}, of at most 4095 bytes and 255 a name, found " +
                            quoted(rule.path(i).substr(0, 200)));
        else if (levels_of(path) > kMaxLevels)
            report_.add(rule, 3, i, too_deep(rule.path(i)));
    }

    void system_rule(const v1::SystemRule& rule) {
        if (rule.verdict() == v1::VERDICT_UNSPECIFIED)
            report_.add(rule, "rule needs `verdict`: allow, audit, hold or deny");
        if (rule.rights_size() == 0)
            report_.add(rule, "rule needs `rights`, such as [jit] or [cap_chown]");
        if (rule.verdict() != v1::hold) return;
        for (int i = 0; i < rule.rights_size(); i++)
            if (rule.rights(i) != v1::signal)
                report_.add(rule, 2, i,
                            cannot_be_held(v1::SystemRight_Name(
                                static_cast<v1::SystemRight>(rule.rights(i)))));
    }

    void network_rule(const v1::NetworkRule& rule) {
        if (rule.verdict() == v1::VERDICT_UNSPECIFIED)
            report_.add(rule, "rule needs `verdict`: allow, audit, hold or deny");
        for (int i = 0; i < rule.to_size(); i++)
            if (const auto prefix = parse_prefix(rule.to(i)); !prefix)
                report_.add(rule, 3, i, quoted(rule.to(i)) + ": " + prefix.error().message());
        const auto protocol = parse_protocol(rule.protocol());
        if (!protocol)
            report_.add(rule, 4, 0, protocol.error().message());
        else if (rule.port_size() > 0 && *protocol != 0 && *protocol != 6 && *protocol != 17)
            report_.add(rule, 5, 0, "only tcp and udp have ports");
        for (int i = 0; i < rule.port_size(); i++)
            if (rule.port(i) < 1 || rule.port(i) > 65535)
                report_.add(rule, 5, i,
                            "expected a port of 1 to 65535, found " + std::to_string(rule.port(i)));
    }

    const v1::Policy& policy_;
    LintReport report_;
};

} // namespace

void lint_rules(const Document& document, Problems& problems) {
    RuleLint(document, problems).run();
}

} // namespace bailiff::policy
