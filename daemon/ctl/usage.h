// What is told of a command line that cannot be read. One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace bailiff::ctl {

// Prints help, the version, or what is wrong; returns the exit status.
[[nodiscard]] int usage(const CLI::App& app, const CLI::ParseError& problem);

// "session frob" where `frob` stands for a command that is none; empty where nothing does.
[[nodiscard]] std::string unknown_command(const CLI::App& app);

} // namespace bailiff::ctl
