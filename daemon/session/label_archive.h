// LabelArchive: which label said what, as a daemon before this one had it. The kernel goes on
// deciding and reporting while no daemon lives; its reports name labels by number. I/O thread only.
#pragma once

#include <map>
#include <string>

#include "session/policy_tables.h"

namespace bailiff::session {

class LabelArchive {
public:
    // An absent or damaged file is an empty archive: reports then lack the rule, nothing else.
    [[nodiscard]] static LabelArchive load(const std::string& file);
    [[nodiscard]] static Status save(const std::string& file, const PolicyTables& tables);

    // Was it made from the same policy file, in that slot?
    [[nodiscard]] bool is_of(const policy::Policy& policy, std::uint8_t slot) const {
        return digest_ == policy.digest && slot_ == slot;
    }
    [[nodiscard]] const policy::Label* find(std::uint32_t number) const;

private:
    std::string digest_;
    std::uint8_t slot_ = 0;
    std::map<std::uint32_t, policy::Label> labels_;
};

} // namespace bailiff::session
