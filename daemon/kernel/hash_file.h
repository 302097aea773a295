// hash_file: what a regular file holds, and the row that lets the hooks believe it until somebody
// writes to the file (bpf/digest.h). Root; the hashing thread.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "bailiff/abi.h"
#include "base/result.h"
#include "kernel/port.h"

namespace bailiff::kernel {

// The kernel's side of it.
class ContentTables {
public:
    ContentTables() = default;
    ContentTables(const ContentTables&) = delete;
    ContentTables& operator=(const ContentTables&) = delete;
    virtual ~ContentTables() = default;

    // The file behind a descriptor of this process, as it is now.
    [[nodiscard]] virtual Result<bailiff_file> examine(int fd) = 0;
    // How often it was opened to be written since it is counted, which it is from now on.
    [[nodiscard]] virtual Result<std::uint64_t> openings(const bailiff_file_key& key) = 0;
    [[nodiscard]] virtual std::optional<bailiff_digest> find(const bailiff_file_key& key) = 0;
    [[nodiscard]] virtual Status put(const bailiff_file_key& key, const bailiff_digest& row) = 0;
};

// `path` has no symbolic link in it. A file whose row still stands is not read again. Where the
// file is written to meanwhile it is read again, a few times. Ends early, with a problem, once
// `stop` asks for it.
//
// Sound without a lease (fcntl(2), F_SETLEASE), which not every file system has and which would
// keep writers waiting: who opens the file to write counts as a writer before the hook counts the
// opening. So with the count taken first, a writer is seen by the look that follows, or is counted
// later and spoils the row.
[[nodiscard]] Hashed hash_file(ContentTables& tables, const std::string& path,
                               const std::stop_token& stop = {});

} // namespace bailiff::kernel
