// Keeping an object that was found: by a second name where nothing can change it any more, else as
// a copy. Root; one thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "undo/entry.h"
#include "undo/object.h"
#include "undo/state.h"
#include "undo/store.h"

namespace bailiff::undo {

inline constexpr Limits kNoLimits{UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT64_MAX, UINT32_MAX};

// For what a restore puts aside: root's is never refused.
[[nodiscard]] inline const Limits& limits_of(const Restoring& how) {
    return how.caller.value_or(0) == 0 ? kNoLimits : how.limits;
}

// For one more entry that takes up `bytes`. kResourceExhausted.
[[nodiscard]] Status check_limits(const Store::State& state, const Entry& entry,
                                  std::uint64_t bytes, const Limits& limits);

// `entry` has what is not the object's: action, loss, session and account. It is only ever copied
// where there is no examiner. Nothing is left of it on failure.
[[nodiscard]] Result<Entry> keep_object(Store::State& state, const Object& object, Entry entry,
                                        const Limits& limits, Examiner* examiner);

// The entry gets what is the object's, and a time.
void describe_object(const Store::State& state, const struct stat& info, Entry& entry);

// The store's folder on that device, by number.
[[nodiscard]] std::optional<std::size_t> folder_on(const Store::State& state, dev_t device);

} // namespace bailiff::undo
