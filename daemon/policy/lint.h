// What the schema cannot say: references, ranges, entries that can match nothing, and matches that
// would swallow the host itself. One file a section of the policy. Internal to policy/. Any thread.
#pragma once

#include <vector>

#include "policy/document.h"
#include "policy/settings.h"

namespace bailiff::policy {

// Everything below.
void lint(const Document& document, Problems& problems);

// Who signs: `issuers`.
void lint_issuers(const Document& document, Problems& problems);

// Whom a token may speak for, and what narrows it: `users`, `agents`, `tasks`, `scopes`.
void lint_principals(const Document& document, Problems& problems);

// What is kept of what rules preserve: `undo`.
void lint_undo(const Document& document, Problems& problems);

// What is said: `profiles`.
void lint_rules(const Document& document, Problems& problems);

// Acts that cannot be undone: `classes`, and `irreversible` of `profiles`.
void lint_classes(const Document& document, Problems& problems);
// What of them can hardly be meant and is no error.
[[nodiscard]] std::vector<Advice> class_advice(const Document& document);

// Agents' matches alone; reads /etc/shells and resolves paths.
void lint_matches(const Document& document, Problems& problems);

} // namespace bailiff::policy
