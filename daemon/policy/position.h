// Where something stands in a policy file. Any thread.
#pragma once

#include <string>

namespace bailiff::policy {

struct Position {
    std::string file;
    unsigned line = 0; // 1-based; 0: not written down, such as an absent default
    unsigned column = 0;

    // "policy.yaml:12:5"
    [[nodiscard]] std::string text() const {
        if (line == 0) return file;
        return file + ":" + std::to_string(line) + ":" + std::to_string(column);
    }
};

} // namespace bailiff::policy
