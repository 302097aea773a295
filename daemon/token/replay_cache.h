// ReplayCache: each (issuer, jti) opens one session. Kept in a file, appended and synced before the
// session opens, so that the memory survives SIGKILL and power loss. I/O thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::token {

class ReplayCache {
public:
    // Reads `path`, made if absent (mode 0600); forgets what has expired and rewrites the file.
    // Where it cannot be rewritten the old file stays, see state(); where there is none that is
    // an error. A torn last line is dropped; a
    // damaged line in the middle is kDataLoss.
    [[nodiscard]] static Result<std::unique_ptr<ReplayCache>> open(const std::string& path,
                                                                   const Clock& clock);

    // Remembers the pair until `expires_at` (Unix seconds) and the clock difference that a verifier
    // may tolerate beyond it have passed. kAlreadyExists, with when it was first used, if it is
    // known. kInternal where it could not be written: the session must not open.
    [[nodiscard]] Status consume(const std::string& issuer, const std::string& jti,
                                 std::int64_t expires_at);

    // "ok", or one sentence: why no token can be used now.
    [[nodiscard]] std::string state() const;
    // Where it could not be written: tries again. To be called every second or so.
    void retry();

    [[nodiscard]] std::size_t size() const { return known_.size(); }

private:
    struct Use {
        std::int64_t used_at;
        std::int64_t expires_at;
    };
    ReplayCache(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}
    [[nodiscard]] Result<bool> load();
    [[nodiscard]] Status rewrite();
    [[nodiscard]] Status append(const std::string& line);
    const Status& note(const Status& written);
    void forget_expired();

    std::string path_;
    const Clock& clock_;
    UniqueFd file_;
    std::string problem_;              // of the last write; empty where it worked
    std::size_t lines_ = 0;            // in the file, expired ones included
    std::map<std::string, Use> known_; // by SHA-256 of issuer and jti, hexadecimal
};

} // namespace bailiff::token
