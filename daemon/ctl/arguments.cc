#include "ctl/arguments.h"

#include <string_view>

namespace bailiff::ctl {

Arguments split_arguments(int argc, const char* const* argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        if (!arguments.has_command && std::string_view(argv[i]) == "--") {
            arguments.has_command = true;
        } else {
            (arguments.has_command ? arguments.command : arguments.ours).emplace_back(argv[i]);
        }
    }
    return arguments;
}

} // namespace bailiff::ctl
