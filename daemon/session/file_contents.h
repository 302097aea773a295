// FileContents: the files whose content rules list. Has bailiff-kernel hash them when the policy is
// loaded, with each refresh, and when a denial says that one is not known or was written to.
// Remembers what they held, for records. The same way it has the paths that rules deny searched for
// hard links when a policy is loaded, and records what is found. Owned by the session manager; I/O
// thread only.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "bailiff/journal.pb.h"
#include "kernel/port.h"

namespace bailiff::session {

class FileContents {
public:
    FileContents(kernel::KernelPort& port, std::function<void(v1::Record)> record)
        : port_(port), record_(std::move(record)) {}

    // By their one name. What is known of them and still stands is not found out again.
    void hash(const std::set<std::string>& paths);
    void hash(const std::string& path);
    // Has them searched for files with other names elsewhere.
    void find_links(const std::set<std::string>& paths);
    // Hears what became of them; to be called every second.
    void tick();

    // As it was last found; null where it never was.
    [[nodiscard]] const Sha256* find(std::uint32_t dev, std::uint64_t ino,
                                     std::uint32_t generation) const;

private:
    void learn(const kernel::Hashed& done);
    void note(const char* kind, const char* reason, const std::string& message);

    kernel::KernelPort& port_;
    std::function<void(v1::Record)> record_;
    std::set<std::string> asked_;     // and not heard of yet
    std::set<std::string> searching_; // the same
    std::map<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>, Sha256> found_;
    std::map<std::string, std::string> problems_; // by path, told already
};

} // namespace bailiff::session
