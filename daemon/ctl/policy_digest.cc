#include "ctl/policy_digest.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/sha256.h"
#include "base/unique_fd.h"

namespace bailiff::ctl {
namespace {

// A name in YAML, quoted where it has to be.
Result<std::string> yaml_word(const std::string& text) {
    bool plain = true;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            return fail(ErrorCode::kInvalidArgument,
                        "its name has a control character in it, which no policy can have");
        const bool usual = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || std::strchr("/._+-", c) != nullptr;
        plain = plain && usual;
    }
    if (plain) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

} // namespace

Result<std::string> digest_rule(const std::string& file) {
    std::error_code error;
    const std::string path = std::filesystem::canonical(file, error);
    if (error) return fail(ErrorCode::kNotFound, file + ": " + error.message());
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return fail_errno("open " + file, errno);
    struct stat info {};
    if (fstat(fd.get(), &info) != 0) return fail_errno("look at " + file, errno);
    if (!S_ISREG(info.st_mode))
        return fail(ErrorCode::kInvalidArgument, file + " is no regular file");
    const Result<Sha256> digest = sha256_of(fd.get());
    if (!digest) return fail(digest.error().code(), file + ": " + digest.error().message());
    Result<std::string> word = yaml_word(path);
    if (!word) return propagate(std::move(word), file);
    return "- {verdict: allow, path: [" + *word + "], sha256: [" + hex(*digest) + "]}";
}

} // namespace bailiff::ctl
