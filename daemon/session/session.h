// Session: one delegated authority as the daemon knows it. Plain value; I/O thread only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bailiff/journal.pb.h"
#include "base/ids.h"
#include "kernel/port.h"
#include "policy/eval.h"
#include "token/token.h"

namespace bailiff::session {

enum class State { kActive, kExpired, kEnded, kRevoked };

[[nodiscard]] const char* to_string(State state);
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

struct Session {
    Id id{};
    std::string name; // session_name(id)
    State state = State::kActive;
    std::string why; // why it is over

    // Where it lies in the kernel's tables.
    std::uint16_t slot = 0;
    std::uint32_t epoch = 0;
    std::uint32_t subject = 0;
    std::uint32_t generation = 0;

    token::Token token;                // what the issuer vouched for; not the token itself
    std::string agent;                 // name of the policy's entry
    std::vector<std::string> profiles; // layer:profile
    policy::Variables variables;

    // What the caller said and who it was.
    std::string task_note;
    bool wait_tree = false;
    bool kill = false; // what is left of it when it is over (on_end)
    uid_t uid = 0;
    pid_t pid = 0;
    std::uint64_t start_time = 0; // of pid, clock ticks since boot
    std::string cgroup;           // path of the control group that is bound to it; empty where none
    std::uint64_t cgroup_id = 0;
    // Set: its paths are those that `pid` sees, in this root folder of its own.
    std::optional<kernel::RootFolder> container_root;

    std::int64_t started_at = 0;    // Unix nanoseconds
    std::uint64_t started_boot = 0; // nanoseconds of CLOCK_BOOTTIME
    std::int64_t ended_at = 0;      // Unix nanoseconds; 0 while active
    std::uint64_t expires_boot = 0; // nanoseconds of CLOCK_BOOTTIME
    std::uint64_t relaxed_boot = 0; // until when break-glass relaxes it, as expires_boot; 0: not
    bool warned = false;            // the record that precedes expiry is written
    bool leader_gone = false;       // the first process has exited
};

// Where the session's paths are looked up.
[[nodiscard]] kernel::View view_of(const Session& session);

// A record of `kind` with everything that the session says about who and what for.
[[nodiscard]] v1::Record record_of(const std::string& kind, const Session& session,
                                   const std::string& message);

// Its row in the kernel's table of sessions.
[[nodiscard]] bailiff_session row_of(const Session& session, bailiff_session_state state);

void describe_token(const token::Token& token, v1::Record& record);

} // namespace bailiff::session
