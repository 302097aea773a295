#include "ctl/standing_answers.h"

#include <memory>
#include <vector>

#include "ctl/approvals.h"
#include "ctl/client_command.h"
#include "ctl/output.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

struct Options {
    std::string id;
    std::string reason;
    bool json = false;
};

// "2 uses, 9 min 58 s"; a time without uses is for any number of them.
std::string left_of(const v1::StandingAnswer& answer) {
    std::string text;
    if (answer.uses_left() != 0)
        text = std::to_string(answer.uses_left()) + (answer.uses_left() == 1 ? " use" : " uses");
    if (answer.until().empty()) return text;
    return text + (text.empty() ? "" : ", ") + time_left(answer.seconds_left());
}

Result<v1::ListStandingAnswersResponse> ask(Client& client) {
    v1::ListStandingAnswersResponse response;
    const Status called =
        client.call("ListStandingAnswers", v1::ListStandingAnswersRequest(), response);
    if (!called) return tl::unexpected<Error>(called.error());
    return response;
}

Status list(const Options& options, Client& client) {
    const auto response = ask(client);
    if (!response) return tl::unexpected<Error>(response.error());
    if (options.json) return print_json(*response);
    print(standing_answer_table(response->answers()));
    return {};
}

Status withdraw(const Options& options, Client& client) {
    const auto listed = ask(client);
    if (!listed) return tl::unexpected<Error>(listed.error());
    const Result<std::string> id = pick_standing_answer(listed->answers(), options.id);
    if (!id) return tl::unexpected<Error>(id.error());
    v1::WithdrawStandingAnswerRequest request;
    request.set_approval(*id);
    request.set_reason(options.reason);
    v1::WithdrawStandingAnswerResponse response;
    if (Status called = client.call("WithdrawStandingAnswer", request, response); !called)
        return called;
    if (options.json) return print_json(response);
    print("withdrawn: " + *id + "\n");
    return {};
}

} // namespace

Result<std::string> pick_standing_answer(const StandingAnswerList& answers,
                                         const std::string& text) {
    std::vector<std::string> ids;
    for (const v1::StandingAnswer& answer : answers) ids.push_back(answer.approval());
    return pick_id(ids, text,
                   "no answer that you may see stands for an approval " + text +
                       " (bailiffctl approvals standing)");
}

std::string standing_answer_table(const StandingAnswerList& answers) {
    if (answers.empty()) return "nothing stands\n";
    std::vector<Row> rows;
    for (const v1::StandingAnswer& answer : answers) {
        const v1::Record& asked = answer.asked();
        rows.push_back({escape(answer.approval()), escape(answer.answer()), left_of(answer),
                        escape(answer.scope()), escape(asked.user()), journal::actor_chain(asked),
                        escape(asked.task()), act_of(asked), escape(answer.by())});
    }
    return render_table({"ID", "ANSWER", "LEFT", "SCOPE", "USER", "ACTOR", "TASK", "ACT", "BY"},
                        rows);
}

void add_standing_answers(CLI::App& approvals, Context& context) {
    auto options = std::make_shared<Options>();
    add_client_command(approvals, context, "standing", "Answers that are good for more acts",
                       options, list);
    CLI::App* command = add_client_command(approvals, context, "withdraw",
                                           "Take such an answer back", options, withdraw);
    command->add_option("id", options->id, "Id of an approval, or at least its first 8 digits")
        ->required();
    command->add_option("--reason", options->reason, "Why, for the journal");
}

} // namespace bailiff::ctl
