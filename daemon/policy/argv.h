// Commands as rules name them: what an item of a command asks for, and which commands match. The
// matching is what the kernel programs do with the tables that are made of it. Pure; any thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/image.h"

namespace bailiff::policy {

// One of the alternatives of an item.
struct Alternative {
    enum class Kind {
        kProgram, // a file name
        kFlag,    // one dash and a character, which others may stand beside: "-f" is in "-rf"
        kOption,  // "--force", "--force=..." and its abbreviations
        kPrefix,  // `text` begins the argument
        kWhole,   // `text` is the argument
    };
    Kind kind;
    std::string text; // of a flag its character; of a prefix without the *

    // NOLINTNEXTLINE(modernize-use-nullptr)
    friend auto operator<=>(const Alternative&, const Alternative&) = default;
};

// The alternatives of the first item of a command, or of a later one: sorted, each once.
// kInvalidArgument with what was expected.
[[nodiscard]] Result<std::vector<Alternative>> parse_program(std::string_view item);
[[nodiscard]] Result<std::vector<Alternative>> parse_argument(std::string_view item);

// The words that make an argument what the alternative asks for; none for a flag.
[[nodiscard]] std::vector<CommandWord> words_of(const Alternative& alternative);

// What the arguments of a file can be besides arguments.
enum class Carrier {
    kNone,
    kMany,   // the name of the program that it becomes
    kLoader, // the same, and under that name can lie any program
};

// A program as it is started.
struct Command {
    std::string file; // name of the file that is executed, without folders
    Carrier carrier = Carrier::kNone;
    std::vector<std::string> argv; // argv[0] first
};

// Loaders and programs that are many in one, by the file's name; and each file that does not belong
// to root, since it can be a copy of one.
[[nodiscard]] Carrier carrier_of(std::string_view name, std::optional<uid_t> owner);

// The elements that are among what is started.
[[nodiscard]] bailiff_mask elements_of(const Commands& commands, const Command& command);

// The patterns that the command is, the strictest first.
[[nodiscard]] std::vector<const Pattern*> matching(const Commands& commands,
                                                   const Command& command);

} // namespace bailiff::policy
