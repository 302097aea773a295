// `bailiffctl policy digest`: exec rules for what files hold now. Reads files, writes nothing. One
// thread.
#pragma once

#include <string>

#include "base/result.h"

namespace bailiff::ctl {

// "- {verdict: allow, path: [/usr/bin/git], sha256: [64 digits]}", the path without symbolic links.
// kNotFound, kInvalidArgument for what is no regular file or has a name that a policy cannot have.
[[nodiscard]] Result<std::string> digest_rule(const std::string& file);

} // namespace bailiff::ctl
