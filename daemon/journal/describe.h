// What a record says, in words: shared by the journald sink and bailiffctl, so that both use the
// same ones. File names, arguments and notes are chosen by agents: everything that leaves here is
// one line without terminal escapes. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bailiff/journal.pb.h"

namespace bailiff::journal {

// `text` as one printable line of UTF-8. Control characters and foreign bytes become \xNN,
// characters that hide or reorder others (bidi controls, zero width, line separators) \u{...}, and
// a backslash \x5c, so that no name can be spelled to look like an escaped one.
[[nodiscard]] std::string escape(std::string_view text);

// "write"; "create by rename" where renaming another file to the name is what makes or replaces it.
[[nodiscard]] std::string act_text(const v1::Record& record);

// "/etc/passwd", "10.0.0.1:443/tcp", "[2001:db8::1]:53/udp", ".../deep/name" where the record did
// not hold the whole path, "inode 7 on device 2049" without a path; empty where there is no object.
[[nodiscard]] std::string object_text(const v1::Record& record);

// The process's arguments as it got them, with a blank between; empty where none are known.
[[nodiscard]] std::string command_text(const v1::Process& process);

// The current actor first: "agent:code-fixer <- svc:orchestrator". Empty where none acted.
[[nodiscard]] std::string actor_chain(const v1::Record& record);

// "/etc/bailiff/policy.yaml:12:5"; the profile where the policy does not write the rule down;
// empty where no rule decided.
[[nodiscard]] std::string rule_place(const v1::Record& record);

// How many events the record stands for: at least 1.
[[nodiscard]] std::uint64_t event_count(const v1::Record& record);

// One sentence: who did what to what, and which rule decided.
[[nodiscard]] std::string one_line(const v1::Record& record);

} // namespace bailiff::journal
