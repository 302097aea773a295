// Folder: one folder of the store. Under ID, the action's 16 hexadecimal digits, lies an object;
// beside it "ID.entry", a symbolic link whose target is the manifest. "ID.part" is a copy that is
// not done. Root; one thread.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "undo/entry.h"

namespace bailiff::undo {

class Folder {
public:
    // Makes it where it is missing; its parents are there. kFailedPrecondition where it is not the
    // caller's alone.
    [[nodiscard]] static Result<Folder> open(const std::string& path);

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] dev_t device() const { return info_.st_dev; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool is_same(const Folder& other) const {
        return info_.st_dev == other.info_.st_dev && info_.st_ino == other.info_.st_ino;
    }

    struct Found {
        std::uint64_t action = 0;
        std::int64_t time = 0;
        std::uint64_t bytes = 0;
        std::string charged; // whom: charged_to() of the entry
    };
    struct Contents {
        std::vector<Found> entries;
        std::uint64_t stray_bytes = 0; // of objects without an entry, which are left alone
        std::string stranger;          // a name that lies there, where none is a store's
    };
    // What lies there. Removes copies that are not done, and entries without an object.
    [[nodiscard]] Result<Contents> tidy() const;

    [[nodiscard]] Status put_manifest(const Entry& entry) const;
    [[nodiscard]] Result<Entry> manifest(std::uint64_t action) const;
    // The object, O_PATH.
    [[nodiscard]] Result<UniqueFd> object(std::uint64_t action) const;
    // Removes the object, then its manifest.
    [[nodiscard]] Status forget(std::uint64_t action) const;

private:
    Folder(UniqueFd fd, std::string path, const struct stat& info)
        : fd_(std::move(fd)), path_(std::move(path)), info_(info) {}

    UniqueFd fd_;
    std::string path_;
    struct stat info_;
};

[[nodiscard]] std::string object_name(std::uint64_t action);
[[nodiscard]] std::string part_name(std::uint64_t action);

// What an object takes up, in bytes.
[[nodiscard]] std::uint64_t bytes_held(const struct stat& info);

} // namespace bailiff::undo
