// Terminal: the person at the terminal that a command was started from. One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::ctl {

class Terminal {
public:
    // kUnavailable where the process has no terminal.
    [[nodiscard]] static Result<Terminal> open(const std::string& path = "/dev/tty");

    // Shows `question` and returns the line that is typed then, without its end, an empty one for
    // an end of file; what was typed before does not count. Asks from the foreground only: in the
    // background it waits. None where `stands`, asked each second, says that the question is over,
    // where `cancel_fd` becomes readable, and where the terminal is gone.
    [[nodiscard]] std::optional<std::string> ask(const std::string& question, int cancel_fd,
                                                 const std::function<bool()>& stands);
    void say(const std::string& text);
    // May this process read what is typed?
    [[nodiscard]] bool is_foreground() const;

private:
    explicit Terminal(UniqueFd fd) : fd_(std::move(fd)) {}
    [[nodiscard]] bool wait_for_foreground(int cancel_fd, const std::function<bool()>& stands);
    [[nodiscard]] std::optional<std::string> read_line(int cancel_fd,
                                                       const std::function<bool()>& stands);

    UniqueFd fd_;
};

} // namespace bailiff::ctl
