#include "ctl/events.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>

#include "ctl/client.h"
#include "ctl/session.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

struct Options {
    bool follow = false;
    bool json = false;
    std::string session;
    std::string verdict;
};

constexpr std::uint32_t kFollowWait = 10'000; // milliseconds, the most that ReadEvents allows
constexpr std::chrono::milliseconds kReconnect{500};
constexpr std::array<std::size_t, 9> kWidths{19, 7, 12, 36, 16, 16, 16, 34, 0};
constexpr std::size_t kVerdictColumn = 4;
constexpr std::size_t kSecondsOfTime = 19; // 2026-11-24T02:03:04

// The program by its short name, and its pid.
std::string process_of(const v1::Record& record) {
    if (record.process().comm().empty()) return "";
    return escape(record.process().comm()) + " " + std::to_string(record.process().pid());
}

// The object of a verdict, the arguments of an exec, the sentence of anything else.
std::string object_of(const v1::Record& record) {
    if (!record.verdict().empty()) return journal::object_text(record);
    if (record.process().argv().empty()) return escape(record.message());
    return journal::command_text(record.process());
}

// Of an answer to what waited: who gave it, and why.
std::string answer_of(const v1::Record& record) {
    if (record.approval().empty() || record.by().empty()) return {};
    return "by " + escape(record.by()) +
           (record.terms().empty() ? "" : ", " + escape(record.terms())) +
           (record.message().empty() ? "" : ": " + escape(record.message()));
}

std::string rule_of(const v1::Record& record) {
    if (std::string answer = answer_of(record); !answer.empty()) return answer;
    std::string text = journal::rule_place(record);
    if (!record.rule().text().empty()) text += " " + escape(record.rule().text());
    if (text.empty() && !record.verdict().empty()) text = escape(record.reason());
    if (journal::event_count(record) > 1) {
        text += " (" + std::to_string(journal::event_count(record)) + " times)";
    }
    return text;
}

Status print_record(const v1::Record& record, const Options& options, bool coloured) {
    if (options.json) return print_json(record);
    print(event_line(event_row(record), event_colour(record), coloured));
    return {};
}

// With `patient` a daemon that restarts is waited for, which is said once.
Status read_events(Client& client, const v1::ReadEventsRequest& request,
                   v1::ReadEventsResponse& response, bool patient) {
    for (bool told = false;; told = true) {
        Status read = client.call("ReadEvents", request, response);
        if (read || !patient || read.error().code() != ErrorCode::kUnavailable) return read;
        if (!told) {
            std::fprintf(stderr, "bailiffctl: waiting for bailiffd: %s\n",
                         escape(read.error().message()).c_str());
        }
        if (!client.pause(kReconnect)) return read;
    }
}

Status events(const Options& options, Client& client) {
    v1::ReadEventsRequest request;
    request.set_verdict(options.verdict);
    if (!options.session.empty()) {
        const Result<std::string> id = find_session(client, options.session);
        if (!id) return tl::unexpected<Error>(id.error());
        request.set_session(*id);
    }
    const bool coloured = wants_colour();
    for (bool answered = false;; answered = true) {
        v1::ReadEventsResponse response;
        if (Status read = read_events(client, request, response, answered && options.follow); !read)
            return read;
        if (!answered && !options.json) print(event_line(event_header(), Colour::kNone, false));
        for (const v1::Record& record : response.records()) {
            if (Status printed = print_record(record, options, coloured); !printed) return printed;
        }
        const bool further = response.more() && response.next() > request.after();
        request.set_after(std::max(request.after(), response.next()));
        if (further) continue;
        if (!options.follow) return {};
        request.set_wait_ms(kFollowWait);
    }
}

} // namespace

Row event_header() {
    return {"TIME", "SESSION", "USER", "ACTOR", "VERDICT", "WHAT", "PROCESS", "OBJECT", "RULE"};
}

Row event_row(const v1::Record& record) {
    std::string time = escape(record.time()).substr(0, kSecondsOfTime);
    std::replace(time.begin(), time.end(), 'T', ' ');
    const bool verdict = !record.verdict().empty();
    std::string actor = journal::actor_chain(record);
    if (actor.empty()) actor = escape(record.agent());
    std::string said = escape(record.verdict());
    if (record.would_deny()) said = "would deny";
    if (record.relaxed()) said = "break-glass";
    Row row{std::move(time), short_id(record.session()), escape(record.user()), std::move(actor)};
    row.push_back(verdict ? std::move(said) : escape(record.kind()));
    row.push_back(verdict ? journal::act_text(record) : escape(record.right()));
    row.push_back(process_of(record));
    row.push_back(object_of(record));
    row.push_back(rule_of(record));
    for (std::string& cell : row) {
        if (cell.empty()) cell = "-";
    }
    return row;
}

Colour event_colour(const v1::Record& record) {
    if (record.verdict() == "deny" && !record.would_deny()) return Colour::kRed;
    if (record.would_deny() || record.verdict() == "audit" || record.verdict() == "preserve")
        return Colour::kYellow;
    if (record.verdict() == "allow") return Colour::kGreen;
    return Colour::kDim;
}

std::string event_line(const Row& row, Colour colour, bool coloured) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const bool last = i + 1 == row.size();
        std::string cell = last ? row[i] : pad(row[i], kWidths[i]);
        line += i == kVerdictColumn ? paint(cell, colour, coloured) : cell;
        if (!last) line += "  ";
    }
    return line + "\n";
}

void add_events(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("events", "What agents did and tried");
    command->add_flag("-f,--follow", options->follow, "Go on as events happen");
    command->add_option("--session", options->session, "Of this session only");
    command
        ->add_option("--verdict", options->verdict,
                     "deny, hold, preserve, audit or allow: only those")
        ->check(CLI::IsMember({"deny", "hold", "preserve", "audit", "allow"}));
    command->add_flag("--json", options->json, "One JSON object a line");
    command->callback([options, &context] {
        Client client(context.socket);
        if (Status done = events(*options, client); !done) report(context, done.error());
    });
}

} // namespace bailiff::ctl
