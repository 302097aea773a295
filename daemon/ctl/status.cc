#include "ctl/status.h"

#include <algorithm>
#include <memory>

#include "ctl/client.h"
#include "ctl/output.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

constexpr int kExitDegraded = 1;
constexpr int kExitDown = 2;
constexpr std::size_t kLabelWidth = 12;

std::string line(const std::string& label, const std::string& text) {
    return text.empty() ? "" : pad(label, kLabelWidth) + text + "\n";
}

Colour posture_colour(const std::string& posture) {
    if (posture == "ENFORCING") return Colour::kGreen;
    return posture == "DOWN" ? Colour::kRed : Colour::kYellow;
}

std::string families_text(const v1::GetStatusResponse& status, bool coloured) {
    std::string text;
    for (const v1::FamilyStatus& family : status.families()) {
        const std::string state = family.enforcing()
                                      ? paint("enforcing", Colour::kGreen, coloured)
                                      : paint("not enforcing", Colour::kRed, coloured);
        const std::string detail = family.detail().empty() ? "" : ": " + escape(family.detail());
        text += line("", pad(escape(family.family()), 9) + state + detail);
    }
    return text;
}

std::string agents_text(const v1::GetStatusResponse& status) {
    std::string text;
    for (const v1::AgentStatus& agent : status.agents()) {
        std::string words = "known by " + escape(agent.protection());
        if (agent.escapable()) words += " (a copy of the file escapes)";
        words += agent.unbound().empty() ? "; nothing without a session"
                                         : "; without a session: " + escape(agent.unbound());
        text += line("", escape(agent.name()) + ": " + words);
    }
    return text;
}

std::string sessions_text(const v1::GetStatusResponse& status) {
    std::string text = std::to_string(status.sessions()) + " active";
    if (!status.next_expiry().empty()) {
        text += ", the first expires " + escape(status.next_expiry());
    }
    if (status.relaxed() != 0)
        text += "; " + std::to_string(status.relaxed()) + " relaxed by break-glass";
    if (status.waiting() != 0)
        text += "; " + std::to_string(status.waiting()) +
                " acts wait for an answer (bailiffctl approvals list)";
    return text;
}

// "DOWN: why", and the remedy.
std::string posture_text(const v1::GetStatusResponse& status, bool coloured) {
    std::string text = paint(escape(status.posture()), posture_colour(status.posture()), coloured);
    if (!status.detail().empty()) text += ": " + escape(status.detail());
    return text + "\n" + line("remedy", escape(status.remedy()));
}

Status status(bool json, Client& client, Context& context, PinReader reader) {
    v1::GetStatusResponse response;
    const Status called = client.call("GetStatus", v1::GetStatusRequest{}, response);
    if (!called) {
        report(context, called.error(), kExitDown);
        if (called.error().code() != ErrorCode::kUnavailable || reader.in_force == nullptr)
            return {};
        const Result<std::string> pins = reader.in_force();
        if (!pins && pins.error().code() == ErrorCode::kNotFound) {
            v1::GetStatusResponse down;
            down.set_posture("DOWN");
            down.set_detail(pins.error().message());
            if (json) return print_json(down);
            print(posture_text(down, wants_colour()));
        } else if (!pins) {
            report(context, pins.error(), kExitDown);
        } else {
            context.exit_status = kExitDegraded; // the kernel still decides
            if (!json) print(*pins);
        }
        return {};
    }
    context.exit_status = status_exit(response.posture());
    const std::string missing = reader.missing == nullptr ? "" : reader.missing();
    if (!missing.empty()) context.exit_status = std::max(context.exit_status, kExitDegraded);
    if (json) return print_json(response);
    print(status_text(response, wants_colour()) + missing);
    return {};
}

} // namespace

int status_exit(const std::string& posture) {
    if (posture == "ENFORCING" || posture == "OBSERVING") return 0;
    return posture == "DEGRADED" ? kExitDegraded : kExitDown;
}

std::string status_text(const v1::GetStatusResponse& status, bool coloured) {
    std::string text = posture_text(status, coloured);
    std::string policy = escape(status.policy_file());
    if (!status.mode().empty()) policy += ", mode " + escape(status.mode());
    text += line("policy", policy);
    text += line("digest", escape(status.policy_digest()));
    text += line("attached", escape(status.attachment()));
    text += line("checked", escape(status.checked()));
    text += line("pins", escape(status.pins()));
    if (status.families_size() > 0) text += "hooks\n" + families_text(status, coloured);
    text += line("sessions", sessions_text(status));
    if (status.agents_size() > 0) text += "agents\n" + agents_text(status);
    text += line("journal", escape(status.journal()));
    text += line("events", std::to_string(status.denials()) + " denials, " +
                               std::to_string(status.events_lost()) + " events lost");
    text += line("version", escape(status.version()));
    return text;
}

void add_status(CLI::App& app, Context& context, PinReader pins) {
    auto json = std::make_shared<bool>(false);
    CLI::App* command =
        app.add_subcommand("status", "Whether bailiff enforces; exit status 0, 1 DEGRADED, 2 DOWN");
    command->add_flag("--json", *json, "Print JSON");
    command->callback([json, pins, &context] {
        Client client(context.socket);
        if (Status done = status(*json, client, context, pins); !done) {
            report(context, done.error());
        }
    });
}

} // namespace bailiff::ctl
