// Tokens on the bailiffctl side: where they come from, and that they do not stay. Any thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff::ctl {

// Exactly one of the three is set.
struct TokenSource {
    std::string file;
    int fd = -1;
    std::string command; // run by /bin/sh; prints the token
};

// Why that text is no number of a descriptor to read a token from; empty if it is.
[[nodiscard]] std::string why_not_token_fd(const std::string& text);

// --token-file, --token-fd and --token-command, into `source`, which must outlive `command`.
void add_token_options(CLI::App& command, TokenSource& source);

// Overwrites and empties.
void wipe(std::string& secret);

// kInvalidArgument where not exactly one source is set. A descriptor is closed by reading; so that
// nothing inherits it meanwhile, keep_private() comes first.
[[nodiscard]] Status check_source(const TokenSource& source);
[[nodiscard]] Status keep_private(const TokenSource& source);

// The token without white space around it. `cancel_fd`, where not -1, ends a command's run early
// when it becomes readable.
[[nodiscard]] Result<std::string> read_token(const TokenSource& source, int cancel_fd = -1);

// Runs `command` by /bin/sh with `input` as its standard input and returns what it printed, without
// white space around it. `name` is for messages. At most 60 s and 64 KiB; an exit status other
// than 0 is an error.
[[nodiscard]] Result<std::string> run_helper(const std::string& name, const std::string& command,
                                             std::string_view input, int cancel_fd = -1);

} // namespace bailiff::ctl
