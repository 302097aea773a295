#include <algorithm>
#include <filesystem>

#include "journal/utf8.h"
#include "policy/narrower.h"
#include "session/boot_time.h"
#include "session/manager.h"

namespace bailiff::session {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kMaxNote = 1024;
constexpr std::uint64_t kTick = 10'000'000; // nanoseconds; USER_HZ is 100

std::vector<std::string> presenter_names(uid_t uid, const std::string& account) {
    std::vector<std::string> names;
    if (!account.empty()) names.push_back(account);
    names.push_back(std::to_string(uid));
    return names;
}

// Are all of `narrow` among `wide`?
template <typename T>
bool within(const std::vector<T>& narrow, const std::vector<T>& wide) {
    return std::all_of(narrow.begin(), narrow.end(), [&](const T& item) {
        return std::find(wide.begin(), wide.end(), item) != wide.end();
    });
}

Status check_presence(const Presenter& presenter) {
    if (presenter.still_there()) return {};
    return fail(ErrorCode::kFailedPrecondition,
                "the process that presented the token is gone or is another one now");
}

// A path that is not UTF-8 can stand in no answer of the API and in no state file.
Status check_path(const char* what, const std::string& path) {
    if (journal::is_utf8(path)) return {};
    return fail(ErrorCode::kInvalidArgument, std::string(what) + " " + journal::to_utf8(path) +
                                                 " has a name that is not UTF-8; rename it");
}

// Why a token cannot renew a session, or nothing.
std::string why_not_renewal(const token::Token& before, const token::Token& now) {
    if (now.issuer != before.issuer) return "it is of another issuer";
    if (now.subject != before.subject) return "it is for another user, " + now.subject;
    if (now.actors != before.actors || now.actor_source != before.actor_source)
        return "its chain of actors differs";
    if (now.task != before.task) return "it is for another task, \"" + now.task + "\"";
    if (!within(now.scopes, before.scopes)) return "its scope is wider";
    if (!within(now.details, before.details)) return "its authorization_details are wider";
    return "";
}

} // namespace

std::string presented_by(const Presenter& presenter) {
    return "uid " + std::to_string(presenter.uid) +
           (presenter.account.empty() ? "" : " (" + presenter.account + ")");
}

Result<policy::Grant> Manager::grant_for(const policy::Policy& policy, const token::Token& token,
                                         uid_t uid, const std::string& account) const {
    policy::Facts facts;
    facts.issuer = token.issuer;
    facts.subject = token.subject;
    facts.groups = token.groups;
    facts.actor_issuer = token.actors.front().issuer;
    facts.actor = token.actors.front().subject;
    facts.task = token.task;
    facts.scopes = token.scopes;
    for (const token::AuthorizationDetail& detail : token.details)
        facts.actions.insert(facts.actions.end(), detail.actions.begin(), detail.actions.end());
    return policy::grant(policy, facts, presenter_names(uid, account));
}

Result<const Session*> Manager::refuse(const Error& error, const token::Token* token,
                                       const Presenter& presenter) {
    v1::Record record;
    record.set_kind("session.refused");
    if (token != nullptr) {
        describe_token(*token, record);
        record.set_token_digest(token->digest);
    }
    record.mutable_process()->set_pid(static_cast<std::uint32_t>(presenter.pid));
    record.mutable_process()->set_uid(presenter.uid);
    record.set_by(presented_by(presenter));
    record.set_message("session refused: " + error.message());
    world_.record(std::move(record));
    return tl::unexpected(error);
}

Result<kernel::ResolvedPath> Manager::look(const kernel::View& view,
                                           const std::string& path) const {
    return view.is_host() ? world_.port.resolve(path) : world_.port.resolve_in(view, path);
}

// The root folder of a process in a container, or in another root folder for other reasons. Whoever
// makes such a root says what is in its /usr/bin.
Result<std::optional<kernel::RootFolder>> Manager::other_root(const Target& target) const {
    const kernel::View view{static_cast<std::uint32_t>(target.pid), target.start_time, ""};
    const auto its = world_.port.resolve_in(view, "/");
    world_.port.forget(view); // nothing is kept open for who is refused
    const auto ours = world_.port.resolve("/");
    if (!its || !ours) return tl::unexpected(!its ? its.error() : ours.error());
    const kernel::RootFolder folder = kernel::folder_of(its->inode);
    if (folder == kernel::folder_of(ours->inode)) return std::nullopt;
    if (!target.may_have_other_root)
        return fail(ErrorCode::kPermissionDenied,
                    "process " + std::to_string(target.pid) +
                        " has a root folder of its own; to bind what is in a container needs the "
                        "role operator");
    return folder;
}

Result<std::string> Manager::workspace(const kernel::View& view, const std::string& wanted) const {
    if (wanted.empty()) return std::string();
    const Result<kernel::ResolvedPath> found = look(view, wanted);
    if (!found)
        return fail(ErrorCode::kInvalidArgument,
                    "workspace " + wanted + ": " + found.error().message());
    if (Status usable = check_path("workspace", found->path); !usable)
        return tl::unexpected(usable.error());
    if ((found->inode.mode & S_IFMT) != S_IFDIR)
        return fail(ErrorCode::kInvalidArgument, "workspace " + wanted + " is not a folder");
    for (const std::string& root : tables_->policy().settings.workspace_roots) {
        const Result<kernel::ResolvedPath> real = look(view, root);
        // In a container a link is not the operator's.
        if (real && !view.is_host() && !policy::leads_to_itself(root, real->path)) continue;
        const std::string prefix = real ? (real->path == "/" ? "/" : real->path + "/") : "";
        if (real && found->path.starts_with(prefix) && found->path != real->path)
            return found->path;
    }
    return fail(ErrorCode::kPermissionDenied,
                "workspace " + found->path + " is not below one of the policy's workspace_roots");
}

// The folder itself where the account's home is a symbolic link: links are not followed later.
Result<std::string> Manager::real_home(const kernel::View& view, const std::string& home) const {
    if (home.empty()) return home;
    const Result<kernel::ResolvedPath> found = look(view, home);
    if (!found && found.error().code() != ErrorCode::kNotFound)
        return tl::unexpected(found.error());
    const std::string& path = found ? found->path : home;
    if (Status usable = check_path("home", path); !usable) return tl::unexpected(usable.error());
    return path;
}

Status Manager::take_slots(Session& session) {
    const auto mine = std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
        return entry.second.state == State::kActive && entry.second.uid == session.uid;
    });
    if (mine >= static_cast<std::ptrdiff_t>(kMaxSessionsPerUid))
        return fail(ErrorCode::kResourceExhausted, "uid " + std::to_string(session.uid) + " has " +
                                                       std::to_string(mine) +
                                                       " open sessions, which is the limit");
    const auto slot = session_slots_.take();
    const auto subject = slot ? subject_slots_.take() : std::nullopt;
    if (slot && !subject) session_slots_.give_back(*slot);
    if (!slot || !subject)
        return fail(ErrorCode::kResourceExhausted, "every session slot of the kernel is in use");
    session.slot = static_cast<std::uint16_t>(*slot);
    session.subject = *subject;
    const Result<bailiff_session> old_session = world_.port.get_session(*slot);
    const Result<bailiff_subject> old_subject = world_.port.get_subject(*subject);
    if (!old_session || !old_subject) {
        session_slots_.give_back(*slot);
        subject_slots_.give_back(*subject);
        return tl::unexpected(!old_session ? old_session.error() : old_subject.error());
    }
    // Tasks of who had the slot before keep the older number, and are denied everything. Tables
    // that were made anew begin at 0 again, while an event must not be taken for that of a session
    // before.
    session.epoch = old_session->epoch + 1;
    session.generation = old_subject->generation + 1;
    for (const auto& [name, known] : sessions_) {
        if (known.slot == session.slot) session.epoch = std::max(session.epoch, known.epoch + 1);
        if (known.subject == session.subject)
            session.generation = std::max(session.generation, known.generation + 1);
    }
    return {};
}

Status Manager::write_rows(Session& session, const bailiff_mask& profiles) {
    bailiff_subject row = {};
    row.profiles = profiles;
    row.session = session.slot;
    row.session_epoch = session.epoch;
    row.policy = tables_->slot();
    row.generation = session.generation;
    if (Status written = world_.port.put_subject(session.subject, row); !written) return written;
    return write_session_row(session, BAILIFF_SESSION_ACTIVE);
}

void Manager::describe_container(const Session& session, v1::Process& process) const {
    if (world_.containers == nullptr) return;
    const auto pid = static_cast<std::uint32_t>(session.pid);
    const v1::Container* found = session.cgroup.empty()
                                     ? world_.containers->find(pid, session.start_time * kTick, 0)
                                     : world_.containers->find(session.cgroup);
    if (found != nullptr) *process.mutable_container() = *found;
}

// The tasks that are the session's from now on.
Result<std::uint32_t> Manager::enrol(const Session& session, const OpenRequest& request,
                                     const Presenter& presenter) {
    if (!request.target)
        return world_.port.enrol(static_cast<std::uint32_t>(presenter.pid), presenter.start_time,
                                 session.subject, session.generation);
    // What enters the cgroup from now on is the session's, before those that are in it are listed.
    if (!session.cgroup.empty())
        if (Status written = write_matches(&session); !written)
            return tl::unexpected(written.error());
    auto tasks =
        world_.port.enrol_target(request.target->kernel, session.subject, session.generation);
    if (tasks && !request.target->still_there())
        return fail(ErrorCode::kFailedPrecondition, "what the session was to be bound to is gone");
    return tasks;
}

Result<const Session*> Manager::open(const OpenRequest& request, const Presenter& presenter,
                                     std::uint32_t* enrolled_tasks) {
    const Result<token::Token> verified =
        verifier_->verify(request.token, request.proof, {"POST", kProofUri});
    if (!verified) return refuse(verified.error(), nullptr, presenter);
    const token::Token& token = *verified;
    const Result<policy::Grant> grant =
        grant_for(tables_->policy(), token, presenter.uid, presenter.account);
    if (!grant) return refuse(grant.error(), &token, presenter);
    Result<std::optional<kernel::RootFolder>> container = std::nullopt;
    if (request.target) container = other_root(*request.target);
    if (!container) return refuse(container.error(), &token, presenter);
    Session session;
    session.pid = request.target ? request.target->pid : presenter.pid;
    session.start_time = request.target ? request.target->start_time : presenter.start_time;
    session.container_root = *container;
    const kernel::View view = view_of(session);
    const Result<std::string> folder = workspace(view, request.workspace);
    if (!folder) return refuse(folder.error(), &token, presenter);
    const Result<std::string> home =
        real_home(view, request.target ? request.target->home : presenter.home);
    if (!home) return refuse(home.error(), &token, presenter);
    if (request.task_note.size() > kMaxNote)
        return refuse({ErrorCode::kInvalidArgument, "the task note is longer than 1024 bytes"},
                      &token, presenter);
    if (request.target)
        if (const auto fit = world_.port.check_target(request.target->kernel); !fit)
            return refuse(fit.error(), &token, presenter);
    const Result<Id> id = new_id(world_.clock.unix_nanos());
    const Result<Sights> sights = look_around(&session);
    if (!id || !sights) return refuse(!id ? id.error() : sights.error(), &token, presenter);
    session.id = *id;
    session.name = session_name(*id);
    session.token = token;
    session.agent = tables_->policy().settings.agents[grant->agent].name;
    session.profiles = grant->names;
    session.variables = {*folder, *home};
    session.task_note = request.task_note;
    session.wait_tree = request.wait_tree;
    session.kill = grant->kill;
    session.uid = presenter.uid;
    if (request.target) {
        session.cgroup = request.target->cgroup;
        session.cgroup_id = request.target->kernel.cgroup;
    }
    if (!session.cgroup.empty()) session.wait_tree = session.leader_gone = true;
    session.started_at = world_.clock.unix_nanos();
    session.started_boot = world_.clock.boot_nanos();
    session.expires_boot = boot_time_of(token.expires_at, world_.clock);
    if (Status taken = take_slots(session); !taken) return refuse(taken.error(), &token, presenter);

    // From here on a failure has to give the slots back. The token is used up last of all checks.
    Status step = world_.replay.consume(token.issuer, token.id, token.expires_at);
    if (step) step = tables_->bind(session.slot, {session.variables, view}, *sights);
    if (step) step = write_rows(session, grant->profiles);
    // What runs already is asked for first: nothing takes a task back that is enrolled.
    if (step && request.target) step = check_presence(presenter);
    if (step) {
        const auto tasks = enrol(session, request, presenter);
        if (!tasks) step = tl::unexpected(tasks.error());
        if (tasks && enrolled_tasks != nullptr) *enrolled_tasks = *tasks;
    }
    if (step && !request.target) step = check_presence(presenter);
    if (!step) {
        tables_->unbind(session.slot);
        if (!session.cgroup.empty()) (void)write_matches();
        const Status closed = write_session_row(session, BAILIFF_SESSION_REVOKED);
        session_slots_.give_back(session.slot);
        subject_slots_.give_back(session.subject);
        return refuse(closed ? step.error() : closed.error(), &token, presenter);
    }
    Session& kept = sessions_[session.name] = std::move(session);
    std::string message = kept.token.subject + " through " + kept.token.actors[0].subject +
                          " opened session " + kept.name;
    if (request.target)
        message += kept.cgroup.empty() ? " for process " + std::to_string(kept.pid)
                                       : " for control group " + kept.cgroup;
    v1::Record record = record_of("session.opened", kept, message);
    record.mutable_process()->set_pid(static_cast<std::uint32_t>(kept.pid));
    record.mutable_process()->set_uid(kept.uid);
    describe_container(kept, *record.mutable_process());
    record.set_by(presented_by(presenter));
    world_.record(std::move(record));
    save();
    return &kept;
}

Result<const Session*> Manager::renew(const std::string& name, const std::string& token,
                                      const std::string& proof, const Presenter& presenter) {
    Session* session = lookup(name);
    if (session == nullptr) return fail(ErrorCode::kNotFound, "no session " + name + " is known");
    const Result<token::Token> fresh = verifier_->verify(token, proof, {"POST", kProofUri});
    if (!fresh) return refuse(fresh.error(), nullptr, presenter);
    if (session->state != State::kActive || world_.clock.boot_nanos() >= session->expires_boot)
        return refuse({ErrorCode::kFailedPrecondition, "session " + name + " is over"}, &*fresh,
                      presenter);
    if (const std::string why = why_not_renewal(session->token, *fresh); !why.empty())
        return refuse(
            {ErrorCode::kPermissionDenied, "this token cannot renew session " + name + ": " + why},
            &*fresh, presenter);
    const Result<policy::Grant> grant =
        grant_for(tables_->policy(), *fresh, presenter.uid, presenter.account);
    if (!grant) return refuse(grant.error(), &*fresh, presenter);
    if (const std::string why =
            policy::why_not_narrower(tables_->policy(), session->profiles, grant->names);
        !why.empty())
        return refuse(
            {ErrorCode::kPermissionDenied, "the policy would give it wider rights: " + why},
            &*fresh, presenter);
    if (Status used = world_.replay.consume(fresh->issuer, fresh->id, fresh->expires_at); !used)
        return refuse(used.error(), &*fresh, presenter);
    Session next = *session;
    next.token = *fresh;
    next.profiles = grant->names;
    next.kill = grant->kill; // no renewal takes it back: see why_not_narrower()
    next.warned = false;
    next.expires_boot = boot_time_of(fresh->expires_at, world_.clock);
    if (Status written = write_rows(next, grant->profiles); !written)
        return refuse(written.error(), &*fresh, presenter);
    *session = std::move(next);
    v1::Record record = record_of("session.renewed", *session, "session " + name + " was renewed");
    record.set_by(presented_by(presenter));
    world_.record(std::move(record));
    save();
    return session;
}

} // namespace bailiff::session
