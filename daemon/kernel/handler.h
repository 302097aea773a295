// ProgramsHandler: what the privileged socket answers, from the loaded programs. Root; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/enrolment.h"
#include "kernel/hasher.h"
#include "kernel/keeping.h"
#include "kernel/programs.h"
#include "kernel/server.h"

namespace bailiff::kernel {

class ProgramsHandler final : public Handler {
public:
    // All outlive it.
    ProgramsHandler(Programs& programs, Hasher& hasher, Keeping& keeping)
        : programs_(programs), hasher_(hasher), keeping_(keeping) {}

    void handle(const Request& request, Reply& reply) override;
    [[nodiscard]] std::vector<int> shared_maps() override;

private:
    void resolve_path(const Request& request, Reply& reply);
    void take_hashed(Reply& reply);
    [[nodiscard]] Status ready_to_enrol();
    [[nodiscard]] Status expect_agents(bool any);
    [[nodiscard]] Status rest();
    [[nodiscard]] Status forget_hold(std::uint64_t hold);

    using Object = std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>;
    using Held = std::map<Object, UniqueFd>;
    [[nodiscard]] Status hold(Resolved& found, const View& view);

    Programs& programs_;
    Hasher& hasher_;
    Keeping& keeping_;
    bool agents_expected_ = false;
    std::vector<UniqueFd> readable_; // of kReadMaps
    // Objects of overlayfs and /proc stay open once resolved, by device, number and type: an inode
    // that was dropped from memory comes back under another number there, and its rule would be
    // lost.
    Held held_;
    std::map<View, Held> held_in_; // of containers, until they are forgotten
};

} // namespace bailiff::kernel
