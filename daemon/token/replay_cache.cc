#include "token/replay_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/sha256.h"

namespace bailiff::token {
namespace {

constexpr std::size_t kMaxFileBytes = 64 << 20;
constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kCheckDigits = 16;
constexpr std::size_t kSpareLines = 1024; // expired lines that do not yet justify a rewrite
constexpr std::int64_t kGrace = 60;       // seconds; a verifier's largest clock difference

// The length keeps two pairs apart whose texts put together are the same.
std::string key_of(const std::string& issuer, const std::string& jti) {
    return hex(sha256(std::to_string(issuer.size()) + ":" + issuer + jti));
}

std::string check_of(std::string_view text) {
    return hex(sha256(text)).substr(0, kCheckDigits);
}

// "<digest> <used at> <expires at> <first digits of the SHA-256 of what stands before>\n"
std::string line_of(const std::string& key, std::int64_t used_at, std::int64_t expires_at) {
    const std::string text =
        key + " " + std::to_string(used_at) + " " + std::to_string(expires_at) + " ";
    return text + check_of(text) + "\n";
}

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

struct Line {
    std::string key;
    std::int64_t used_at;
    std::int64_t expires_at;
};

std::optional<Line> parse_line(std::string_view text) {
    if (text.size() < kDigestDigits + kCheckDigits) return std::nullopt;
    const std::string_view checked = text.substr(0, text.size() - kCheckDigits);
    if (check_of(checked) != text.substr(checked.size())) return std::nullopt;
    const std::size_t first = checked.find(' ');
    const std::size_t second = checked.find(' ', first + 1);
    if (first != kDigestDigits || second == std::string_view::npos) return std::nullopt;
    const auto used_at = parse_number(checked.substr(first + 1, second - first - 1));
    const auto expires_at = parse_number(checked.substr(second + 1, checked.size() - second - 2));
    if (!used_at || !expires_at) return std::nullopt;
    return Line{std::string(checked.substr(0, first)), *used_at, *expires_at};
}

Status write_and_sync(int fd, const std::string& path, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno("write " + path, errno);
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    if (fdatasync(fd) != 0) return fail_errno("sync " + path, errno);
    return {};
}

} // namespace

Result<std::unique_ptr<ReplayCache>> ReplayCache::open(const std::string& path,
                                                       const Clock& clock) {
    std::unique_ptr<ReplayCache> cache(new ReplayCache(path, clock));
    const auto loaded = cache->load();
    if (!loaded) return tl::unexpected(loaded.error());
    cache->forget_expired();
    // A disk that is full now must not keep the daemon from starting: what was used is known.
    const Status written = cache->rewrite();
    if (!cache->note(written) && !*loaded) return tl::unexpected(written.error());
    return cache;
}

// False where there is no file.
Result<bool> ReplayCache::load() {
    const auto content = read_file(path_, kMaxFileBytes);
    if (!content && content.error().code() == ErrorCode::kNotFound) return false;
    if (!content) return tl::unexpected(content.error());
    std::string_view rest = *content;
    for (std::size_t number = 1; !rest.empty(); number++) {
        const std::size_t end = rest.find('\n');
        const auto line =
            end == std::string_view::npos ? std::nullopt : parse_line(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (line) {
            known_.emplace(line->key, Use{line->used_at, line->expires_at});
        } else if (!rest.empty()) {
            return fail(ErrorCode::kDataLoss,
                        "replay cache " + path_ + ":" + std::to_string(number) +
                            " is damaged; expected a line as bailiffd writes it. Tokens used "
                            "before can no longer be told from fresh ones: restore the file, or "
                            "remove it once the longest token lifetime has passed");
        }
        // A damaged last line was being written when the power went: its session never opened.
    }
    return true;
}

Status ReplayCache::rewrite() {
    std::string content;
    for (const auto& [key, use] : known_) content += line_of(key, use.used_at, use.expires_at);
    file_.reset();
    if (auto written = write_file_atomic(path_, content, 0600); !written) return written;
    file_.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file_) return fail_errno("open " + path_, errno);
    lines_ = known_.size();
    return {};
}

Status ReplayCache::append(const std::string& line) {
    const bool stale = lines_ > 2 * known_.size() + kSpareLines;
    if (!file_ || stale) {
        if (auto written = rewrite(); !written) return written;
    }
    auto written = write_and_sync(file_.get(), path_, line);
    // What reached the disk is not known: the next use writes the whole file anew.
    if (!written) file_.reset();
    lines_++;
    return written;
}

const Status& ReplayCache::note(const Status& written) {
    problem_ = written ? "" : written.error().message();
    return written;
}

void ReplayCache::retry() {
    if (!problem_.empty()) note(rewrite());
}

std::string ReplayCache::state() const {
    if (problem_.empty()) return "ok";
    return "the use of a token cannot be recorded (" + problem_ + ")";
}

void ReplayCache::forget_expired() {
    const std::int64_t now = clock_.unix_seconds();
    std::erase_if(known_,
                  [now](const auto& entry) { return entry.second.expires_at < now - kGrace; });
}

Status ReplayCache::consume(const std::string& issuer, const std::string& jti,
                            std::int64_t expires_at) {
    forget_expired();
    const std::string key = key_of(issuer, jti);
    const auto found = known_.find(key);
    if (found != known_.end())
        return fail(ErrorCode::kAlreadyExists,
                    std::string("this token was used before, at ") +
                        TimeText(found->second.used_at * 1'000'000'000).c_str() +
                        "; expected a new one, since each opens one session");
    const std::int64_t now = clock_.unix_seconds();
    const Status written = append(line_of(key, now, expires_at));
    if (!note(written))
        return fail(ErrorCode::kInternal,
                    "the use of the token could not be recorded: " + written.error().message());
    known_.emplace(key, Use{now, expires_at});
    return {};
}

} // namespace bailiff::token
