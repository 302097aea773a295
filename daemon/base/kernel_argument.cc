#include "base/kernel_argument.h"

#include <sstream>

#include "base/file.h"

namespace bailiff {

bool has_argument(const std::string& command_line, const std::string& argument) {
    std::istringstream words(command_line);
    for (std::string word; words >> word;)
        if (word == argument) return true;
    return false;
}

bool is_switched_off(const std::string& file) {
    constexpr std::size_t kMaxBytes = 64U << 10;
    const Result<std::string> command_line = read_file(file, kMaxBytes);
    return command_line && has_argument(*command_line, kOffArgument);
}

} // namespace bailiff
