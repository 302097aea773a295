#include "policy/interpreters.h"

#include <algorithm>
#include <array>

namespace bailiff::policy {
namespace {

constexpr std::array<std::string_view, 24> kNames{
    "ash",  "bash",   "bun",     "busybox", "dash", "deno",   "java", "julia",
    "ksh",  "lua",    "luajit",  "mksh",    "node", "nodejs", "perl", "php",
    "pypy", "python", "Rscript", "ruby",    "sh",   "tclsh",  "wish", "zsh"};

} // namespace

// A version may follow the name.
bool is_interpreter(std::string_view file_name) {
    const std::size_t end = file_name.find_last_not_of("0123456789.");
    const std::string_view name = file_name.substr(0, end == std::string_view::npos ? 0 : end + 1);
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

} // namespace bailiff::policy
