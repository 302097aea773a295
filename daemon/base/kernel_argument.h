// The arguments that the running kernel was booted with. Any thread.
#pragma once

#include <string>

namespace bailiff {

// Switches bailiff off: an operator's way in when a policy locks the machine up.
inline constexpr const char* kOffArgument = "bailiff=off";
// What both daemons say then, behind their name.
inline constexpr const char* kOffMessage =
    "switched off: the kernel's command line has bailiff=off; nothing is enforced";
// What both daemons exit with then; their units do not start them again.
inline constexpr int kExitOff = 4;

// Is `argument` one of the words of `command_line`? Words are separated by white space.
[[nodiscard]] bool has_argument(const std::string& command_line, const std::string& argument);

// Was the kernel booted with kOffArgument? A file that cannot be read says no.
[[nodiscard]] bool is_switched_off(const std::string& file = "/proc/cmdline");

} // namespace bailiff
