// ProgramsHandler: what the privileged socket answers, from the loaded programs. Root; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/programs.h"
#include "kernel/server.h"

namespace bailiff::kernel {

class ProgramsHandler final : public Handler {
public:
    // `programs` outlives it.
    explicit ProgramsHandler(Programs& programs) : programs_(programs) {}

    void handle(const Request& request, Reply& reply) override;
    [[nodiscard]] std::vector<int> shared_maps() override;

private:
    void resolve_path(const Request& request, Reply& reply);

    Programs& programs_;
    // Objects of overlay file systems stay open once resolved: an inode that was dropped from
    // memory comes back under another number there, and its rule would be lost.
    std::map<std::pair<std::uint32_t, std::uint64_t>, UniqueFd> held_;
};

} // namespace bailiff::kernel
