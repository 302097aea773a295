#include "undo/random_action.h"

#include <sys/random.h>

#include <cerrno>

namespace bailiff::undo {

Result<std::uint64_t> random_action() {
    std::uint64_t action = 0;
    if (getrandom(&action, sizeof(action), 0) != static_cast<ssize_t>(sizeof(action)))
        return fail_errno("getrandom", errno);
    return action;
}

} // namespace bailiff::undo
