#include "session/state_file.h"

#include <boost/json.hpp>
#include <optional>
#include <stdexcept>

#include "base/file.h"
#include "base/strict_json.h"
#include "journal/utf8.h"

namespace bailiff::session {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxBytes = 64U << 20;

// A file with other bytes could not be read again.
json::string clean(const std::string& text) {
    return json::string(journal::to_utf8(text));
}

json::array strings(const std::vector<std::string>& list) {
    json::array array;
    for (const std::string& item : list) array.emplace_back(clean(item));
    return array;
}

std::vector<std::string> strings(const json::value& value) {
    std::vector<std::string> list;
    for (const json::value& item : value.as_array()) list.emplace_back(item.as_string());
    return list;
}

json::object save_token(const token::Token& token) {
    json::array actors;
    for (const token::Actor& actor : token.actors)
        actors.push_back(json::object{{"iss", clean(actor.issuer)},
                                      {"sub", clean(actor.subject)},
                                      {"sub_profile", clean(actor.profile)}});
    json::array details;
    for (const token::AuthorizationDetail& detail : token.details)
        details.push_back(json::object{{"identifier", clean(detail.identifier)},
                                       {"actions", strings(detail.actions)}});
    return {{"iss", clean(token.issuer)},
            {"sub", clean(token.subject)},
            {"client_id", clean(token.client_id)},
            {"actors", actors},
            {"actor_source", clean(token.actor_source)},
            {"task", clean(token.task)},
            {"scopes", strings(token.scopes)},
            {"groups", strings(token.groups)},
            {"details", details},
            {"iat", token.issued_at},
            {"exp", token.expires_at},
            {"digest", clean(token.digest)}};
}

std::string text(const json::value& from, const char* key) {
    return std::string(from.at(key).as_string());
}

template <typename Number>
Number number(const json::value& from, const char* key) {
    return from.at(key).to_number<Number>();
}

token::Token load_token(const json::value& from) {
    token::Token token;
    token.issuer = text(from, "iss");
    token.subject = text(from, "sub");
    token.client_id = text(from, "client_id");
    for (const json::value& actor : from.at("actors").as_array())
        token.actors.push_back(
            {text(actor, "iss"), text(actor, "sub"), text(actor, "sub_profile")});
    token.actor_source = text(from, "actor_source");
    token.task = text(from, "task");
    token.scopes = strings(from.at("scopes"));
    token.groups = strings(from.at("groups"));
    for (const json::value& detail : from.at("details").as_array())
        token.details.push_back({text(detail, "identifier"), strings(detail.at("actions"))});
    token.issued_at = number<std::int64_t>(from, "iat");
    token.expires_at = number<std::int64_t>(from, "exp");
    token.digest = text(from, "digest");
    return token;
}

json::value save_root(const std::optional<kernel::RootFolder>& root) {
    if (!root) return nullptr;
    return json::object{{"ino", root->ino}, {"dev", root->dev}, {"generation", root->generation}};
}

// A file of a version before this one does not have it. Its sessions are over: it was of another
// BAILIFF_ABI_VERSION.
std::optional<kernel::RootFolder> load_root(const json::value& session) {
    const json::value* root = session.as_object().if_contains("container_root");
    if (root == nullptr || root->is_null()) return std::nullopt;
    return kernel::RootFolder{number<std::uint64_t>(*root, "ino"),
                              number<std::uint32_t>(*root, "dev"),
                              number<std::uint32_t>(*root, "generation")};
}

json::object save_session(const Session& session) {
    return {{"id", session.name},
            {"slot", session.slot},
            {"epoch", session.epoch},
            {"subject", session.subject},
            {"generation", session.generation},
            {"token", save_token(session.token)},
            {"agent", clean(session.agent)},
            {"profiles", strings(session.profiles)},
            {"workspace", clean(session.variables.workspace)},
            {"home", clean(session.variables.home)},
            {"task_note", clean(session.task_note)},
            {"wait_tree", session.wait_tree},
            {"uid", session.uid},
            {"pid", session.pid},
            {"start_time", session.start_time},
            {"cgroup", clean(session.cgroup)},
            {"cgroup_id", session.cgroup_id},
            {"container_root", save_root(session.container_root)},
            {"started_at", session.started_at},
            {"expires_boot", session.expires_boot},
            {"state", to_string(session.state)},
            {"why", clean(session.why)},
            {"ended_at", session.ended_at}};
}

// A file of a version before this one has open sessions only.
void load_end(const json::value& from, Session& session) {
    if (!from.as_object().contains("state")) return;
    const std::string name = text(from, "state");
    const std::optional<State> state = parse_state(name);
    if (!state) throw std::invalid_argument("\"" + name + "\" is no state of a session");
    session.state = *state;
    session.why = text(from, "why");
    session.ended_at = number<std::int64_t>(from, "ended_at");
}

Session load_session(const json::value& from) {
    Session session;
    session.name = text(from, "id");
    const std::optional<Id> id = parse_session_name(session.name);
    if (!id) throw std::invalid_argument("\"" + session.name + "\" is no session's name");
    session.id = *id;
    session.slot = number<std::uint16_t>(from, "slot");
    session.epoch = number<std::uint32_t>(from, "epoch");
    session.subject = number<std::uint32_t>(from, "subject");
    session.generation = number<std::uint32_t>(from, "generation");
    session.token = load_token(from.at("token"));
    session.agent = text(from, "agent");
    session.profiles = strings(from.at("profiles"));
    session.variables = {text(from, "workspace"), text(from, "home")};
    session.task_note = text(from, "task_note");
    session.wait_tree = from.at("wait_tree").as_bool();
    session.uid = number<uid_t>(from, "uid");
    session.pid = number<pid_t>(from, "pid");
    session.start_time = number<std::uint64_t>(from, "start_time");
    if (from.as_object().contains("cgroup")) { // not in a file of a version before this one
        session.cgroup = text(from, "cgroup");
        session.cgroup_id = number<std::uint64_t>(from, "cgroup_id");
        session.container_root = load_root(from);
        session.leader_gone = !session.cgroup.empty();
    }
    session.started_at = number<std::int64_t>(from, "started_at");
    session.expires_boot = number<std::uint64_t>(from, "expires_boot");
    load_end(from, session);
    return session;
}

// One bad entry costs one session, not all of them.
void load_entry(const json::value& from, SavedState& state) {
    try {
        state.sessions.push_back(load_session(from));
    } catch (const std::exception& error) {
        const json::object* entry = from.if_object();
        const json::value* id = entry == nullptr ? nullptr : entry->if_contains("id");
        const std::string name =
            id != nullptr && id->is_string() ? std::string(id->as_string()) : "";
        state.damaged.push_back("\"" + name + "\": " + error.what());
    }
}

} // namespace

Result<SavedState> load_state(const std::string& file) {
    Result<std::string> content = read_file(file, kMaxBytes);
    if (!content) return tl::unexpected(content.error());
    Result<json::value> value = parse_strict_json(*content);
    if (!value) return fail(ErrorCode::kDataLoss, file + ": " + value.error().message());
    try {
        SavedState state;
        state.boot_id = text(*value, "boot_id");
        for (const json::value& session : value->at("sessions").as_array())
            load_entry(session, state);
        for (const auto& agent : value->at("agents").as_object())
            state.agent_subjects[std::string(agent.key())] =
                agent.value().to_number<std::uint32_t>();
        return state;
    } catch (const std::exception& error) {
        return fail(ErrorCode::kDataLoss, file + " is not what a daemon wrote: " + error.what());
    }
}

Status save_state(const std::string& file, const SavedState& state) {
    json::array sessions;
    for (const Session& session : state.sessions) sessions.push_back(save_session(session));
    json::object agents;
    for (const auto& [name, subject] : state.agent_subjects) agents[name] = subject;
    const json::object all = {
        {"boot_id", state.boot_id}, {"sessions", sessions}, {"agents", agents}};
    return write_file_atomic(file, json::serialize(all) + "\n", 0600);
}

} // namespace bailiff::session
