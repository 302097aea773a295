// The keys of one issuer: a JWK set (RFC 7517 section 5) in a local file, read again when the file
// changed. Owned by Verifier; I/O thread only.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "token/jwk.h"

namespace bailiff::token {

struct KeySet {
    std::map<std::string, Jwk, std::less<>> keys; // by kid
    std::vector<std::string> skipped;             // one sentence for each key left out
};

// Leaves out keys that are not usable and says why. kInvalidArgument for the whole set: not strict
// JSON, an element that is no object, a kid that comes twice, no usable key.
[[nodiscard]] Result<KeySet> parse_jwks(std::string_view text,
                                        const std::vector<std::string>& allowed);

class KeyStore {
public:
    // Reads `path`; its errors name it.
    [[nodiscard]] static Result<std::unique_ptr<KeyStore>> open(
        std::string path, std::vector<std::string> algorithms);

    // The key, or nullptr. One stat; reads the file again if it is another one than last time. The
    // pointer holds until the next call. `kid` is only compared.
    [[nodiscard]] const Jwk* find(std::string_view kid);

    // What is worth a line in the log since the last call: a file that could not be read (the old
    // keys stay in use), keys that were left out.
    [[nodiscard]] std::vector<std::string> take_notices();

private:
    // Which file the keys are from; all zero where there was none.
    struct Stamp {
        ino_t inode = 0;
        off_t size = 0;
        std::int64_t modified = 0; // nanoseconds
        std::int64_t changed = 0;  // nanoseconds
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    KeyStore(std::string path, std::vector<std::string> algorithms)
        : path_(std::move(path)), algorithms_(std::move(algorithms)) {}
    [[nodiscard]] Stamp stamp() const;
    [[nodiscard]] Status load();

    std::string path_;
    std::vector<std::string> algorithms_;
    Stamp loaded_;
    KeySet set_;
    std::vector<std::string> notices_;
};

} // namespace bailiff::token
