#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "base/unique_fd.h"

namespace bailiff {
namespace {

Result<UniqueFd> open_to_read(const std::string& path, int flags) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
    if (!fd && (errno == ENOENT || errno == ENOTDIR))
        return fail(ErrorCode::kNotFound, path + " does not exist");
    if (!fd && errno == EACCES)
        return fail(ErrorCode::kPermissionDenied, path + " may not be read by this user");
    if (!fd) return fail_errno("open " + path, errno);
    return fd;
}

} // namespace

Result<std::string> read_fd(int fd, const std::string& name, std::size_t max_bytes) {
    std::string content;
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t n = read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno("read " + name, errno);
        if (n == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(n));
        if (content.size() > max_bytes)
            return fail(ErrorCode::kResourceExhausted,
                        name + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
    const Result<UniqueFd> fd = open_to_read(path, 0);
    if (!fd) return tl::unexpected(fd.error());
    return read_fd(fd->get(), path, max_bytes);
}

Result<std::string> read_regular_file(const std::string& path, std::size_t max_bytes) {
    const Result<UniqueFd> fd = open_to_read(path, O_NONBLOCK); // a FIFO's writer may never come
    if (!fd) return tl::unexpected(fd.error());
    struct stat info {};
    if (fstat(fd->get(), &info) != 0) return fail_errno("stat " + path, errno);
    if (!S_ISREG(info.st_mode))
        return fail(ErrorCode::kInvalidArgument, path + " is not a regular file");
    return read_fd(fd->get(), path, max_bytes);
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t n = write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

Status write_file_atomic(const std::string& path, std::string_view content, mode_t mode) {
    std::string temporary = path + ".XXXXXX";
    UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd) return fail_errno("create " + temporary, errno);
    Status done;
    if (!write_all(fd.get(), content)) done = fail_errno("write " + temporary, errno);
    if (done && fchmod(fd.get(), mode) != 0) done = fail_errno("chmod " + temporary, errno);
    if (done && fsync(fd.get()) != 0) done = fail_errno("sync " + temporary, errno);
    if (done && rename(temporary.c_str(), path.c_str()) != 0)
        done = fail_errno("rename " + temporary + " to " + path, errno);
    if (!done) {
        unlink(temporary.c_str());
        return done;
    }
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const UniqueFd parent(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY));
    if (parent && fsync(parent.get()) != 0) return fail_errno("sync " + folder, errno);
    return {};
}

} // namespace bailiff
