#include "undo/attributes.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "undo/failure.h"
#include "undo/open_path.h"

namespace bailiff::undo {
namespace {

using Names = std::vector<std::string>;

Result<Names> attribute_names(const std::string& path) {
    std::array<char, XATTR_LIST_MAX> list{};
    const ssize_t size = listxattr(path.c_str(), list.data(), list.size());
    if (size < 0 && errno == ENOTSUP) return Names{};
    if (size < 0) return fail_errno("list its extended attributes", errno);
    Names names;
    for (const char* at = list.data(); at < list.data() + size; at += names.back().size() + 1)
        names.emplace_back(at);
    return names;
}

// None where there is none by that name, or it cannot be read: errno says which.
std::optional<std::string> attribute(const std::string& path, const std::string& name) {
    std::string value(XATTR_SIZE_MAX, '\0');
    const ssize_t size = getxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0) return std::nullopt;
    value.resize(static_cast<std::size_t>(size));
    return value;
}

tl::unexpected<Error> fail_attribute(const std::string& name, int error_number) {
    if (error_number == ENOSPC || error_number == EDQUOT)
        return fail_writing("copy its extended attribute " + name, error_number);
    return fail(
        ErrorCode::kFailedPrecondition,
        "its extended attribute " + name + " cannot be copied: " + std::strerror(error_number));
}

// A security module labels every object, and has no object without a label.
bool is_label(const std::string& name) {
    return name.starts_with("security.") && name != "security.capability";
}

Status copy_attribute(const std::string& from, const std::string& to, const std::string& name) {
    const std::optional<std::string> value = attribute(from, name);
    if (!value && errno == ENODATA) return {}; // removed meanwhile
    if (!value) return fail_attribute(name, errno);
    if (attribute(to, name) == value) return {};
    if (setxattr(to.c_str(), name.c_str(), value->data(), value->size(), 0) != 0)
        return fail_attribute(name, errno);
    return {};
}

Status copy_extended(const std::string& from, const std::string& to) {
    const Result<Names> wanted = attribute_names(from);
    if (!wanted) return tl::unexpected(wanted.error());
    const Result<Names> present = attribute_names(to);
    if (!present) return tl::unexpected(present.error());
    for (const std::string& name : *present) {
        if (is_label(name) || std::find(wanted->begin(), wanted->end(), name) != wanted->end())
            continue;
        if (removexattr(to.c_str(), name.c_str()) != 0 && errno != ENODATA)
            return fail_attribute(name, errno);
    }
    for (const std::string& name : *wanted)
        if (Status copied = copy_attribute(from, to, name); !copied) return copied;
    return {};
}

} // namespace

// A new owner takes setuid bits and capabilities away, and an access list has a share in the mode:
// hence the order.
Status copy_attributes(int from, const struct stat& info, int to) {
    const std::string source = path_of(from);
    const std::string target = path_of(to);
    if (fchownat(to, "", info.st_uid, info.st_gid, AT_EMPTY_PATH) != 0)
        return fail_writing("give it its owner", errno);
    if (!S_ISLNK(info.st_mode) && chmod(target.c_str(), info.st_mode & 07777) != 0)
        return fail_errno("give it its mode", errno);
    if (Status copied = copy_extended(source, target); !copied) return copied;
    const std::array<timespec, 2> times{info.st_atim, info.st_mtim};
    if (utimensat(to, "", times.data(), AT_EMPTY_PATH) != 0)
        return fail_errno("give it its times", errno);
    return {};
}

} // namespace bailiff::undo
