// LibbpfLog: listens to libbpf's warnings while it lives, since an errno does not say what the
// kernel lacks. libbpf goes on printing them. One at a time, one thread.
#pragma once

#include <string>
#include <string_view>

namespace bailiff::kernel {

class LibbpfLog {
public:
    LibbpfLog();
    ~LibbpfLog();
    LibbpfLog(const LibbpfLog&) = delete;
    LibbpfLog& operator=(const LibbpfLog&) = delete;

    // The warning that told the cause, explained; what errno `error` means where there was none.
    [[nodiscard]] std::string cause(int error) const;
    // The program that the kernel refused; empty where none did.
    [[nodiscard]] const std::string& refused() const { return refused_; }
    // A warning as libbpf prints it.
    void hear(std::string_view warning);

private:
    std::string first_;
    std::string refused_;
};

} // namespace bailiff::kernel
