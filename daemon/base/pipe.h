// Pipe: both ends of a pipe(2), closed on exec. Any thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff {

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

[[nodiscard]] inline Result<Pipe> make_pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return fail_errno("pipe", errno);
    return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

} // namespace bailiff
