#include "kernel/libbpf_log.h"

#include <bpf/libbpf.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <system_error>

namespace bailiff::kernel {
namespace {

// libbpf hands its callback no context.
LibbpfLog* listener = nullptr;
libbpf_print_fn_t printer = nullptr;

int listen_and_print(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_WARN && listener != nullptr) {
        std::array<char, 512> line{};
        va_list copy;
        va_copy(copy, arguments);
        std::vsnprintf(line.data(), line.size(), format, copy);
        va_end(copy);
        listener->hear(line.data());
    }
    return printer == nullptr ? 0 : printer(level, format, arguments);
}

// What to do about a warning; by the words of libbpf 1.1 and newer.
struct Remedy {
    std::string_view words;
    std::string_view text;
};
constexpr std::array kRemedies{
    Remedy{"not resolved", "the kernel must be built with CONFIG_KALLSYMS_ALL"},
    Remedy{"parameter mismatch",
           "the pinned map is another version's; bailiff-kernel --detach removes it, and ends what "
           "is enforced"},
    Remedy{"kernel BTF", "the kernel must be built with CONFIG_DEBUG_INFO_BTF"},
};

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

} // namespace

LibbpfLog::LibbpfLog() {
    listener = this;
    printer = libbpf_set_print(listen_and_print);
}

LibbpfLog::~LibbpfLog() {
    libbpf_set_print(printer);
    listener = nullptr;
}

// libbpf warns of the cause first, then once more in each function that gives up.
void LibbpfLog::hear(std::string_view warning) {
    constexpr std::string_view kPrefix = "libbpf: ";
    if (warning.starts_with(kPrefix)) warning.remove_prefix(kPrefix.size());
    warning = warning.substr(0, warning.find('\n'));
    constexpr std::string_view kProgram = "prog '";
    if (warning.starts_with(kProgram) && contains(warning, "program load failed"))
        refused_ =
            warning.substr(kProgram.size(), warning.find('\'', kProgram.size()) - kProgram.size());
    const bool goes_on = contains(warning, "etrying"); // it tries something else
    if (first_.empty() && !goes_on) first_ = warning;
}

std::string LibbpfLog::cause(int error) const {
    if (first_.empty()) return std::generic_category().message(error);
    for (const Remedy& remedy : kRemedies)
        if (contains(first_, remedy.words)) return first_ + " (" + std::string(remedy.text) + ")";
    return first_;
}

} // namespace bailiff::kernel
