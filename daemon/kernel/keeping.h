// Keeping: what the privileged socket answers about the undo store. Root; one thread.
#pragma once

#include <string>

#include "base/result.h"
#include "kernel/programs.h"
#include "kernel/wire.h"
#include "undo/store.h"

namespace bailiff::kernel {

class Keeping {
public:
    // Without a store nothing is kept, and each question is answered with why. `programs` outlives
    // it.
    Keeping(Programs& programs, Result<undo::Store> store)
        : programs_(programs), store_(std::move(store)) {}

    [[nodiscard]] Status keep(const Request& request, Reply& reply);
    [[nodiscard]] Status list(const Request& request, Reply& reply) const;
    [[nodiscard]] Status find(const Request& request, Reply& reply) const;
    [[nodiscard]] Status restore(const Request& request, Reply& reply);
    [[nodiscard]] Status prune(const Request& request, Reply& reply);
    [[nodiscard]] Status add_folder(const Request& request);

private:
    [[nodiscard]] Status available() const;

    Programs& programs_;
    Result<undo::Store> store_;
};

} // namespace bailiff::kernel
