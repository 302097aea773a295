#include "undo/failure.h"

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/file_type.h"

namespace bailiff::undo {

tl::unexpected<Error> fail_writing(const std::string& what, int error_number) {
    if (error_number == ENOSPC)
        return fail(ErrorCode::kResourceExhausted, what + ": there is no space left");
    if (error_number == EDQUOT)
        return fail(ErrorCode::kResourceExhausted,
                    what + ": its owner's quota of the file system is used up");
    return fail_errno(what, error_number);
}

std::string bytes_text(std::uint64_t bytes) {
    constexpr std::array<std::pair<unsigned, std::string_view>, 3> kUnits{
        {{30, " GiB"}, {20, " MiB"}, {10, " KiB"}}};
    for (const auto& [shift, unit] : kUnits)
        if (bytes != 0 && (bytes & ((std::uint64_t{1} << shift) - 1)) == 0)
            return std::to_string(bytes >> shift) + std::string(unit);
    return std::to_string(bytes) + " bytes";
}

std::string describe(const struct stat& info) {
    std::string type(file_type_name(info.st_mode));
    if (!S_ISREG(info.st_mode)) return type;
    return type + " of " + std::to_string(info.st_size) + " bytes, changed at " +
           TimeText(unix_nanos(info.st_mtim)).c_str();
}

} // namespace bailiff::undo
