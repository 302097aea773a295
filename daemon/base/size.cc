#include "base/size.h"

#include <charconv>
#include <limits>
#include <string>
#include <utility>

namespace bailiff {

Result<std::uint64_t> parse_size(std::string_view text) {
    using namespace std::string_view_literals;
    constexpr std::pair<std::string_view, unsigned> kUnits[] = {
        {""sv, 0}, {"KiB"sv, 10}, {"MiB"sv, 20}, {"GiB"sv, 30}, {"TiB"sv, 40}};
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, bits] : kUnits)
        if (error == std::errc() && unit == name &&
            number <= std::numeric_limits<std::uint64_t>::max() >> bits)
            return number << bits;
    return fail(ErrorCode::kInvalidArgument,
                "expected a size such as 512KiB, 64MiB or 4GiB, or a number of bytes, found \"" +
                    std::string(text.substr(0, 40)) + "\"");
}

} // namespace bailiff
