#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/ids.h"
#include "ctl/output.h"
#include "ctl/session.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

constexpr std::size_t kShortId = 6;
constexpr std::string_view kIdPrefix = "s-";

std::string actors_of(const v1::Session& session) {
    v1::Record record;
    *record.mutable_actors() = session.actors();
    return journal::actor_chain(record);
}

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + escape(word);
    return text;
}

std::string without_prefix(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    if (text.starts_with("S-")) text.erase(0, kIdPrefix.size());
    return text;
}

} // namespace

std::string short_id(const std::string& id) {
    return escape(id.size() <= kShortId ? id : id.substr(id.size() - kShortId));
}

Result<std::string> pick_session(const Sessions& sessions, const std::string& text) {
    const std::string part = without_prefix(text);
    std::string found;
    for (const v1::Session& session : sessions) {
        const std::string id = without_prefix(session.id());
        if (part.empty() || (!id.starts_with(part) && !id.ends_with(part))) continue;
        if (!found.empty()) {
            return fail(ErrorCode::kInvalidArgument, "more than one session is meant by " + text +
                                                         ": " + found + ", " + session.id() +
                                                         "; give more of the id");
        }
        found = session.id();
    }
    if (!found.empty()) return found;
    return fail(ErrorCode::kNotFound,
                "no session that you may see has the id " + text + " (bailiffctl session list)");
}

Result<std::string> find_session(Client& client, const std::string& text) {
    if (parse_session_name(text)) return text;
    v1::ListSessionsRequest request;
    request.set_all(true);
    v1::ListSessionsResponse response;
    if (Status listed = client.call("ListSessions", request, response); !listed) {
        return tl::unexpected<Error>(listed.error());
    }
    return pick_session(response.sessions(), text);
}

std::string session_table(const Sessions& sessions) {
    if (sessions.empty()) return "no sessions\n";
    std::vector<Row> rows;
    for (const v1::Session& session : sessions) {
        const bool active = session.state() == "active";
        const std::string state = session.relaxed_until().empty() ? session.state() : "relaxed";
        rows.push_back({escape(session.id()), escape(state), escape(session.user()),
                        actors_of(session), escape(session.agent()),
                        active ? time_left(session.seconds_left()) : "-",
                        std::to_string(session.tasks()), std::to_string(session.pid()),
                        escape(session.task())});
    }
    return render_table({"ID", "STATE", "USER", "ACTOR", "AGENT", "LEFT", "TASKS", "PID", "TASK"},
                        rows);
}

std::string session_text(const v1::Session& session) {
    const bool active = session.state() == "active";
    const Row lines[] = {
        {"id", escape(session.id())},
        {"state", escape(session.state()) +
                      (session.why().empty() ? "" : " (" + escape(session.why()) + ")")},
        {"user", escape(session.user())},
        {"issuer", escape(session.user_issuer())},
        {"actors", actors_of(session) + (session.actor_source().empty()
                                             ? ""
                                             : " (from " + escape(session.actor_source()) + ")")},
        {"agent", escape(session.agent())},
        {"task", escape(session.task())},
        {"task note",
         session.task_note().empty() ? "" : escape(session.task_note()) + " (the caller's word)"},
        {"workspace", escape(session.workspace())},
        {"cgroup", escape(session.cgroup())},
        {"profiles", joined(session.profiles())},
        {"opened by",
         "uid " + std::to_string(session.uid()) + ", pid " + std::to_string(session.pid())},
        {"started", escape(session.started())},
        {"expires", escape(session.expires()) +
                        (active ? " (" + time_left(session.seconds_left()) + " left)" : "")},
        {"relaxed", session.relaxed_until().empty()
                        ? ""
                        : "by break-glass until " + escape(session.relaxed_until())},
        {"tasks", std::to_string(session.tasks())},
        {"on end", session.on_end().empty() ? "" : escape(session.on_end()) + " what is left"}};
    std::string text;
    for (const Row& line : lines) {
        if (!line[1].empty()) text += pad(line[0], 11) + line[1] + "\n";
    }
    return text;
}

} // namespace bailiff::ctl
