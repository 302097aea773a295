// bailiffctl run as a program to its end, its outputs in a folder of their own.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/unit/api/fake_service.h"

namespace bailiff::ctl {

class Program {
public:
    // Writes a file and returns its path.
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;
    // The exit status, or minus the signal that killed it.
    [[nodiscard]] int run(std::vector<std::string> words) const;
    [[nodiscard]] std::string out() const { return read_file(folder_ / "out", kMax).value_or("?"); }
    [[nodiscard]] std::string err() const { return read_file(folder_ / "err", kMax).value_or("?"); }

private:
    static constexpr std::size_t kMax = 1 << 20;
    api::ScratchFolder folder_;
};

} // namespace bailiff::ctl
