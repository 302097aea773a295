// What a host's own programs, units and files are called: the part of "this match would swallow the
// host" that holds for every host, also one that is not this. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace bailiff::policy {

// Why a program of that file name cannot be an agent; empty if its name says nothing against it.
[[nodiscard]] std::string why_not_program(std::string_view name);

// True for shells and interpreters: they may run an agent's scripts.
[[nodiscard]] bool runs_scripts(std::string_view name);

// Why `unit` is no full name of a systemd unit that processes live in (systemd.unit(5)); empty if
// it is one.
[[nodiscard]] std::string why_not_unit_name(std::string_view unit);

// The same as why_not_program() for a unit's full name.
[[nodiscard]] std::string why_not_unit(std::string_view unit);

// Why a file cannot be an agent's, by its real path: what every shell, interpreter or program
// reads.
[[nodiscard]] std::string why_not_file(const std::string& path);

} // namespace bailiff::policy
