#include "base/duration.h"

#include <charconv>
#include <string>

namespace bailiff {

Result<std::int64_t> parse_duration(std::string_view text) {
    constexpr std::int64_t kYear = std::int64_t{366} * 86400;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    std::int64_t scale = 0;
    if (unit == "s") scale = 1;
    if (unit == "m") scale = 60;
    if (unit == "h") scale = 3600;
    if (unit == "d") scale = 86400;
    if (error != std::errc() || scale == 0 || number < 1 || number > kYear / scale)
        return fail(ErrorCode::kInvalidArgument,
                    "expected a duration such as 30s, 15m or 1h, found \"" +
                        std::string(text.substr(0, 40)) + "\"");
    return number * scale;
}

} // namespace bailiff
