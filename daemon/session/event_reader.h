// EventReader: turns what the kernel reports into journal records: which session, which process,
// which object, and the line of the policy that decided. I/O thread only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "session/container.h"
#include "session/images.h"
#include "session/manager.h"

namespace bailiff::session {

class EventReader {
public:
    // `proc`: where procfs is mounted. `containers` outlives it.
    EventReader(const Manager& manager, const Clock& clock, Containers& containers,
                std::string proc = "/proc")
        : manager_(manager), clock_(clock), containers_(containers), images_(std::move(proc)) {}

    // None where the event only teaches the reader something.
    [[nodiscard]] std::optional<v1::Record> read(const bailiff_event& event);

    // Where each file system is mounted, for paths in records.
    void set_mounts(const std::vector<Mount>& mounts);

private:
    void fill_process(const bailiff_event& event, v1::Process& process);
    void fill_object(const bailiff_event& event, v1::Object& object) const;
    void fill_rule(const bailiff_event& event, v1::Rule& rule) const;
    [[nodiscard]] std::string time_of(const bailiff_event& event) const;

    const Manager& manager_;
    const Clock& clock_;
    Containers& containers_;
    Images images_;
    std::map<std::uint32_t, std::string> mount_points_; // by device
};

} // namespace bailiff::session
