// StandingAnswers: answers that are good for more than the one act they answered, approvals and
// denials. What one covers waits like anything else, and is answered at once in the name of who
// gave it. Not kept over a restart of bailiffd: then it is asked for again. I/O thread only.
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

// What else an answer is good for, in the same session or, without one, for the same agent.
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

// For the journal: "3 uses, 600 s, same-object"; empty for the one use of one act.
[[nodiscard]] std::string terms_text(const Terms& terms);

struct StandingAnswer {
    std::string approval;                           // which act it answered first: see Approval::id
    bailiff_verdict verdict = BAILIFF_VERDICT_DENY; // or BAILIFF_VERDICT_ALLOW
    v1::Record asked;                               // of that act
    std::int64_t given = 0;                         // nanoseconds since 1970-01-01 UTC
    std::string by;
    std::string reason;
    Terms terms;
    std::uint32_t uses_left = 0; // where `terms` count uses
    std::uint64_t until = 0;     // nanoseconds of CLOCK_BOOTTIME; 0: no end of its own
    bailiff_event act{};
};

class StandingAnswers {
public:
    // `clock` outlives it.
    explicit StandingAnswers(const Clock& clock) : clock_(clock) {}

    // Keeps what is left of an answer after its first use; nothing where that is nothing. `verdict`
    // is to allow or to deny. kInvalidArgument for a scope that such an act cannot have,
    // kResourceExhausted.
    [[nodiscard]] Status add(const Approval& approval, bailiff_verdict verdict, const Terms& terms,
                             const std::string& by, const std::string& reason);
    // Forgets the answer to that approval, if it stands.
    void withdraw(const std::string& approval);
    // Forgets those of sessions that are over.
    void forget_sessions(const std::function<bool(const std::string&)>& is_over);
    // Takes one use of an answer that covers an act that waits, of a denial rather than of an
    // approval; none where none does.
    [[nodiscard]] std::optional<StandingAnswer> take(const Approval& approval);

    // The answer to that approval; null where it does not stand. Good until the next call.
    [[nodiscard]] const StandingAnswer* find(const std::string& approval);
    // The oldest first. Good until the next call.
    [[nodiscard]] const std::vector<StandingAnswer>& list();
    [[nodiscard]] std::size_t count() const { return answers_.size(); }

private:
    // Null where none covers it.
    [[nodiscard]] StandingAnswer* find_cover(const Approval& approval, bailiff_verdict verdict);
    void forget_old();

    const Clock& clock_;
    std::vector<StandingAnswer> answers_; // the oldest first
};

} // namespace bailiff::decision
