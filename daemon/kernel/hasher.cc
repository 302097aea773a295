#include "kernel/hasher.h"

namespace bailiff::kernel {

Hasher::Hasher(ContentTables& tables)
    : tables_(tables), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Hasher::~Hasher() {
    thread_.request_stop();
    thread_.join();
}

Status Hasher::add(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (known_.contains(path)) return {};
    if (waiting_.size() >= kMaxWaiting)
        return fail(ErrorCode::kResourceExhausted,
                    path + ": " + std::to_string(kMaxWaiting) + " files wait to be hashed already");
    known_.insert(path);
    waiting_.push_back(path);
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
        std::string path;
        {
            std::unique_lock lock(mutex_);
            if (!news_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
            if (stop.stop_requested()) return;
            path = std::move(waiting_.front());
            waiting_.pop_front();
            known_.erase(path); // a change from now on is one that it may miss
        }
        Hashed done = hash_file(tables_, path, stop);
        const std::lock_guard lock(mutex_);
        if (done_.size() >= kMaxWaiting) done_.pop_front(); // nobody asks
        done_.push_back(std::move(done));
    }
}

} // namespace bailiff::kernel
