#include "session/images.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/file.h"
#include "base/process.h"
#include "kernel/event_text.h"

namespace bailiff::session {
namespace {

constexpr std::size_t kMaxLeft = 4096;             // images of processes that have exited
constexpr std::size_t kMaxCommandLine = 64U << 10; // bytes
constexpr std::size_t kMaxArguments = 64;
constexpr std::uint64_t kTick = 10'000'000; // nanoseconds; USER_HZ is 100

// Empty where this account may not follow the link: only a process of its own, without privileges.
std::string executable_at(const std::string& link) {
    std::array<char, 4096> target{};
    const ssize_t size = readlink(link.c_str(), target.data(), target.size());
    return size <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

} // namespace

void Images::learn(const bailiff_event& event) {
    Image image;
    image.start_time = event.start_time;
    image.subject = event.subject;
    std::vector<std::string> parts = kernel::strings_of(event);
    if (!parts.empty()) {
        image.executable = parts.front();
        image.argv.assign(parts.begin() + 1, parts.end());
    }
    image.truncated = (event.flags & BAILIFF_EVENT_TRUNCATED) != 0;
    images_[{event.pid, event.start_time}] = std::move(image);
}

void Images::leave(const bailiff_event& event) {
    const Key key{event.pid, event.start_time};
    if (!images_.contains(key)) return;
    left_.push_back(key);
    if (left_.size() <= kMaxLeft) return;
    images_.erase(left_.front());
    left_.pop_front();
}

// The parent as it is now: whether it is who forked the process, only its arguments can tell.
const Image* Images::parent_of(const bailiff_event& event) const {
    // The last of that number is the one that lives.
    auto at = images_.lower_bound({event.parent_pid, event.start_time});
    if (at == images_.begin()) return nullptr;
    --at;
    return at->first.first == event.parent_pid ? &at->second : nullptr;
}

// An image of the same subject with the same arguments, of a process that started before: what a
// process runs that did not execute anything is an ancestor's.
const Image* Images::like(const Image& image) const {
    for (const auto& [key, known] : images_)
        if (known.subject == image.subject && known.start_time < image.start_time &&
            !known.executable.empty() && known.argv == image.argv)
            return &known;
    return nullptr;
}

std::optional<Image> Images::look(const bailiff_event& event) const {
    const std::string folder = proc_ + "/" + std::to_string(event.pid);
    const Result<std::string> line = read_file(folder + "/cmdline", kMaxCommandLine);
    Image image;
    image.executable = executable_at(folder + "/exe");
    // Last, so that all of the above was of this process and not of one that has its number now.
    const Result<std::uint64_t> started = start_time_of(static_cast<pid_t>(event.pid), proc_);
    if (!line || line->empty() || !started || *started != event.start_time / kTick)
        return std::nullopt;
    image.start_time = event.start_time;
    image.subject = event.subject;
    image.argv = kernel::split_strings(line->data(), line->size());
    if (image.executable.empty())
        if (const Image* known = like(image)) image.executable = known->executable;
    image.truncated = image.argv.size() > kMaxArguments;
    if (image.truncated) image.argv.resize(kMaxArguments);
    return image;
}

const Image* Images::find(const bailiff_event& event) {
    const Key key{event.pid, event.start_time};
    if (const auto own = images_.find(key); own != images_.end()) return &own->second;
    if (std::optional<Image> seen = look(event))
        return &images_.emplace(key, std::move(*seen)).first->second;
    // Gone already. Its parent's image, where the parent is of the same subject and was there
    // first.
    const Image* parent = parent_of(event);
    return parent != nullptr && parent->subject == event.subject ? parent : nullptr;
}

} // namespace bailiff::session
