#include "ctl/detach.h"

#include <syslog.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <optional>

#include "bailiff/control.pb.h"
#include "base/account.h"
#include "base/clock.h"
#include "base/file.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "journal/describe.h"
#include "kernel/detach.h"
#include "kernel/detachment.h"
#include "kernel/pins.h"

namespace bailiff::ctl {
namespace {

constexpr std::size_t kMaxReason = 1024; // bytes
constexpr auto kPatience = std::chrono::seconds(5);

struct Options {
    std::string reason;
    std::string pins = kernel::kPinRoot;
    std::string run_folder = "/run/bailiff-kernel";
    std::string state_folder = "/var/lib/bailiff";
};

std::string account(uid_t uid) {
    const std::optional<Account> found = account_by_uid(uid);
    return "uid " + std::to_string(uid) + (found ? " (" + found->name + ")" : "");
}

// Root is many people: the audit login uid (proc(5)) is who it was before sudo.
std::string caller() {
    std::string text = account(getuid());
    const std::string login = read_file("/proc/self/loginuid", 64).value_or("");
    uid_t uid = 0;
    const auto [end, problem] = std::from_chars(login.data(), login.data() + login.size(), uid);
    const bool set = problem == std::errc() && end != login.data() && uid != static_cast<uid_t>(-1);
    if (set && uid != getuid()) text += ", logged in as " + account(uid);
    return text;
}

Status check_caller(const Options& options, const Context& context) {
    if (options.reason.find_first_not_of(" \t\n") == std::string::npos ||
        options.reason.size() > kMaxReason)
        return fail(
            ErrorCode::kInvalidArgument,
            "--reason: expected 1 to " + std::to_string(kMaxReason) + " bytes that say why");
    if (geteuid() != 0)
        return fail(ErrorCode::kPermissionDenied,
                    "only root may detach, which has the role operator; run it with sudo");
    // Where no daemon answers, the kernel itself refuses a subject.
    Client client(context.socket, kPatience);
    v1::WhoAmIResponse self;
    const Status answered = client.call("WhoAmI", v1::WhoAmIRequest{}, self);
    if (answered && self.subject())
        return fail(
            ErrorCode::kPermissionDenied,
            "this process is subject to " +
                (self.session().empty() ? "agent " + self.agent() : "session " + self.session()) +
                "; only root outside every session and agent may detach");
    return {};
}

Status detach(const Options& options, const Context& context) {
    if (Status allowed = check_caller(options, context); !allowed) return allowed;
    if (Status done = kernel::detach(options.pins, options.run_folder); !done) return done;
    kernel::Detachment what;
    what.time = TimeText(SystemClock().unix_nanos()).c_str();
    what.by = caller();
    what.reason = options.reason;
    const std::string text = kernel::describe(what);
    openlog("bailiffctl", LOG_PID, LOG_AUTHPRIV);
    syslog(LOG_WARNING, "bailiff was %s", journal::escape(text).c_str());
    print(journal::escape(text) +
          "\nnothing is enforced, until bailiff-kernel and bailiffd are started again\n");
    if (Status saved = kernel::save_detachment(options.state_folder, what); !saved)
        return fail(saved.error().code(),
                    "detached, and told syslog; but the journal will not know it: " +
                        saved.error().message());
    return {};
}

} // namespace

void add_detach(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("detach", "End all enforcement, with the daemons alive or dead");
    command->add_option("--reason", options->reason, "Why, for the journal")->required();
    command->add_option("--pins", options->pins, "Folder of bailiff-kernel's pins");
    command->add_option("--run-dir", options->run_folder, "Folder of bailiff-kernel's socket");
    command->add_option("--state-dir", options->state_folder, "Folder of bailiffd's state");
    command->callback([options, &context] {
        if (Status done = detach(*options, context); !done) report(context, done.error());
    });
}

} // namespace bailiff::ctl
