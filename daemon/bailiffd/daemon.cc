#include "bailiffd/daemon.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <set>

#include "bailiffd/process_watch.h"
#include "base/file.h"
#include "kernel/detachment.h"

namespace bailiff::daemon {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t kProbeEvery = 60; // seconds
constexpr std::chrono::milliseconds kLeastMountPause{5};
constexpr std::chrono::milliseconds kMostMountPause{100};
constexpr std::chrono::milliseconds kAnswerPause{20};
constexpr std::chrono::hours kNothingToDo{1};

Result<std::string> boot_id() {
    Result<std::string> id = read_file("/proc/sys/kernel/random/boot_id", 128);
    if (id) id->erase(id->find_last_not_of('\n') + 1);
    return id;
}

} // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(const Options& options) {
    std::unique_ptr<Daemon> self(new Daemon(options));
    if (Status opened = self->open_parts(); !opened) return tl::unexpected(opened.error());
    if (Status opened = self->open_manager(); !opened) return tl::unexpected(opened.error());
    self->take_holds();
    self->probe();
    auto server = api::Server::open(self->context_, *self->service_, {.path = options.socket});
    if (!server) return tl::unexpected(server.error());
    self->server_ = std::move(*server);
    self->watch_restored();
    self->note("daemon.started", "started", "bailiffd started: " + self->posture_.state);
    return self;
}

Status Daemon::open_parts() {
    auto port = kernel::Client::connect(options_.kernel_folder);
    if (!port) return tl::unexpected(port.error());
    port_ = std::move(*port);
    const std::string folder = options_.state_folder + "/journal";
    auto writer = journal::Writer::open(folder, clock_);
    if (!writer) return tl::unexpected(writer.error());
    journal_ = std::make_unique<Journal>(std::move(*writer), folder, clock_);
    auto replay = token::ReplayCache::open(options_.state_folder + "/used-tokens", clock_);
    if (!replay) return tl::unexpected(replay.error());
    replay_ = std::move(*replay);
    return {};
}

Status Daemon::open_manager() {
    const Result<std::string> boot = boot_id();
    if (!boot) return tl::unexpected(boot.error());
    lost_events_ = std::make_unique<LostEvents>(options_.state_folder + "/lost-events", *boot);
    containers_ = std::make_unique<session::Containers>(*port_);
    manager_ = std::make_unique<session::Manager>(session::Surroundings{
        *port_, clock_, *replay_,
        [this](v1::Record record) { journal_->record(std::move(record)); },
        [this] {
            auto mounts = session::read_mounts();
            if (mounts && events_) events_->set_mounts(*mounts);
            return mounts;
        },
        options_.state_folder + "/sessions.json", options_.state_folder + "/labels.json", *boot,
        containers_.get(),
        [](std::uint32_t pid) {
            return session::read_mounts("/proc/" + std::to_string(pid) + "/mountinfo");
        }});
    events_ = std::make_unique<session::EventReader>(*manager_, clock_, *containers_);
    ServiceHooks hooks;
    hooks.reload_policy = [this] { return load_policy(); };
    hooks.opened = [this](const session::Session& session) { watch(session); };
    hooks.drain_events = [this] { drain_events(); };
    hooks.posture = [this] { return posture_; };
    hooks.answered = [this] { answers_.cancel(); };
    approvals_ = std::make_unique<decision::Approvals>(*port_, clock_);
    preserver_ = std::make_unique<Preserver>(*port_, *manager_, clock_);
    service_ = std::make_unique<ControlService>(*manager_, *port_, *journal_, *approvals_,
                                                refusals_, clock_, std::move(hooks));
    const Result<std::uint32_t> loaded = load_policy();
    return loaded ? Status() : tl::unexpected(loaded.error());
}

Result<std::uint32_t> Daemon::load_policy() {
    auto policy = policy::load(options_.policy);
    Result<std::uint32_t> revoked =
        policy ? manager_->load_policy(*policy) : tl::unexpected(policy.error());
    if (!revoked) {
        note("policy.refused", "policy",
             "policy refused, the one before stays in force: " + revoked.error().message());
        return revoked;
    }
    service_->set_roles((*policy)->settings.roles);
    service_->add_stores();
    told_.clear();
    tell_notes();
    note("policy.loaded", "policy",
         "policy " + options_.policy + " is in force, sha256 " + (*policy)->digest + ", " +
             std::to_string(*revoked) + " sessions revoked by it");
    return revoked;
}

void Daemon::note(const std::string& kind, const std::string& reason, const std::string& message) {
    v1::Record record;
    record.set_kind(kind);
    record.set_reason(reason);
    record.set_message(message);
    journal_->record(std::move(record));
    spdlog::info("{}", message);
}

// Of many, the rest after whoever else has something to do: the kernel tells of new ones only who
// has taken all of them.
void Daemon::drain_events() {
    std::set<std::string> to_hash;
    const bool more = port_->drain_events([&](const bailiff_event& event) {
        if (waits_to_be_kept(event)) return meet_preserve(event);
        auto record = events_->read(event);
        if (!record) return;
        const v1::Object& object = record->object();
        const bool stale = record->reason() == "not_hashed" || record->reason() == "changed";
        if (stale && !object.path_truncated()) to_hash.insert(object.path());
        refusals_.meet(event, *record);
        if (event.hold == 0) return journal_->record(std::move(*record));
        journal_->record(*record); // before its answer
        meet_hold(event, *record);
    });
    for (const std::string& path : to_hash) manager_->hash_again(path);
    if (!more || std::exchange(drains_again_, true)) return;
    asio::post(context_, [this] {
        drains_again_ = false;
        drain_events();
    });
}

// An act waits until what it destroys is kept, in its turn.
void Daemon::meet_preserve(const bailiff_event& event) {
    preserver_->add(event);
    keeping_.cancel();
}

// What cannot be kept waits for an answer.
void Daemon::meet_not_kept(const Preserver::NotKept& refused) {
    const auto found = port_->find_hold(refused.act.hold);
    if (!found || !found->has_value()) return; // its task is gone
    bailiff_hold row = **found;
    row.event.verdict = BAILIFF_VERDICT_HOLD;
    auto record = events_->read(row.event);
    if (!record) return;
    record->set_message("it was not kept: " + refused.why.message());
    refusals_.meet(row.event, *record);
    journal_->record(*record);
    approvals_->add(row, std::move(*record));
    service_->meet_hold(row.event.hold);
}

// A new act waits, or one waits no more.
void Daemon::meet_hold(const bailiff_event& event, const v1::Record& record) {
    if (event.verdict != BAILIFF_VERDICT_HOLD) return approvals_->settled(event.hold);
    const auto row = port_->find_hold(event.hold);
    if (!row || !row->has_value()) return;
    approvals_->add(**row, record);
    service_->meet_hold(event.hold);
}

// What waited already when this daemon started, or was not told because the ring was full.
void Daemon::take_holds() {
    const auto rows = port_->holds();
    if (!rows) return note("posture", "holds", "what waits: " + rows.error().message());
    for (const bailiff_hold& row : *rows) {
        if (row.event.hold == 0) continue; // half written
        const bool known = approvals_->find(approval_id(row.event.hold)).has_value();
        if (!known && waits_to_be_kept(row.event)) {
            meet_preserve(row.event);
            continue;
        }
        auto record = events_->read(row.event);
        if (!record) continue;
        approvals_->add(row, std::move(*record));
        service_->meet_hold(row.event.hold);
    }
}

// Who detached the programs, if somebody did and nobody has attached them since. Written into the
// journal once, also where no daemon ran when it happened.
std::string Daemon::journal_detachment() {
    const std::string& folder = options_.state_folder;
    Result<kernel::Detachment> found = kernel::load_detachment(folder);
    if (!found) return "";
    if (!found->recorded) {
        v1::Record record;
        record.set_kind("daemon.detached");
        record.set_by(found->by);
        record.set_message("bailiff was " + kernel::describe(*found));
        journal_->record(std::move(record));
        found->recorded = true;
        if (const Status saved = kernel::save_detachment(folder, *found); !saved)
            spdlog::warn("the record of a detachment will come twice: {}", saved.error().message());
    }
    return kernel::describe(*found);
}

void Daemon::probe() {
    const Posture before = posture_;
    judged_with_ = writing();
    const auto probes = port_->posture();
    const std::string detachment = journal_detachment();
    if (probes && !detachment.empty()) kernel::forget_detachment(options_.state_folder);
    posture_ = judge_posture(probes, manager_->tables()->policy().settings.observe, judged_with_,
                             detachment);
    if (!(before == posture_))
        note("posture", posture_.state == "ENFORCING" ? "enforcing" : "not-enforcing",
             "posture " + posture_.state + ": " + posture_.detail +
                 (posture_.remedy.empty() ? "" : "; " + posture_.remedy));
    posture_.pins =
        posture_.kernel.checked_at == 0
            ? before.pins
            : describe_pins(posture_.kernel, before.pins, TimeText(clock_.unix_nanos()).c_str());
    if (posture_.kernel.mended_pins != 0) note("posture", "mended", mended_text(posture_.kernel));
    sd_notifyf(0, "STATUS=%s: %s", posture_.state.c_str(), posture_.detail.c_str());
    const Result<std::uint64_t> counted = port_->counter(BAILIFF_COUNTER_EVENTS_LOST);
    if (const std::uint64_t lost = counted ? lost_events_->news(*counted) : 0; lost > 0)
        note("gap", "ring-full",
             std::to_string(lost) + " kernel events were lost: the ring was full");
}

Writing Daemon::writing() const {
    return {journal_->state(), replay_->state()};
}

// What is to be known about the paths of the policy, once each.
void Daemon::tell_notes() {
    std::set<std::string> now;
    for (const std::string& line : manager_->tables()->notes())
        if (now.insert(line).second && !told_.contains(line)) spdlog::info("policy: {}", line);
    told_ = std::move(now);
}

void Daemon::label_mounts() {
    if (Status done = manager_->relabel(); !done)
        note("posture", "refresh",
             "new mounts are denied until they can be labelled: " + done.error().message());
    else
        tell_notes();
}

void Daemon::every_minute() {
    if (Status done = manager_->refresh(); !done)
        note("posture", "refresh", "labels may be stale: " + done.error().message());
    take_holds();
    service_->add_stores(); // a new bailiff-kernel does not know them
    service_->prune_preserved();
    probe();
}

void Daemon::every_second() {
    drain_events();
    manager_->tick();
    journal_->tick();
    service_->forget_old_answers();
    preserver_->tick();
    keeping_.cancel();
    approvals_->tick([this](const v1::Record& asked) {
        // An agent's without a session has no end.
        return !asked.session().empty() && manager_->is_over(asked.session());
    });
    for (const std::string& notice : manager_->take_notices())
        note("posture", "keys", "token keys: " + notice);
    if (++ticks_ % kProbeEvery == 0) every_minute();
    replay_->retry();
    if (!writing().same_as(judged_with_) || kernel::is_new_detachment(options_.state_folder))
        probe();
}

asio::awaitable<void> Daemon::tick() {
    asio::steady_timer timer(context_);
    while (true) {
        timer.expires_after(std::chrono::seconds(1));
        co_await timer.async_wait(asio::use_awaitable);
        every_second();
    }
}

// A signal to go on can be lost where another act of the same process waits: it is sent again until
// the answer is taken.
asio::awaitable<void> Daemon::let_go_on() {
    while (true) {
        answers_.expires_after(approvals_->hurries() ? kAnswerPause : kNothingToDo);
        boost::system::error_code woken;
        co_await answers_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (!approvals_->hurries()) continue;
        drain_events();
        approvals_->tick([](const v1::Record&) { return false; });
    }
}

// One act at a time: a copy may take a while, and whoever revokes a session between two of them is
// not to wait for all.
asio::awaitable<void> Daemon::keep_in_turn() {
    while (true) {
        keeping_.expires_after(preserver_->has_work() ? std::chrono::seconds(0) : kNothingToDo);
        boost::system::error_code woken;
        co_await keeping_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (const auto refused = preserver_->next()) meet_not_kept(*refused);
    }
}

asio::awaitable<void> Daemon::read_ring() {
    asio::posix::stream_descriptor ring(context_, dup(port_->events_fd()));
    while (true) {
        co_await ring.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
        drain_events();
    }
}

// The kernel marks /proc/self/mountinfo with POLLPRI when a mount changes (proc(5)), once for each
// change: nobody else may poll the descriptor.
asio::awaitable<void> Daemon::watch_mounts() {
    asio::posix::stream_descriptor mounts(context_,
                                          open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
    asio::steady_timer pause(context_);
    while (true) {
        co_await mounts.async_wait(asio::posix::stream_descriptor::wait_error, asio::use_awaitable);
        // At once: a container's first program starts some moments after its root is mounted. Then
        // once more for what changed meanwhile, however much that was, after as long a pause as
        // labelling takes: its root may be among that.
        const auto begun = std::chrono::steady_clock::now();
        label_mounts();
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begun);
        pause.expires_after(std::clamp(took, kLeastMountPause, kMostMountPause));
        co_await pause.async_wait(asio::use_awaitable);
        label_mounts();
    }
}

asio::awaitable<void> Daemon::handle_signals() {
    asio::signal_set signals(context_, SIGTERM, SIGINT, SIGHUP);
    while (true) {
        const int signal = co_await signals.async_wait(asio::use_awaitable);
        if (signal != SIGHUP) {
            stop({});
            co_return;
        }
        (void)load_policy();
    }
}

asio::awaitable<void> Daemon::watch_leader(std::string session, pid_t pid,
                                           std::uint64_t start_time) {
    co_await until_gone(pid, start_time);
    drain_events();
    manager_->leader_gone(session);
}

void Daemon::watch(const session::Session& session) {
    if (session.leader_gone) return; // a control group has no first process
    asio::co_spawn(context_, watch_leader(session.name, session.pid, session.start_time),
                   asio::detached);
}

void Daemon::watch_restored() {
    for (const session::Session* session : manager_->list())
        if (session->state == session::State::kActive) watch(*session);
}

void Daemon::stop(Status why) {
    result_ = std::move(why);
    context_.stop();
}

Status Daemon::run() {
    const auto fatal = [this](const std::exception_ptr& error) {
        if (!error) return;
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& cause) {
            stop(fail(ErrorCode::kInternal, cause.what()));
        }
    };
    asio::co_spawn(context_, tick(), fatal);
    asio::co_spawn(context_, let_go_on(), fatal);
    asio::co_spawn(context_, keep_in_turn(), fatal);
    asio::co_spawn(context_, read_ring(), fatal);
    asio::co_spawn(context_, watch_mounts(), fatal);
    asio::co_spawn(context_, handle_signals(), fatal);
    sd_notify(0, "READY=1");
    context_.run();
    sd_notify(0, "STOPPING=1");
    drain_events();
    note("daemon.stopped", "stopped",
         "bailiffd stopped; rules and sessions stay in force in the kernel");
    server_.reset();
    journal_->close();
    return result_;
}

} // namespace bailiff::daemon
