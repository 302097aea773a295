#include "ctl/policy.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>

#include "ctl/output.h"
#include "ctl/policy_check.h"
#include "ctl/policy_digest.h"
#include "ctl/policy_eval.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

// Of `eval`: what it could not answer is told apart from what the policy denies.
constexpr int kExitDenied = 1;
constexpr int kExitRefused = 2;

constexpr const char* kPathQuestions[] = {"exec",   "read",        "write",    "create",
                                          "delete", "rename",      "truncate", "metadata",
                                          "load",   "connect_unix"};
constexpr const char* kAddressQuestions[] = {"connect", "bind"};

// Options have dashes where rights have underscores.
std::string flag_of(std::string right) {
    std::replace(right.begin(), right.end(), '_', '-');
    return right;
}

std::string right_of(std::string flag) {
    std::replace(flag.begin(), flag.end(), '-', '_');
    return flag;
}

// What the command line of `eval` fills.
struct EvalOptions {
    std::string file;
    bool json = false;
    bool verbose = false;
    EvalRequest request;
    std::vector<CLI::Option*> questions;
};

// As a compiler prints them: nothing in front, so that editors find FILE:LINE:COLUMN.
void print_problems(const Error& error) {
    std::istringstream lines(error.message());
    for (std::string line; std::getline(lines, line);)
        std::fprintf(stderr, "%s\n", journal::escape(line).c_str());
}

void check(const std::string& file, Context& context) {
    const auto policy = policy::load(file);
    if (!policy) {
        print_problems(policy.error());
        context.exit_status = kExitError;
        return;
    }
    std::string text = journal::escape(file) + ": " + check_text(**policy) + "\n";
    for (const std::string& warning : policy_warnings(**policy, SystemClock()))
        text += journal::escape(warning) + "\n";
    print(text);
}

void add_check(CLI::App& group, Context& context) {
    auto file = std::make_shared<std::string>();
    CLI::App* command = group.add_subcommand("check", "Whether a policy file is right");
    command->add_option("file", *file, "Policy file")->required();
    command->callback([file, &context] { check(*file, context); });
}

void digest(const std::vector<std::string>& files, Context& context) {
    std::string text;
    for (const std::string& file : files) {
        const Result<std::string> rule = digest_rule(file);
        if (!rule) return report(context, rule.error());
        text += *rule + "\n";
    }
    print(text);
}

void add_digest(CLI::App& group, Context& context) {
    auto files = std::make_shared<std::vector<std::string>>();
    CLI::App* command = group.add_subcommand(
        "digest", "Exec rules that allow files as long as they hold what they do now");
    command->add_option("file", *files, "Files")->required();
    command->callback([files, &context] { digest(*files, context); });
}

// The questions in the order they were typed; a command stands behind all others.
Result<std::vector<EvalQuestion>> questions_of(const CLI::App& command,
                                               const std::vector<CLI::Option*>& options,
                                               const std::vector<std::string>& argv) {
    std::map<const CLI::Option*, std::size_t> taken;
    std::vector<EvalQuestion> questions;
    for (const CLI::Option* option : command.parse_order()) {
        if (std::find(options.begin(), options.end(), option) == options.end()) continue;
        const std::string& object = option->results().at(taken[option]++);
        Result<EvalQuestion> question =
            parse_question(right_of(option->get_lnames().front()), object);
        if (!question)
            return propagate(std::move(question),
                             "--" + option->get_lnames().front() + " " + object);
        questions.push_back(std::move(*question));
    }
    if (!argv.empty()) {
        Result<EvalQuestion> question = command_question(argv);
        if (!question) return tl::unexpected(question.error());
        questions.push_back(std::move(*question));
    }
    if (questions.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "nothing is asked; expected a question, such as --write /etc/passwd, "
                    "--connect 10.0.0.1:443 or -- git push --force");
    return questions;
}

void eval(const CLI::App& command, EvalOptions& options, Context& context) {
    Result<std::vector<EvalQuestion>> questions =
        questions_of(command, options.questions, context.command);
    if (!questions) return report(context, questions.error(), kExitUsage);
    const auto policy = policy::load(options.file);
    if (!policy) {
        print_problems(policy.error());
        context.exit_status = kExitRefused;
        return;
    }
    const Result<EvalGrant> granted = grant_for(**policy, options.request);
    if (!granted) {
        if (options.json) print(refusal_json(granted.error()) + "\n");
        return report(context, granted.error(), kExitRefused);
    }
    const std::vector<EvalAnswer> answers = answer_all(**policy, *granted, *questions);
    print(options.json ? answers_json(*granted, answers) + "\n"
                       : answers_text(*granted, answers, options.verbose));
    for (const EvalAnswer& answer : answers)
        if (!answer.allowed) context.exit_status = kExitDenied;
}

std::string path_question(std::string_view right) {
    if (right == "metadata") return "May it change the metadata of this path";
    if (right == "connect_unix") return "May it connect to the Unix socket at this path";
    return "May it " + std::string(right) + " this path";
}

void add_questions(CLI::App& command, EvalOptions& options) {
    const auto add = [&](const char* right, const char* object, const std::string& description) {
        CLI::Option* option = command.add_option("--" + flag_of(right));
        option->description(description + "; may be repeated")
            ->type_name(object)
            ->group("Questions")
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        options.questions.push_back(option);
    };
    for (const char* right : kPathQuestions) add(right, "PATH", path_question(right));
    for (const char* right : kAddressQuestions)
        add(right, "ADDR:PORT[/tcp|udp]", std::string("May it ") + right + " to this address");
    add("system", "RIGHT", "Has it this right over the system, such as signal or cap_net_admin");
}

void add_facts(CLI::App& command, EvalRequest& request) {
    const auto many = [&](const char* name, std::vector<std::string>& to, const char* text) {
        return command.add_option(name, to, text)
            ->expected(1)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    };
    CLI::Option* unbound =
        command.add_flag("--unbound", request.unbound, "What the agent may do with no session");
    command
        .add_option("--agent", request.agent, "The actor (agent:code-fixer), or an agent's name")
        ->required();
    for (CLI::Option* option :
         {command.add_option("--user", request.user, "The user, such as user:alice"),
          command.add_option("--task", request.task, "The token's task"),
          command.add_option("--issuer", request.issuer, "The token's issuer"),
          many("--scope", request.scopes, "A word of the token's scope; may be repeated"),
          many("--group", request.groups, "A group of the user; may be repeated"),
          command.add_option("--workspace", request.workspace, "Folder of the session's work"),
          command.add_option("--home", request.home, "Home of the account; default: of --uid"),
          command.add_option("--uid", request.account,
                             "Local account that presents the token, name or number; default: "
                             "whichever may")})
        option->excludes(unbound);
}

void add_eval(CLI::App& group, Context& context) {
    auto options = std::make_shared<EvalOptions>();
    CLI::App* command = group.add_subcommand(
        "eval",
        "What the kernel would answer, also of a program with its arguments: bailiffctl policy "
        "eval "
        "FILE OPTIONS -- PROGRAM ARGUMENTS; exit status 0 allowed, 1 denied or held, 2 "
        "no session");
    command->add_option("file", options->file, "Policy file")->required();
    add_facts(*command, options->request);
    add_questions(*command, *options);
    command->add_flag("-v,--verbose", options->verbose, "Say which profiles apply");
    command->add_flag("--json", options->json, "Print JSON");
    command->callback([command, options, &context] {
        if (options->request.user.empty() && !options->request.unbound)
            throw CLI::RequiredError("--user or --unbound");
        eval(*command, *options, context);
    });
}

} // namespace

void add_policy(CLI::App& app, Context& context) {
    CLI::App& commands = group(app, "policy", "Check a policy file, ask it, put it in force");
    add_check(commands, context);
    add_digest(commands, context);
    add_eval(commands, context);
}

} // namespace bailiff::ctl
