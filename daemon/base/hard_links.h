// Hard links: which regular files below a folder have names outside of it. A rule for a path
// protects a file under the names that lie there, and under no other. Any thread; blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace bailiff {

struct LinkLimits {
    std::size_t entries = 200'000;
    std::chrono::milliseconds time{5000};
};

struct LinkedFiles {
    std::vector<std::string> paths; // one name of each such file, in the order found
    bool complete = true;           // false: a limit was met, or a folder could not be read
};

// `path` is a folder or a file. Follows no symbolic links.
[[nodiscard]] LinkedFiles find_linked_files(const std::string& path, const LinkLimits& limits = {});

// "2 files below /srv/a have names elsewhere, under which its rules do not hold: /srv/a/x, ...";
// says so where not all was looked at. Empty where there is nothing to say.
[[nodiscard]] std::string describe(const std::string& path, const LinkedFiles& found);

} // namespace bailiff
