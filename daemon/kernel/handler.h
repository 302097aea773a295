// ProgramsHandler: what the privileged socket answers, from the loaded programs. Root; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/enrolment.h"
#include "kernel/hasher.h"
#include "kernel/programs.h"
#include "kernel/server.h"

namespace bailiff::kernel {

class ProgramsHandler final : public Handler {
public:
    // Both outlive it.
    ProgramsHandler(Programs& programs, Hasher& hasher) : programs_(programs), hasher_(hasher) {}

    void handle(const Request& request, Reply& reply) override;
    [[nodiscard]] std::vector<int> shared_maps() override;

private:
    void resolve_path(const Request& request, Reply& reply);
    void take_hashed(Reply& reply);
    [[nodiscard]] Status hold(Resolved& found);
    [[nodiscard]] Status expect_subjects(const Request& request);
    [[nodiscard]] Status rest();

    Programs& programs_;
    Hasher& hasher_;
    bool agents_expected_ = false;
    // Objects of overlayfs and /proc stay open once resolved, by device, number and type: an inode
    // that was dropped from memory comes back under another number there, and its rule would be
    // lost.
    std::map<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>, UniqueFd> held_;
};

} // namespace bailiff::kernel
