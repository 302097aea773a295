// Hasher: files that wait to be hashed and paths that wait to be searched for hard links, and a
// thread that does it, one after the other: a large one must not keep the socket waiting. Owned by
// main; add() and take() from the socket's thread.
#pragma once

#include <compare>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "kernel/hash_file.h"

namespace bailiff::kernel {

class Hasher {
public:
    static constexpr std::size_t kMaxWaiting = BAILIFF_MAX_DIGESTS;

    // `tables` outlives it; only the thread uses them.
    explicit Hasher(ContentTables& tables);
    Hasher(const Hasher&) = delete;
    Hasher& operator=(const Hasher&) = delete;
    // Leaves the file under way unfinished.
    ~Hasher();

    // A path that waits already does not wait twice. kResourceExhausted.
    [[nodiscard]] Status add(const std::string& path) { return enqueue(Work{path, false}); }
    // To be searched for hard links, the same.
    [[nodiscard]] Status add_search(const std::string& path) { return enqueue(Work{path, true}); }
    // The next that is done, the oldest first.
    [[nodiscard]] std::optional<Hashed> take();

private:
    struct Work {
        std::string path;
        bool search = false;
        auto operator<=>(const Work&) const = default;
    };
    [[nodiscard]] Status enqueue(const Work& work);
    void run(const std::stop_token& stop);

    ContentTables& tables_;
    std::mutex mutex_; // of what follows
    std::condition_variable_any news_;
    std::deque<Work> waiting_;
    std::set<Work> known_; // what waits
    std::deque<Hashed> done_;
    std::jthread thread_; // last: it uses all of the above
};

} // namespace bailiff::kernel
