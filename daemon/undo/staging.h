// Staging: a folder of root's alone beside a target, on its mount. What is renamed out of it is
// what was made in it, whoever owns the target's folder. One thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "undo/target.h"

namespace bailiff::undo {

class Staging {
public:
    [[nodiscard]] static Result<Staging> make(const Target& target);
    Staging(Staging&&) noexcept = default;
    Staging& operator=(Staging&&) = delete;
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;
    ~Staging(); // removes it where nothing is in it

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    Staging(int parent, std::string path, UniqueFd fd)
        : parent_(parent), path_(std::move(path)), fd_(std::move(fd)) {}

    int parent_; // the target's
    std::string path_;
    UniqueFd fd_;
};

} // namespace bailiff::undo
