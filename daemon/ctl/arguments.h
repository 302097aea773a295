// The command line before its options are read. Pure.
#pragma once

#include <string>
#include <vector>

namespace bailiff::ctl {

struct Arguments {
    std::vector<std::string> ours;
    std::vector<std::string> command; // behind the first "--", as it was given
    bool has_command = false;
};

[[nodiscard]] Arguments split_arguments(int argc, const char* const* argv);

} // namespace bailiff::ctl
