#include "session/file_contents.h"

namespace bailiff::session {

namespace {

// Of files that were replaced again and again.
constexpr std::size_t kMaxFound = 2UL * BAILIFF_MAX_DIGESTS;

} // namespace

// Also what was asked already: a bailiff-kernel that was started anew meanwhile does not know of
// it, and one that does knows that it is the same.
void FileContents::hash(const std::set<std::string>& paths) {
    asked_.clear();
    for (const std::string& path : paths) hash(path);
}

void FileContents::hash(const std::string& path) {
    if (asked_.contains(path)) return;
    const Status asked = port_.hash(path);
    if (asked)
        asked_.insert(path);
    else
        note("policy.contents", "not_hashed",
             path + " cannot be hashed now: " + asked.error().message());
}

void FileContents::find_links(const std::set<std::string>& paths) {
    for (const std::string& path : paths) {
        const Status asked = port_.find_links(path);
        if (asked)
            searching_.insert(path);
        else
            note("policy.hard_links", "not_searched",
                 path + " cannot be searched for hard links: " + asked.error().message());
    }
}

void FileContents::tick() {
    while (!asked_.empty() || !searching_.empty()) {
        const Result<std::optional<kernel::Hashed>> done = port_.take_hashed();
        if (!done) {
            asked_.clear();
            searching_.clear();
        }
        if (!done || !*done) return;
        learn(**done);
    }
}

void FileContents::learn(const kernel::Hashed& done) {
    if (done.searched) {
        searching_.erase(done.path);
        if (!done.problem.empty()) note("policy.hard_links", "found", done.problem);
        return;
    }
    asked_.erase(done.path);
    if (problems_.size() >= kMaxFound) problems_.clear();
    const std::string before = problems_[done.path];
    if (!done.digest) {
        problems_[done.path] = done.problem;
        if (before != done.problem)
            note("policy.contents", "not_hashed",
                 "rules list contents of " + done.path +
                     ", and it cannot be hashed, so that it is not executed: " + done.problem);
        return;
    }
    problems_.erase(done.path);
    if (found_.size() >= kMaxFound) found_.clear();
    found_[{done.seen.dev, done.seen.ino, done.seen.generation}] = *done.digest;
}

const Sha256* FileContents::find(std::uint32_t dev, std::uint64_t ino,
                                 std::uint32_t generation) const {
    const auto found = found_.find({dev, ino, generation});
    return found == found_.end() ? nullptr : &found->second;
}

void FileContents::note(const char* kind, const char* reason, const std::string& message) {
    v1::Record record;
    record.set_kind(kind);
    record.set_reason(reason);
    record.set_message(message);
    record_(std::move(record));
}

} // namespace bailiff::session
