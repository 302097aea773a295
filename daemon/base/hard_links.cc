#include "base/hard_links.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

namespace bailiff {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamed = 3; // in the sentence; the others are counted

class Search {
public:
    explicit Search(const LinkLimits& limits)
        : limits_(limits), end_(std::chrono::steady_clock::now() + limits.time) {}

    LinkedFiles run(const std::string& path) {
        look_at(path);
        std::error_code error;
        if (fs::is_directory(fs::symlink_status(path, error))) below(path);
        for (const Inode& inode : order_) {
            const Names& names = names_.at(inode);
            if (names.seen < names.all) found_.paths.push_back(names.first);
        }
        return std::move(found_);
    }

private:
    using Inode = std::pair<dev_t, ino_t>;
    struct Names {
        std::string first;
        nlink_t seen = 0;
        nlink_t all = 0;
    };

    void below(const std::string& folder) {
        std::error_code error;
        fs::recursive_directory_iterator at(folder, error);
        for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
            if (++entries_ > limits_.entries || std::chrono::steady_clock::now() > end_) {
                found_.complete = false;
                return;
            }
            look_at(at->path());
        }
        if (error) found_.complete = false;
    }

    void look_at(const std::string& path) {
        struct stat info {};
        if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink < 2) return;
        const auto [at, fresh] = names_.try_emplace({info.st_dev, info.st_ino});
        if (fresh) {
            at->second.first = path;
            at->second.all = info.st_nlink;
            order_.push_back(at->first);
        }
        at->second.seen++;
    }

    const LinkLimits& limits_;
    std::chrono::steady_clock::time_point end_;
    std::size_t entries_ = 0;
    std::map<Inode, Names> names_;
    std::vector<Inode> order_;
    LinkedFiles found_;
};

} // namespace

LinkedFiles find_linked_files(const std::string& path, const LinkLimits& limits) {
    return Search(limits).run(path);
}

std::string describe(const std::string& path, const LinkedFiles& found) {
    const std::string unfinished =
        found.complete ? "" : "; not all of it was looked at, there may be more";
    if (found.paths.empty())
        return found.complete
                   ? ""
                   : path +
                         " was not searched for hard links to its end: it is too large, or has "
                         "folders that cannot be read";
    const std::size_t count = found.paths.size();
    std::string text = std::to_string(count) + (count == 1 ? " file" : " files") + " of " + path +
                       (count == 1 ? " has" : " have") +
                       " other names elsewhere (hard links), under which its rules do not hold: ";
    for (std::size_t i = 0; i < std::min(count, kNamed); i++)
        text += (i == 0 ? "" : ", ") + found.paths[i];
    if (count > kNamed) text += " and " + std::to_string(count - kNamed) + " more";
    return text + unfinished;
}

} // namespace bailiff
