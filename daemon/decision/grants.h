// Grants: approvals that are good for more than the one act they answered. What a grant covers
// waits like anything else, and is answered at once in the name of who gave it. Not kept over a
// restart of bailiffd: then it is asked for again. I/O thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "decision/approvals.h"

namespace bailiff::decision {

// What else an approval is good for, in the same session or, without one, for the same agent.
enum class Scope {
    kThis,   // the very same act by the same command
    kObject, // the same right on the same object; not a rename or a link, which have two
    kClass,  // the same right on any object; the same
};

// "this", "same-object", "same-class-this-session"; "" is "this". kInvalidArgument.
[[nodiscard]] Result<Scope> parse_scope(const std::string& text);
[[nodiscard]] std::string_view scope_name(Scope scope);

struct Terms {
    Scope scope = Scope::kThis;
    std::uint32_t uses = 0;    // acts in all; 0: as many as there are in `seconds`
    std::uint32_t seconds = 0; // 0: until the session ends
};

// Terms that are one use of one act, if nothing else was said. kInvalidArgument where they say too
// much, or a scope and no end.
[[nodiscard]] Result<Terms> complete(Terms terms);

struct Grant {
    std::string approval; // whose answer it was
    std::string session;  // empty: of an agent without one
    std::string by;
    std::string reason;
    Terms terms;
    std::uint32_t uses_left = 0;
    std::uint64_t until = 0; // nanoseconds of CLOCK_BOOTTIME; 0: no end of its own
    bailiff_event act{};
    v1::Process process;
};

class Grants {
public:
    explicit Grants(const Clock& clock) : clock_(clock) {}

    // Keeps what is left of an approval after its first use; nothing where that is nothing.
    // kInvalidArgument for a scope that such an act cannot have, kResourceExhausted.
    [[nodiscard]] Status add(const Approval& approval, const Terms& terms, const std::string& by,
                             const std::string& reason);
    // Forgets the grant of that approval.
    void withdraw(const std::string& approval);
    // Forgets those of sessions that are over.
    void forget_sessions(const std::function<bool(const std::string&)>& is_over);
    // Takes one use of a grant that covers an act that waits; none where none does.
    [[nodiscard]] std::optional<Grant> take(const Approval& approval);
    [[nodiscard]] std::size_t count() const { return grants_.size(); }

private:
    void forget_old();

    const Clock& clock_;
    std::vector<Grant> grants_;
};

} // namespace bailiff::decision
