// The rules that a profile and a class have alike: what they name, and whether it can wait.
// Internal to policy/. Any thread.
#pragma once

#include <string>

#include "policy/lint_report.h"

namespace bailiff::policy {

void lint_effects(const v1::Profile& profile, LintReport& report);
void lint_effects(const v1::Class& of, LintReport& report);

// A class that a profile holds: can all that it names wait?
void lint_held_class(const v1::Class& held, const std::string& profile, LintReport& report);

} // namespace bailiff::policy
