// Ending all enforcement: the lock that whoever changes the pins holds, and their removal. Root;
// one thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::kernel {

// Locks the folder of pins, made if it is missing: one process at a time may load, probe or detach
// there. kAlreadyExists where another does.
[[nodiscard]] Result<UniqueFd> lock_pins(const std::string& pin_root);

// Removes every pin below `pin_root`. What was enforced is enforced no more, once nobody holds the
// programs, and what waited goes on.
[[nodiscard]] Status remove_pins(const std::string& pin_root);

// Stops the bailiff-kernel that answers in `run_folder`, if one does, and removes the pins. A
// subject is refused by the kernel before anything is done: kPermissionDenied. kNotFound where
// nothing is attached.
[[nodiscard]] Status detach(const std::string& pin_root, const std::string& run_folder);

} // namespace bailiff::kernel
