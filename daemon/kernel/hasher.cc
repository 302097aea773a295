#include "kernel/hasher.h"

#include "base/hard_links.h"

namespace bailiff::kernel {
namespace {

Hashed search(const std::string& path) {
    Hashed done;
    done.path = path;
    done.searched = true;
    done.problem = describe(path, find_linked_files(path));
    return done;
}

} // namespace

Hasher::Hasher(ContentTables& tables)
    : tables_(tables), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Hasher::~Hasher() {
    thread_.request_stop();
    thread_.join();
}

Status Hasher::enqueue(const Work& work) {
    const std::lock_guard lock(mutex_);
    if (known_.contains(work)) return {};
    if (waiting_.size() >= kMaxWaiting)
        return fail(ErrorCode::kResourceExhausted,
                    work.path + ": " + std::to_string(kMaxWaiting) + " files wait already");
    known_.insert(work);
    waiting_.push_back(work);
    news_.notify_one();
    return {};
}

std::optional<Hashed> Hasher::take() {
    const std::lock_guard lock(mutex_);
    if (done_.empty()) return std::nullopt;
    Hashed first = std::move(done_.front());
    done_.pop_front();
    return first;
}

void Hasher::run(const std::stop_token& stop) {
    while (true) {
        Work work;
        {
            std::unique_lock lock(mutex_);
            if (!news_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
            if (stop.stop_requested()) return;
            work = std::move(waiting_.front());
            waiting_.pop_front();
            known_.erase(work); // a change from now on is one that it may miss
        }
        Hashed done = work.search ? search(work.path) : hash_file(tables_, work.path, stop);
        const std::lock_guard lock(mutex_);
        if (done_.size() >= kMaxWaiting) done_.pop_front(); // nobody asks
        done_.push_back(std::move(done));
    }
}

} // namespace bailiff::kernel
