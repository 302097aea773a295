// bailiffctl: everything a person types. Only wires: each command is a file of its own.
#include <algorithm>

#include "bailiff/version.h"
#include "ctl/approvals.h"
#include "ctl/arguments.h"
#include "ctl/break_glass.h"
#include "ctl/context.h"
#include "ctl/detach.h"
#include "ctl/dev.h"
#include "ctl/events.h"
#include "ctl/pins.h"
#include "ctl/policy.h"
#include "ctl/reload.h"
#include "ctl/run.h"
#include "ctl/session.h"
#include "ctl/status.h"
#include "ctl/undo.h"
#include "ctl/usage.h"
#include "ctl/whoami.h"
#include "ctl/why.h"

namespace {

using namespace bailiff::ctl;

void add_status_with_pins(CLI::App& app, Context& context) {
    add_status(app, context, {describe_pins, describe_missing});
}

using Add = void (*)(CLI::App&, Context&);
constexpr Add kCommands[] = {add_run,    add_session,   add_events,        add_status_with_pins,
                             add_whoami, add_approvals, add_detach,        add_break_glass,
                             add_dev,    add_policy,    add_policy_reload, add_why,
                             add_undo};

} // namespace

int main(int argc, char** argv) {
    Arguments arguments = split_arguments(argc, argv);
    Context context;
    context.command = std::move(arguments.command);
    CLI::App app("Delegated sessions that the kernel enforces", "bailiffctl");
    app.set_version_flag("--version", BAILIFF_VERSION);
    app.require_subcommand(1);
    app.fallthrough(); // --socket is known behind a subcommand too
    app.add_option("--socket", context.socket, "Control socket of bailiffd")
        ->envname("BAILIFF_SOCKET")
        ->take_last()
        ->capture_default_str();
    for (Add add : kCommands) add(app, context);
    try {
        const auto typed = [&](const char* word) {
            return std::find(arguments.ours.begin(), arguments.ours.end(), word) !=
                   arguments.ours.end();
        };
        if (arguments.has_command && !typed("run") && !typed("eval")) {
            throw CLI::ExtrasError("bailiffctl", {"--"});
        }
        std::reverse(arguments.ours.begin(), arguments.ours.end()); // as CLI::App::parse wants it
        app.parse(arguments.ours);
    } catch (const CLI::ParseError& problem) {
        return usage(app, problem);
    }
    return context.exit_status;
}
