// Refusals: what each subject was last denied, or waits for, so that it can ask why. I/O thread
// only.
#pragma once

#include <cstdint>
#include <map>

#include "bailiff/abi.h"
#include "bailiff/journal.pb.h"

namespace bailiff::decision {

class Refusals {
public:
    // Takes note of an event whose record in the journal is `record`, if it is a refusal.
    void meet(const bailiff_event& event, const v1::Record& record);
    // What a subject may know of its last one; null where there is none. `generation` is that of
    // the subject's slot; `uid` that of who asks, for agents without a session are one subject
    // whatever their account.
    [[nodiscard]] const v1::Record* last(std::uint32_t subject, std::uint32_t generation,
                                         std::uint32_t uid) const;

private:
    struct Refusal {
        std::uint32_t generation = 0;
        bool unbound = false;
        std::uint32_t uid = 0;
        v1::Record record;
    };
    std::map<std::uint32_t, Refusal> last_; // by subject slot, of which there are few
};

} // namespace bailiff::decision
