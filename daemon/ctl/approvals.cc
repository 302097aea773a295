#include "ctl/approvals.h"

#include <sys/stat.h>

#include <cstdio>
#include <memory>

#include "base/duration.h"
#include "base/file_type.h"
#include "ctl/client_command.h"
#include "ctl/output.h"
#include "ctl/session.h"
#include "ctl/standing_answers.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

constexpr std::size_t kLeast = 8; // digits of an id that nobody can meet by chance

struct Options {
    std::string id;
    std::string reason;
    std::string scope;
    std::string ttl;
    std::uint32_t uses = 0;
    bool json = false;
};

// The process's arguments as it got them, for people.
std::string command_of(const v1::Process& process) {
    std::string text = journal::command_text(process);
    if (text.empty()) text = escape(process.comm());
    return text + (process.argv_truncated() ? " ..." : "");
}

// "regular file, 4096 bytes, mode 0644, owner uid 0"; empty of what is no file.
std::string file_of(const v1::Object& object) {
    if (object.mode() == 0) return {};
    std::string kind{file_type_name(object.mode())};
    if (S_ISREG(object.mode())) kind += ", " + std::to_string(object.size()) + " bytes";
    char mode[16];
    std::snprintf(mode, sizeof(mode), "%04o", object.mode() & 07777U);
    return kind + ", mode " + mode + ", owner uid " + std::to_string(object.owner());
}

Result<std::string> find_approval(Client& client, const std::string& text) {
    v1::ListApprovalsResponse response;
    if (Status listed = client.call("ListApprovals", v1::ListApprovalsRequest(), response); !listed)
        return tl::unexpected<Error>(listed.error());
    return pick_approval(response.approvals(), text);
}

Status list(const Options& options, Client& client) {
    v1::ListApprovalsResponse response;
    if (Status called = client.call("ListApprovals", v1::ListApprovalsRequest(), response); !called)
        return called;
    if (options.json) return print_json(response);
    print(approval_table(response.approvals()));
    return {};
}

Status show(const Options& options, Client& client) {
    const Result<std::string> id = find_approval(client, options.id);
    if (!id) return tl::unexpected<Error>(id.error());
    v1::GetApprovalRequest request;
    request.set_approval(*id);
    v1::GetApprovalResponse response;
    if (Status called = client.call("GetApproval", request, response); !called) return called;
    if (options.json) return print_json(response.approval());
    print(approval_text(response.approval()));
    return {};
}

std::string answered_words(const Options& options, bool approve) {
    const bool once = options.uses == 1 || (options.uses == 0 && options.ttl.empty());
    if (once) return approve ? "approved, for this once" : "denied";
    return std::string(approve ? "approved" : "denied") + ", and what comes like it";
}

Status answer(const Options& options, Client& client, bool approve) {
    const Result<std::string> id = find_approval(client, options.id);
    if (!id) return tl::unexpected<Error>(id.error());
    v1::AnswerApprovalRequest request;
    request.set_approval(*id);
    request.set_approve(approve);
    request.set_reason(options.reason);
    request.set_scope(options.scope);
    request.set_uses(options.uses);
    if (!options.ttl.empty()) {
        const Result<std::int64_t> seconds = parse_duration(options.ttl);
        if (!seconds) return tl::unexpected<Error>(seconds.error());
        request.set_ttl_seconds(static_cast<std::uint32_t>(*seconds));
    }
    v1::AnswerApprovalResponse response;
    if (Status called = client.call("AnswerApproval", request, response); !called) return called;
    if (options.json) return print_json(response);
    print(answered_words(options, approve) + ": " + *id + "\n");
    return {};
}

Status approve(const Options& options, Client& client) {
    return answer(options, client, true);
}

Status deny(const Options& options, Client& client) {
    return answer(options, client, false);
}

Error ambiguous(const std::string& text, const std::string& one, const std::string& other) {
    return {ErrorCode::kInvalidArgument, "more than one approval is meant by " + text + ": " + one +
                                             ", " + other + "; give more of the id"};
}

} // namespace

std::string act_of(const v1::Record& asked) {
    const std::string object = journal::object_text(asked);
    return journal::act_text(asked) + (object.empty() ? "" : " " + object);
}

Result<std::string> pick_id(const std::vector<std::string>& ids, const std::string& text,
                            const std::string& none) {
    std::string found;
    if (text.size() < kLeast)
        return fail(ErrorCode::kInvalidArgument,
                    "give at least the first " + std::to_string(kLeast) +
                        " digits of the id: another act may come to wait while you type");
    for (const std::string& id : ids) {
        if (!id.starts_with(text)) continue;
        if (!found.empty()) return tl::unexpected<Error>(ambiguous(text, found, id));
        found = id;
    }
    if (!found.empty()) return found;
    return fail(ErrorCode::kNotFound, none);
}

Result<std::string> pick_approval(const ApprovalList& approvals, const std::string& text) {
    std::vector<std::string> ids;
    for (const v1::Approval& approval : approvals) ids.push_back(approval.id());
    return pick_id(
        ids, text,
        "nothing that you may see waits for an approval " + text + " (bailiffctl approvals list)");
}

std::string approval_table(const ApprovalList& approvals) {
    if (approvals.empty()) return "nothing waits\n";
    std::vector<Row> rows;
    for (const v1::Approval& approval : approvals) {
        const v1::Record& asked = approval.asked();
        rows.push_back({escape(approval.id()),
                        approval.answer().empty() ? time_left(approval.seconds_left())
                                                  : escape(approval.answer()),
                        escape(asked.user()), journal::actor_chain(asked), escape(asked.task()),
                        act_of(asked), command_of(asked.process())});
    }
    return render_table({"ID", "LEFT", "USER", "ACTOR", "TASK", "ACT", "COMMAND"}, rows);
}

std::string approval_text(const v1::Approval& approval) {
    const v1::Record& asked = approval.asked();
    const v1::Process& process = asked.process();
    std::string rule = escape(asked.rule().file());
    if (asked.rule().line() != 0) rule += ":" + std::to_string(asked.rule().line());
    if (!asked.rule().text().empty()) rule += " " + escape(asked.rule().text());
    const Row lines[] = {
        {"id", escape(approval.id())},
        {"act", act_of(asked)},
        {"change", escape(asked.object().change())},
        {"file", file_of(asked.object())},
        {"command", command_of(process)},
        {"program", escape(process.executable()) + " (pid " + std::to_string(process.pid()) + ")"},
        {"container", escape(process.container().name().empty() ? process.container().id()
                                                                : process.container().name())},
        {"user", escape(asked.user())},
        {"actors", journal::actor_chain(asked)},
        {"task", escape(asked.task())},
        {"task note",
         asked.task_note().empty() ? "" : escape(asked.task_note()) + " (the caller's word)"},
        {"session", escape(asked.session())},
        {"rule", rule},
        {"why", escape(asked.message())},
        {"asked", escape(asked.time())},
        {"deadline", escape(approval.deadline()) + " (" + time_left(approval.seconds_left()) + ")"},
        {"answer", escape(approval.answer())},
    };
    std::string text;
    for (const Row& line : lines)
        if (!line[1].empty()) text += pad(line[0], 11) + line[1] + "\n";
    return text;
}

void add_approvals(CLI::App& app, Context& context) {
    CLI::App& approvals =
        group(app, "approvals", "List, show and answer acts that wait, and look after the answers");
    auto options = std::make_shared<Options>();
    using Action = Status (*)(const Options&, Client&);
    const auto add = [&](const char* name, const char* description, Action action) {
        return add_client_command(approvals, context, name, description, options, action);
    };
    add("list", "Acts that wait for an answer", list);
    for (const auto& [name, description, action] :
         {std::tuple("show", "All about one of them", &show),
          std::tuple("approve", "Let it happen, this once", &approve),
          std::tuple("deny", "Have it denied", &deny)}) {
        CLI::App* command = add(name, description, action);
        command->add_option("id", options->id, "Id of an approval, or at least its first 8 digits")
            ->required();
        if (action == &show) continue;
        command->add_option("--reason", options->reason, "Why, for the journal");
        command->add_option("--uses", options->uses, "How often it is good for (1)");
        command->add_option("--ttl", options->ttl, "For how long: 10m (until the session ends)");
        command
            ->add_option("--scope", options->scope,
                         "this act by this command, same-object, or same-class-this-session")
            ->check(CLI::IsMember({"this", "same-object", "same-class-this-session"}));
    }
    add_standing_answers(approvals, context);
}

} // namespace bailiff::ctl
