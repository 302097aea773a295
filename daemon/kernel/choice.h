// Which of the BPF object's programs are for the running kernel. Needs root. Any thread.
#pragma once

#include <set>
#include <string>

#include "base/result.h"

struct bpf_object;

namespace bailiff::kernel {

// Switches off what is not to be loaded: the programs in `without`; of two variants of a hook the
// one that does not fit; hooks that came with a later kernel. Returns the optional programs whose
// hook this kernel should have and does not. kFailedPrecondition where a needed one has no hook.
[[nodiscard]] Result<std::set<std::string>> choose_programs(bpf_object* object,
                                                            const std::set<std::string>& without);

} // namespace bailiff::kernel
