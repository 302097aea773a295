// ProgramContents: the tables of file contents that the loaded programs read. Root; the hashing
// thread alone.
#pragma once

#include "kernel/hash_file.h"
#include "kernel/programs.h"

namespace bailiff::kernel {

class ProgramContents final : public ContentTables {
public:
    // `programs` outlives it.
    explicit ProgramContents(Programs& programs) : programs_(programs) {}

    Result<bailiff_file> examine(int fd) override;
    Result<std::uint64_t> openings(const bailiff_file_key& key) override;
    std::optional<bailiff_digest> find(const bailiff_file_key& key) override;
    Status put(const bailiff_file_key& key, const bailiff_digest& row) override;

private:
    void forget_all();
    [[nodiscard]] Status start_counting();

    Programs& programs_;
};

} // namespace bailiff::kernel
