// Paths of cgroups as policies write them: one spelling for whoever compares or hashes them. Any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bailiff::policy {

// The names on the way down, without empty ones: {"a.slice", "b"} for "/a.slice//b/".
[[nodiscard]] std::vector<std::string> cgroup_names(std::string_view path);

// "/a.slice/b" for "/a.slice//b/", "/" for the root. kInvalidArgument for one that does not begin
// with a slash, and for . and .. in it.
[[nodiscard]] Result<std::string> clean_cgroup(std::string_view path);

// Is `inner` the cgroup `outer`, or below it? Both are clean.
[[nodiscard]] bool covers_cgroup(const std::string& outer, const std::string& inner);

} // namespace bailiff::policy
