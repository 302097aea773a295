// From a checked document to settings and an image. Internal to policy/. Any thread.
#pragma once

#include "policy/class_rules.h"
#include "policy/document.h"
#include "policy/image.h"
#include "policy/settings.h"

namespace bailiff::policy {

[[nodiscard]] Settings make_settings(const Document& document);

// The folders that `undo` names, with no slash at their end.
[[nodiscard]] std::vector<std::string> undo_stores(const Document& document);

// kInvalidArgument, with the line, where the kernel could not hold it (policy/limits.h).
[[nodiscard]] Result<Image> compile(const Document& document);

// Which rules speak for each address and port: the longest prefix wins for each profile, and what
// covering prefixes say is already part of every entry.
[[nodiscard]] Status compile_network(const Document& document, Image& image);

// The commands that rules name, with the words that they are told by. kInvalidArgument, with the
// line, where the kernel's tables cannot hold them.
[[nodiscard]] Status compile_argv(const Document& document, Image& image);

// How long a held act waits, and whether there can be one.
void compile_holds(const Document& document, Image& image);

// Numbers the budgets of profiles that are in use.
void compile_budgets(const Document& document, Image& image);

// What goes without asking by a rule of a profile that is in use.
[[nodiscard]] Unasked unasked_of(Image& image, const v1::Profile& profile, const Word& word);

// The bits of a profile, one for each layer it is used in.
[[nodiscard]] std::vector<std::uint16_t> bits_of(const Image& image, const std::string& profile);

// The kernel's number for a verdict. Mode observe holds nothing from anybody, and keeps nothing: it
// is recorded.
[[nodiscard]] std::uint8_t verdict_of(const v1::Profile& profile, v1::Verdict verdict);

// Adds a rule's source and returns its index.
[[nodiscard]] std::uint32_t add_rule(Image& image, Position at, const std::string& profile,
                                     std::string text);

} // namespace bailiff::policy
