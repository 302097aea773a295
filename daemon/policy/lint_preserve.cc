#include "policy/lint_preserve.h"

namespace bailiff::policy {
namespace {

// Looks at what is kept first where a rule says preserve: files, before they are written to or
// removed.
class PreserveLint {
public:
    // `why` follows what is said of each problem.
    PreserveLint(LintReport& report, std::string why) : report_(report), why_(std::move(why)) {}

    void file_rule(const v1::FileRule& rule) {
        if (rule.rights_size() == 0)
            report_.add(rule,
                        "a rule that preserves needs `rights`: write, delete, truncate, or some of "
                        "them; nothing else can be preserved, hold the rest" +
                            why_);
        for (int i = 0; i < rule.rights_size(); i++)
            if (rule.rights(i) != v1::write && rule.rights(i) != v1::delete_ &&
                rule.rights(i) != v1::truncate)
                report_.add(
                    rule, v1::FileRule::kRightsFieldNumber, i,
                    cannot_be_preserved(v1::Right_Name(static_cast<v1::Right>(rule.rights(i)))));
    }

    // A rule of any other kind.
    void other_rule(const google::protobuf::Message& rule, const char* kind) {
        report_.add(rule, cannot_be_preserved(std::string("what a rule of ") + kind + " is for"));
    }

    void defaults(const v1::Defaults& given) {
        for (const auto& [field, verdict] :
             {std::pair{v1::Defaults::kExecFieldNumber, given.exec()},
              std::pair{v1::Defaults::kFilesFieldNumber, given.files()},
              std::pair{v1::Defaults::kNetworkFieldNumber, given.network()},
              std::pair{v1::Defaults::kSystemFieldNumber, given.system()}})
            if (verdict == v1::preserve)
                report_.add(given, field, 0,
                            cannot_be_preserved("some of what a default speaks for"));
    }

private:
    [[nodiscard]] std::string cannot_be_preserved(const std::string& what) const {
        return what +
               " cannot be preserved; what can: write, delete and truncate of files; hold the "
               "rest" +
               why_;
    }

    LintReport& report_;
    const std::string why_;
};

} // namespace

void lint_preserve(const v1::Profile& profile, LintReport& report) {
    PreserveLint preserves(report, "");
    preserves.defaults(profile.default_());
    const auto others = [&](const auto& rules, const char* kind) {
        for (const auto& rule : rules)
            if (rule.verdict() == v1::preserve) preserves.other_rule(rule, kind);
    };
    others(profile.exec(), "exec");
    for (const v1::FileRule& rule : profile.files())
        if (rule.verdict() == v1::preserve) preserves.file_rule(rule);
    others(profile.network(), "network");
    others(profile.system(), "system");
    others(profile.argv(), "argv");
}

void lint_preserved_class(const v1::Class& preserved, const std::string& profile,
                          LintReport& report) {
    PreserveLint preserves(
        report, "; profile " + quoted(profile) + " preserves class " + quoted(preserved.name()));
    for (const v1::FileRule& rule : preserved.exec()) preserves.other_rule(rule, "exec");
    for (const v1::FileRule& rule : preserved.files()) preserves.file_rule(rule);
    for (const v1::NetworkRule& rule : preserved.network()) preserves.other_rule(rule, "network");
    for (const v1::SystemRule& rule : preserved.system()) preserves.other_rule(rule, "system");
    for (const v1::ArgvRule& rule : preserved.argv()) preserves.other_rule(rule, "argv");
}

} // namespace bailiff::policy
