// escape: tries every way out of a session, one process each. tests/escape/run calls it:
//   escape table               one row a line: name, family, account, expected, what it tries
//   escape prepare WHO PART    outside, as root: files, helpers and victims
//   escape launch WHO PART -- COMMAND...   outside, as the account: opens what a session inherits
//   escape acts WHO PART       tries them; one line each: name, result
//   escape finish WHO PART     outside, as root: ends what `prepare` started
// WHO is `user` or `root`; PART is `self` for what attacks bailiff itself, else `others`.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "tests/escape/stage.h"
#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

const char* word(Expected expected) {
    switch (expected) {
        case Expected::kDenied:
            return "denied";
    }
    return "unknown";
}

int print_table() {
    for (const Family& family : families()) {
        for (const Vector& vector : family.vectors) {
            const char* who = vector.who == Who::kUser ? "user" : "root";
            std::printf("%s\t%s\t%s\t%s\t%s\n", vector.name, family.name, who,
                        word(vector.expected), vector.tries);
        }
    }
    return 0;
}

int launch(const std::vector<Entry>& entries, char** command) {
    rlimit files{4096, 4096};
    setrlimit(RLIMIT_NOFILE, &files);
    for (const Entry& entry : entries) {
        if (entry.vector->extra.inherit == nullptr) continue;
        const int fd = entry.vector->extra.inherit(entry.place);
        if (fd < 0) note_not_inherited(entry, errno);
        if (fd >= 0 && dup2(fd, inherited_number(entry)) < 0) std::perror("escape: dup2");
        if (fd >= 0) close(fd);
    }
    execvp(command[0], command);
    std::perror(command[0]);
    return 127;
}

int run(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "table") return print_table();
    if (argc < 4) {
        std::fprintf(stderr, "usage: escape table | prepare|launch|acts|finish user|root PART\n");
        return 2;
    }
    const Who who = std::strcmp(argv[2], "root") == 0 ? Who::kRoot : Who::kUser;
    const std::vector<Entry> entries = entries_of(who, std::strcmp(argv[3], "self") == 0);
    if (what == "prepare") return prepare(who, entries);
    if (what == "finish") return finish(entries);
    if (what == "acts") return try_all(entries);
    if (what == "launch" && argc > 5) return launch(entries, argv + 5);
    return 2;
}

} // namespace
} // namespace bailiff::escape

int main(int argc, char** argv) {
    return bailiff::escape::run(argc, argv);
}
