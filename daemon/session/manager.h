// Manager: opens, binds, renews, ends and revokes sessions. The only writer of the kernel's session
// and subject rows. Owned by bailiffd; I/O thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kernel/port.h"
#include "policy/policy.h"
#include "session/container.h"
#include "session/file_contents.h"
#include "session/label_archive.h"
#include "session/policy_tables.h"
#include "session/session.h"
#include "session/slots.h"
#include "session/state_file.h"
#include "token/replay_cache.h"
#include "token/verifier.h"

namespace bailiff::session {

inline constexpr std::size_t kMaxSessionsPerUid = 256;
// htu of every proof, also of those for renewals; their htm is POST. Part of the contract: see
// control.proto.
inline constexpr const char* kProofUri = "bailiff://control/OpenSession";

// Who presents a token, as the kernel says.
struct Presenter {
    uid_t uid = 0;
    std::string account; // local name; empty where the uid has none
    std::string home;    // its folder
    pid_t pid = 0;
    std::uint64_t start_time = 0;      // clock ticks since boot
    std::function<bool()> still_there; // is it the same process, still connected?
};

// What a session is opened for, where it is not who presents the token.
struct Target {
    kernel::Target kernel;
    pid_t pid = 0;                     // the process, or the first one that was found in the cgroup
    std::uint64_t start_time = 0;      // of that, clock ticks since boot
    std::string cgroup;                // path of the control group; empty where it is a process
    std::string home;                  // of the process's account
    bool may_have_other_root = false;  // may it be in a container?
    std::function<bool()> still_there; // the same process, or cgroup, as before?
};

struct OpenRequest {
    std::string token;
    std::string proof;
    std::string workspace;
    std::string task_note;
    bool wait_tree = false;
    std::optional<Target> target = std::nullopt;
};

// What the manager needs of the world.
struct Surroundings {
    kernel::KernelPort& port;
    const Clock& clock;
    token::ReplayCache& replay;
    std::function<void(v1::Record)> record;
    std::function<Result<std::vector<Mount>>()> mounts;
    std::string state_file;
    std::string labels_file;
    std::string boot_id;
    Containers* containers = nullptr; // null: no record of the manager's names one
    // What a process has mounted, with the paths that it sees; null: no container is looked into.
    std::function<Result<std::vector<Mount>>(std::uint32_t pid)> mounts_of = nullptr;
};

class Manager {
public:
    explicit Manager(Surroundings surroundings);

    // Puts a policy in force, for the sessions that are open as well: one that the new policy
    // gives nothing is revoked. On an error the old one stands. Returns how many were revoked.
    // The first call takes up the sessions of a daemon before this one.
    [[nodiscard]] Result<std::uint32_t> load_policy(std::shared_ptr<const policy::Policy> policy);

    // kUnauthenticated, kPermissionDenied, kAlreadyExists (reused token), kInvalidArgument,
    // kResourceExhausted; for a target also the errors of KernelPort::check_target. Every refusal
    // is recorded.
    [[nodiscard]] Result<const Session*> open(const OpenRequest& request,
                                              const Presenter& presenter,
                                              std::uint32_t* enrolled_tasks);
    // A later end for a session that is active, by a token of the same user, chain of actors and
    // task that gives no more. The errors of open(), kNotFound, and kFailedPrecondition for a
    // session that is over. Every refusal but kNotFound is recorded.
    [[nodiscard]] Result<const Session*> renew(const std::string& name, const std::string& token,
                                               const std::string& proof,
                                               const Presenter& presenter);
    // `by` says who, for the journal. kNotFound; a session that is over already stays as it is.
    [[nodiscard]] Result<const Session*> end(const std::string& name, const std::string& why,
                                             const std::string& by);
    // The same, as taken back. kNotFound, and kFailedPrecondition for a session that is over.
    [[nodiscard]] Result<const Session*> revoke(const std::string& name, const std::string& reason,
                                                const std::string& by);

    // Relaxes an active session for a while: what its rules for programs, files and addresses deny
    // is let through and recorded. `token` is one that token::Verifier::verify_break_glass() takes,
    // for this session, used once. The errors of open(), kNotFound, and kFailedPrecondition for a
    // session that is over. Every refusal but kNotFound is recorded.
    [[nodiscard]] Result<const Session*> break_glass(const std::string& name,
                                                     const std::string& token,
                                                     const std::string& reason,
                                                     const Presenter& presenter);
    // RFC 3339; empty where the session is not relaxed.
    [[nodiscard]] std::string relaxed_until(const Session& session) const;

    // Null where there is none. Sessions that are over are known for an hour.
    [[nodiscard]] const Session* find(const std::string& name) const;
    // Is it over, or not known any more?
    [[nodiscard]] bool is_over(const std::string& name) const;
    [[nodiscard]] const Session* find_slot(std::uint32_t slot, std::uint32_t epoch) const;
    // The open session of a subject slot, else the last that is known to have had it.
    [[nodiscard]] const Session* find_subject(std::uint32_t subject) const;
    // The session whose tasks have this slot and generation, open or over; null where none is
    // known.
    [[nodiscard]] const Session* find_subject(std::uint32_t subject,
                                              std::uint32_t generation) const;
    // The agent whose processes have this subject slot with no session; empty if none.
    [[nodiscard]] std::string unbound_agent(std::uint32_t subject) const;
    // The same of a task's slot and generation: an agent that had the slot before is not meant.
    [[nodiscard]] std::string unbound_agent(std::uint32_t subject, std::uint32_t generation) const;
    [[nodiscard]] std::vector<const Session*> list() const;

    // The first process of a session has exited.
    void leader_gone(const std::string& name);
    // Warnings, expiry, trees that emptied; to be called every second.
    void tick();
    // Mounts changed.
    [[nodiscard]] Status relabel();
    // The same, and what has come to be an agent; to be called every minute.
    [[nodiscard]] Status refresh();

    // What the key sets had to say since the last call, for the log.
    [[nodiscard]] std::vector<std::string> take_notices() { return verifier_->take_notices(); }

    [[nodiscard]] const PolicyTables* tables() const { return tables_.get(); }

    // What files hold whose contents rules list.
    [[nodiscard]] const FileContents& contents() const { return contents_; }
    // A denial said that the file's content is not known, or no longer.
    void hash_again(const std::string& path) { contents_.hash(path); }

    // The rule behind a kernel event, also of the policy before a reload and of a daemon before
    // this one; with the profile's name.
    struct Explanation {
        policy::RuleSource rule;
        std::string profile;
    };
    [[nodiscard]] Explanation explain(const bailiff_event& event) const;

private:
    class Change;
    using Grants = std::map<std::string, Result<policy::Grant>>; // by the session's name
    [[nodiscard]] Result<const Session*> refuse(const Error& error, const token::Token* token,
                                                const Presenter& presenter);
    [[nodiscard]] Result<kernel::ResolvedPath> look(const kernel::View& view,
                                                    const std::string& path) const;
    [[nodiscard]] Result<std::optional<kernel::RootFolder>> other_root(const Target& target) const;
    [[nodiscard]] Result<std::string> workspace(const kernel::View& view,
                                                const std::string& wanted) const;
    [[nodiscard]] Result<std::string> real_home(const kernel::View& view,
                                                const std::string& home) const;
    [[nodiscard]] Result<Sights> look_around(const Session* extra = nullptr);
    [[nodiscard]] Status write_rows(Session& session, const bailiff_mask& profiles);
    [[nodiscard]] Status write_session_row(const Session& session, bailiff_session_state state);
    [[nodiscard]] Status take_slots(Session& session);
    [[nodiscard]] Result<std::uint32_t> enrol(const Session& session, const OpenRequest& request,
                                              const Presenter& presenter);
    [[nodiscard]] Status write_matches(const Session* extra = nullptr);
    [[nodiscard]] Result<policy::Grant> grant_for(const policy::Policy& policy,
                                                  const token::Token& token, uid_t uid,
                                                  const std::string& account) const;
    [[nodiscard]] Result<const Session*> refuse_break_glass(const Session& session,
                                                            const Error& error,
                                                            const std::string& by);
    void end_break_glass(Session& session);
    void close(Session& session, State state, const std::string& why, const std::string& by);
    void kill_leftovers();
    void save();
    void save_labels();
    void note_state_file(const std::string& message) const;
    [[nodiscard]] Status restore();
    [[nodiscard]] Status take_up(const SavedState& saved);
    [[nodiscard]] Status close_unknown_sessions();
    [[nodiscard]] Status close_unknown_agents();
    [[nodiscard]] Result<std::uint8_t> free_policy_slot() const;
    [[nodiscard]] Status move_kernel(const policy::Policy& policy, std::uint8_t policy_slot,
                                     const Grants& grants);
    [[nodiscard]] Status move_sessions(std::uint8_t policy_slot, const Grants& grants,
                                       Change& change);
    [[nodiscard]] std::uint32_t settle_sessions(const Grants& grants);
    [[nodiscard]] Status write_agent_subjects(const policy::Policy& policy,
                                              std::uint8_t policy_slot, Change& change);
    [[nodiscard]] Status write_agents(const policy::Policy& policy);
    [[nodiscard]] Status write_no_session();
    void describe_container(const Session& session, v1::Process& process) const;
    void note(const char* reason, const std::string& message) const;
    void note_unwatched(const std::vector<kernel::Adopted>& found) const;
    Session* lookup(const std::string& name);

    Surroundings world_;
    std::unique_ptr<token::Verifier> verifier_;
    std::unique_ptr<PolicyTables> tables_;
    std::unique_ptr<PolicyTables> previous_; // for events that it decided
    FileContents contents_;
    LabelArchive archive_;
    std::size_t archived_labels_ = 0;
    std::map<std::string, Session> sessions_; // by name, and so by age
    std::map<std::string, std::uint32_t> agent_subjects_;
    std::vector<kernel::AgentMatch> agent_matches_; // the policy's; bound cgroups are not in it
    std::vector<std::string> agent_notes_;          // told already
    Slots session_slots_;
    Slots subject_slots_;
    std::set<kernel::View> views_; // of the last look_around()
    bool restored_ = false;
    bool first_policy_ = false; // the kernel's tables were empty before the policy that is loaded

    // A session that is over and whose processes are to be killed.
    struct Leftovers {
        std::string session;
        std::uint32_t subject;
        std::uint32_t generation;
        bool told = false; // that it cannot be done yet
    };
    std::vector<Leftovers> to_kill_;
};

// "uid 1000 (alice)", for the journal.
[[nodiscard]] std::string presented_by(const Presenter& presenter);

// The verifier's view of a policy.
[[nodiscard]] std::vector<token::IssuerConfig> issuers_of(const policy::Settings& settings);

} // namespace bailiff::session
