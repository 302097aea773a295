// What the schema cannot say: references, ranges, and matches that would swallow the host itself.
// Internal to policy/. Any thread.
#pragma once

#include "policy/document.h"

namespace bailiff::policy {

void lint(const Document& document, Problems& problems);

// Agents' matches alone; reads /etc/shells and resolves paths.
void lint_matches(const Document& document, Problems& problems);

} // namespace bailiff::policy
