#include "bailiffd/request.h"

#include "api/roles.h"
#include "journal/utf8.h"

namespace bailiff::daemon {
namespace {

constexpr std::size_t kMaxReason = 1024; // bytes

} // namespace

std::string by(const api::Caller& caller) {
    return "uid " + std::to_string(caller.peer.uid) + " (" +
           journal::to_utf8(api::account_name(caller.peer.uid)) + ")";
}

Status check_reason(const std::string& reason) {
    if (reason.size() <= kMaxReason) return {};
    return fail(ErrorCode::kInvalidArgument, "the reason has " + std::to_string(reason.size()) +
                                                 " bytes; expected at most " +
                                                 std::to_string(kMaxReason));
}

} // namespace bailiff::daemon
