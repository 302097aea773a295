#include "base/process.h"

#include <charconv>
#include <string_view>

#include "base/file.h"

namespace bailiff {
namespace {

constexpr std::size_t kMaxStatBytes = 4096;
constexpr int kStartTimeField = 22;
constexpr int kFirstFieldAfterName = 3;

} // namespace

Result<std::uint64_t> start_time_of(pid_t pid, const std::string& proc) {
    const std::string path = proc + "/" + std::to_string(pid) + "/stat";
    const Result<std::string> stat = read_file(path, kMaxStatBytes);
    if (!stat) return tl::unexpected<Error>(stat.error());
    // The second field, the name, may hold anything: the fields are counted from its last ')'.
    std::string_view rest = *stat;
    const std::size_t name_end = rest.rfind(')');
    if (name_end == std::string_view::npos) return fail(ErrorCode::kInternal, path + ": no name");
    rest.remove_prefix(name_end + 1);
    for (int field = kFirstFieldAfterName; field <= kStartTimeField; ++field) {
        const std::size_t blank = rest.find(' ');
        if (blank == std::string_view::npos)
            return fail(ErrorCode::kInternal, path + ": too short");
        rest.remove_prefix(blank + 1);
    }
    std::uint64_t ticks = 0;
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), ticks);
    if (problem != std::errc{}) return fail(ErrorCode::kInternal, path + ": no start time");
    return ticks;
}

} // namespace bailiff
