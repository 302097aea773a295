#include "ctl/undo.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/session.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

constexpr std::size_t kWholeAction = 16;      // digits
constexpr int kBatch = 256;                   // the most that RestorePreserved takes
constexpr std::chrono::minutes kPatience{10}; // files may be copied back

struct Options {
    std::string session;
    std::vector<std::string> actions;
    bool replace = false;
    bool json = false;
};

// All pages of what the caller may see, the oldest first.
Result<PreservedList> fetch(Client& client, v1::ListPreservedRequest request) {
    PreservedList all;
    do {
        v1::ListPreservedResponse response;
        if (Status called = client.call("ListPreserved", request, response); !called)
            return tl::unexpected<Error>(called.error());
        all.MergeFrom(response.preserved());
        request.set_after(response.next());
    } while (!request.after().empty());
    return all;
}

Result<PreservedList> fetch_session(Client& client, const std::string& session) {
    v1::ListPreservedRequest request;
    if (!session.empty()) {
        const Result<std::string> id = find_session(client, session);
        if (!id) return tl::unexpected<Error>(id.error());
        request.set_session(*id);
    }
    return fetch(client, request);
}

// Those that the actions name, the oldest first. An action may be a part of its id.
Result<PreservedList> fetch_actions(Client& client, const std::vector<std::string>& actions) {
    v1::ListPreservedRequest request;
    if (actions.size() == 1 && actions[0].size() == kWholeAction) request.set_action(actions[0]);
    Result<PreservedList> all = fetch(client, request);
    if (!all) return all;
    std::set<std::string> meant;
    for (const std::string& action : actions) {
        const Result<v1::Preserved> one = pick_preserved(*all, action);
        if (!one) return tl::unexpected<Error>(one.error());
        meant.insert(one->action());
    }
    PreservedList found;
    for (const v1::Preserved& one : *all)
        if (meant.contains(one.action())) *found.Add() = one;
    return found;
}

void list(const Options& options, Context& context) {
    Client client(context.socket);
    Result<PreservedList> all = fetch_session(client, options.session);
    if (!all) return report(context, all.error());
    if (!options.json) return print(preserved_table(*all));
    v1::ListPreservedResponse response;
    response.mutable_preserved()->Swap(&*all);
    if (Status printed = print_json(response); !printed) report(context, printed.error());
}

void show(const Options& options, Context& context) {
    Client client(context.socket);
    const Result<PreservedList> found = fetch_actions(client, options.actions);
    if (!found) return report(context, found.error());
    if (!options.json) return print(preserved_text(found->Get(0)));
    if (Status printed = print_json(found->Get(0)); !printed) report(context, printed.error());
}

// Restores the newest first, and adds what became of them to `outcomes`, also before an error.
Status restore_all(Client& client, const PreservedList& preserved, bool replace,
                   v1::RestorePreservedResponse& outcomes) {
    while (outcomes.outcomes_size() < preserved.size()) {
        v1::RestorePreservedRequest request;
        request.set_replace(replace);
        const int left = preserved.size() - outcomes.outcomes_size();
        for (int i = 0; i < std::min(left, kBatch); i++)
            request.add_actions(preserved.Get(left - 1 - i).action());
        v1::RestorePreservedResponse response;
        if (Status called = client.call("RestorePreserved", request, response); !called)
            return called;
        if (response.outcomes().empty())
            return fail(ErrorCode::kInternal, "bailiffd answers without an outcome");
        outcomes.MergeFrom(response);
    }
    return {};
}

// Without what a restore replaced: to put that back would undo the restore.
PreservedList done_by_agent(const PreservedList& preserved) {
    PreservedList found;
    for (const v1::Preserved& one : preserved)
        if (one.loss() != "replaced") *found.Add() = one;
    return found;
}

std::string outcome_text(const v1::RestorePreservedResponse& outcomes) {
    int restored = 0;
    std::string text;
    for (const auto& outcome : outcomes.outcomes()) {
        if (outcome.problem().empty()) {
            restored++;
            continue;
        }
        text += escape(outcome.path().empty() ? outcome.action() : outcome.path()) + ": " +
                escape(outcome.problem()) + "\n";
    }
    return text + std::to_string(restored) + " restored, " +
           std::to_string(outcomes.outcomes_size() - restored) + " not\n";
}

void restore(const Options& options, Context& context) {
    Client client(context.socket, kPatience);
    const Result<PreservedList> found = options.actions.empty()
                                            ? fetch_session(client, options.session)
                                            : fetch_actions(client, options.actions);
    if (!found) return report(context, found.error());
    const PreservedList wanted = options.actions.empty() ? done_by_agent(*found) : *found;
    if (wanted.empty())
        return report(context,
                      {ErrorCode::kNotFound, "nothing that you may see is kept of what session " +
                                                 options.session + " did"});
    v1::RestorePreservedResponse outcomes;
    const Status done = restore_all(client, wanted, options.replace, outcomes);
    if (!options.json)
        print(outcome_text(outcomes));
    else if (Status printed = print_json(outcomes); !printed)
        report(context, printed.error());
    for (const auto& outcome : outcomes.outcomes())
        if (!outcome.problem().empty()) context.exit_status = kExitError;
    if (!done) report(context, done.error());
}

} // namespace

void add_undo(CLI::App& app, Context& context) {
    CLI::App& undo = group(app, "undo", "List, show and restore what was kept of acts");
    auto options = std::make_shared<Options>();
    const auto add = [&](const char* name, const char* description, auto action) {
        CLI::App* command = undo.add_subcommand(name, description);
        command->add_flag("--json", options->json, "Print JSON");
        command->callback([options, action, &context] { action(*options, context); });
        return command;
    };
    constexpr const char* kAction =
        "Action that something was kept of, or at least its first 8 digits";
    add("list", "What was kept, the newest last", list)
        ->add_option("--session", options->session, "Of what this session did only");
    add("show", "All about one of them", show)
        ->add_option("action", options->actions, kAction)
        ->expected(1)
        ->required();
    CLI::App* back =
        add("restore", "Put it back, the newest first", [](const Options& given, Context& at) {
            if (given.session.empty() && given.actions.empty())
                throw CLI::RequiredError("--session or --action");
            restore(given, at);
        });
    CLI::Option* session =
        back->add_option("--session", options->session, "All that this session did");
    back->add_option("--action", options->actions, kAction)->excludes(session);
    back->add_flag("--replace", options->replace,
                   "Keep what stands in the way as well, and put the old in its place");
}

} // namespace bailiff::ctl
