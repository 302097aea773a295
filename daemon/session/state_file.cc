#include "session/state_file.h"

#include <boost/json.hpp>
#include <stdexcept>

#include "base/file.h"
#include "base/strict_json.h"

namespace bailiff::session {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxBytes = 64U << 20;

json::array strings(const std::vector<std::string>& list) {
    json::array array;
    for (const std::string& item : list) array.emplace_back(item);
    return array;
}

std::vector<std::string> strings(const json::value& value) {
    std::vector<std::string> list;
    for (const json::value& item : value.as_array()) list.emplace_back(item.as_string().c_str());
    return list;
}

json::object save_token(const token::Token& token) {
    json::array actors;
    for (const token::Actor& actor : token.actors)
        actors.push_back(json::object{
            {"iss", actor.issuer}, {"sub", actor.subject}, {"sub_profile", actor.profile}});
    json::array details;
    for (const token::AuthorizationDetail& detail : token.details)
        details.push_back(
            json::object{{"identifier", detail.identifier}, {"actions", strings(detail.actions)}});
    return {{"iss", token.issuer},
            {"sub", token.subject},
            {"client_id", token.client_id},
            {"actors", actors},
            {"actor_source", token.actor_source},
            {"task", token.task},
            {"scopes", strings(token.scopes)},
            {"groups", strings(token.groups)},
            {"details", details},
            {"iat", token.issued_at},
            {"exp", token.expires_at},
            {"digest", token.digest}};
}

std::string text(const json::value& from, const char* key) {
    return from.at(key).as_string().c_str();
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

json::object save_session(const Session& session) {
    return {{"id", session.name},
            {"slot", session.slot},
            {"epoch", session.epoch},
            {"subject", session.subject},
            {"generation", session.generation},
            {"token", save_token(session.token)},
            {"agent", session.agent},
            {"profiles", strings(session.profiles)},
            {"workspace", session.variables.workspace},
            {"home", session.variables.home},
            {"task_note", session.task_note},
            {"wait_tree", session.wait_tree},
            {"uid", session.uid},
            {"pid", session.pid},
            {"start_time", session.start_time},
            {"started_at", session.started_at},
            {"expires_boot", session.expires_boot}};
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
    session.started_at = number<std::int64_t>(from, "started_at");
    session.expires_boot = number<std::uint64_t>(from, "expires_boot");
    return session;
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
            state.sessions.push_back(load_session(session));
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
