#include "policy/lint.h"

#include "policy/limits.h"
#include "policy/lint_report.h"
#include "policy/plain_text.h"

namespace bailiff::policy {
namespace {

void lint_top(const Document& document, Problems& problems) {
    const v1::Policy& policy = document.policy;
    LintReport report(document, problems);
    Position at = document.at(policy, 1);
    if (at.line == 0) at = {document.file, 1, 1}; // not written at all
    if (policy.version() != 1) problems.add(at, "expected `version: 1`");
    if (!policy.observe_until().empty() && !is_date(policy.observe_until()))
        report.add(policy, 13, 0,
                   "expected a date such as 2027-01-31, found " + quoted(policy.observe_until()));
    if (policy.issuers_size() > 0 && policy.audience_size() == 0)
        report.add(policy, 4, -1,
                   "issuers need `audience`: the names of this host in a token's aud");
    for (int i = 0; i < policy.workspace_roots_size(); i++) {
        const std::string& root = policy.workspace_roots(i);
        if (!is_clean_path(root))
            report.add(policy, 6, i, kCleanPath + quoted(root));
        else if (levels_of(root) > kMaxLevels)
            report.add(policy, 6, i, too_deep(root));
    }
    report.known(policy.host(), 1, policy.host().profiles());
}

} // namespace

void lint(const Document& document, Problems& problems) {
    lint_top(document, problems);
    lint_issuers(document, problems);
    lint_principals(document, problems);
    lint_undo(document, problems);
    lint_rules(document, problems);
    lint_classes(document, problems);
    lint_matches(document, problems);
}

} // namespace bailiff::policy
