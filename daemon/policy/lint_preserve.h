// Can what a rule preserves be kept? Internal to policy/. Any thread.
#pragma once

#include <string>

#include "policy/lint_report.h"

namespace bailiff::policy {

void lint_preserve(const v1::Profile& profile, LintReport& report);

// A class that a profile preserves.
void lint_preserved_class(const v1::Class& preserved, const std::string& profile,
                          LintReport& report);

} // namespace bailiff::policy
