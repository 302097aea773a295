#include "policy/lint_effects.h"

#include "base/sha256.h"
#include "policy/address.h"
#include "policy/argv.h"
#include "policy/limits.h"
#include "policy/lint_preserve.h"

namespace bailiff::policy {
namespace {

constexpr int kSha256 = v1::FileRule::kSha256FieldNumber;

enum class Owner { kProfile, kClass };

class EffectLint {
public:
    EffectLint(LintReport& report, Owner owner) : report_(report), owner_(owner) {}

    template <typename Holder>
    void run(const Holder& holder) {
        for (const v1::FileRule& rule : holder.exec()) {
            verdict(rule);
            file_rule(rule);
            if (rule.sha256_size() > 0) contents(rule);
        }
        for (const v1::FileRule& rule : holder.files()) {
            verdict(rule, "allow, audit, preserve, hold or deny");
            file_rule(rule);
            if (rule.sha256_size() > 0)
                report_.add(rule, kSha256, -1,
                            "only exec rules have sha256: it is looked at when a file is "
                            "executed or loaded as code");
        }
        for (const v1::NetworkRule& rule : holder.network()) network_rule(rule);
        for (const v1::SystemRule& rule : holder.system()) system_rule(rule);
        for (const v1::ArgvRule& rule : holder.argv()) argv_rule(rule);
    }

private:
    // A profile's rule says what becomes of the act; of a class's the profile says it.
    template <typename Rule>
    void verdict(const Rule& rule, const char* known = "allow, audit, hold or deny") {
        if (owner_ == Owner::kProfile && rule.verdict() == v1::VERDICT_UNSPECIFIED)
            report_.add(rule, std::string("rule needs `verdict`: ") + known);
        if (owner_ == Owner::kClass && rule.verdict() != v1::VERDICT_UNSPECIFIED)
            report_.add(rule, 1, -1,
                        "a class's rule has no verdict: the profiles that name the class in "
                        "`irreversible` say it");
    }

    void argv_rule(const v1::ArgvRule& rule) {
        verdict(rule, "deny, hold or audit");
        if (rule.verdict() == v1::allow)
            report_.add(rule, 1, 0,
                        "an argv rule only takes away: expected deny, hold or audit; which "
                        "programs may run is said by exec");
        if (rule.command_size() == 0)
            report_.add(rule, "rule needs `command`: a program and what is among its arguments");
        for (int i = 0; i < rule.command_size(); i++) {
            const auto item =
                i == 0 ? parse_program(rule.command(i)) : parse_argument(rule.command(i));
            if (!item) report_.add(rule, 2, i, item.error().message());
        }
    }

    void file_rule(const v1::FileRule& rule) {
        if (rule.path_size() + rule.name_size() + rule.suffix_size() == 0)
            report_.add(rule, "rule needs `path`, `name` or `suffix`");
        for (int i = 0; i < rule.path_size(); i++) path(rule, i);
        for (int i = 0; i < rule.name_size(); i++) name(rule, i);
        for (int i = 0; i < rule.suffix_size(); i++) suffix(rule, i);
    }

    void contents(const v1::FileRule& rule) {
        if (owner_ == Owner::kClass)
            return report_.add(rule, kSha256, -1,
                               "a class's rule has no sha256: contents are listed by rules that "
                               "allow or audit");
        for (int i = 0; i < rule.sha256_size(); i++)
            if (const auto digest = parse_sha256(rule.sha256(i)); !digest || *digest == Sha256{})
                report_.add(rule, kSha256, i,
                            "expected a SHA-256 of 64 hexadecimal digits (bailiffctl policy digest "
                            "FILE prints it), found " +
                                quoted(rule.sha256(i).substr(0, 200)));
        if (rule.verdict() == v1::hold)
            report_.add(rule, kSha256, -1,
                        "a rule that holds has no sha256: contents that are known to be good need "
                        "no answer; list them in a rule that allows or audits");
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
        verdict(rule);
        if (rule.rights_size() == 0)
            report_.add(rule, "rule needs `rights`, such as [jit] or [cap_chown]");
    }

    void network_rule(const v1::NetworkRule& rule) {
        verdict(rule);
        for (int i = 0; i < rule.to_size(); i++)
            if (const auto prefix = parse_prefix(rule.to(i)); !prefix)
                report_.add(rule, 3, i, quoted(rule.to(i)) + ": " + prefix.error().message());
        const auto protocol = parse_protocol(rule.protocol());
        if (!protocol)
            report_.add(rule, 4, 0, protocol.error().message());
        else if (rule.port_size() > 0 && *protocol != 0 && *protocol != 6 && *protocol != 17)
            report_.add(rule, 5, 0, "only tcp and udp have ports");
        if (rule.first_contact()) first_contact(rule);
        for (int i = 0; i < rule.port_size(); i++)
            if (rule.port(i) < 1 || rule.port(i) > 65535)
                report_.add(rule, 5, i,
                            "expected a port of 1 to 65535, found " + std::to_string(rule.port(i)));
    }

    void first_contact(const v1::NetworkRule& rule) {
        if (owner_ == Owner::kProfile && rule.verdict() != v1::hold &&
            rule.verdict() != v1::VERDICT_UNSPECIFIED)
            report_.add(rule, v1::NetworkRule::kFirstContactFieldNumber, -1,
                        "first_contact is for rules that hold: expected verdict hold, found " +
                            v1::Verdict_Name(rule.verdict()));
        for (int i = 0; i < rule.rights_size(); i++)
            if (rule.rights(i) != v1::connect)
                report_.add(rule, 2, i,
                            "a rule with first_contact is for right connect alone, found " +
                                v1::Right_Name(static_cast<v1::Right>(rule.rights(i))));
    }

    LintReport& report_;
    const Owner owner_;
};

std::string cannot_be_held(const std::string& what) {
    return what +
           " cannot be held; what can: exec, load, argv, write, create, delete, rename, truncate, "
           "metadata, connect, bind, signal, gain";
}

// Looks at what waits where a rule says hold.
class HoldLint {
public:
    // `why` follows what is said of each problem.
    HoldLint(LintReport& report, std::string why) : report_(report), why_(std::move(why)) {}

    // Reading has no effect to wait for, and a connection to a Unix socket is asked for under a
    // lock of the kernel's.
    void file_rule(const v1::FileRule& rule) {
        if (rule.rights_size() == 0)
            report_.add(rule, cannot_be_held("some of what a rule without `rights` is for") + why_);
        for (int i = 0; i < rule.rights_size(); i++)
            if (rule.rights(i) == v1::read || rule.rights(i) == v1::connect_unix)
                add(rule, i, v1::Right_Name(static_cast<v1::Right>(rule.rights(i))));
    }

    void system_rule(const v1::SystemRule& rule) {
        for (int i = 0; i < rule.rights_size(); i++)
            if (rule.rights(i) != v1::signal && rule.rights(i) != v1::gain)
                add(rule, i, v1::SystemRight_Name(static_cast<v1::SystemRight>(rule.rights(i))));
    }

    void defaults(const v1::Defaults& given) {
        for (const auto& [field, verdict] :
             {std::pair{v1::Defaults::kFilesFieldNumber, given.files()},
              std::pair{v1::Defaults::kSystemFieldNumber, given.system()}})
            if (verdict == v1::hold)
                report_.add(given, field, 0,
                            cannot_be_held("some of what this default speaks for"));
    }

private:
    void add(const google::protobuf::Message& rule, int i, const std::string& right) {
        report_.add(rule, 2, i, cannot_be_held(right) + why_);
    }

    LintReport& report_;
    const std::string why_;
};

} // namespace

void lint_effects(const v1::Profile& profile, LintReport& report) {
    EffectLint(report, Owner::kProfile).run(profile);
    HoldLint holds(report, "");
    holds.defaults(profile.default_());
    for (const v1::FileRule& rule : profile.files())
        if (rule.verdict() == v1::hold) holds.file_rule(rule);
    for (const v1::SystemRule& rule : profile.system())
        if (rule.verdict() == v1::hold) holds.system_rule(rule);
    lint_preserve(profile, report);
}

void lint_effects(const v1::Class& of, LintReport& report) {
    EffectLint(report, Owner::kClass).run(of);
}

void lint_held_class(const v1::Class& held, const std::string& profile, LintReport& report) {
    HoldLint holds(report, "; profile " + quoted(profile) + " holds class " + quoted(held.name()));
    for (const v1::FileRule& rule : held.files()) holds.file_rule(rule);
    for (const v1::SystemRule& rule : held.system()) holds.system_rule(rule);
}

} // namespace bailiff::policy
