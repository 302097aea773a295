#include "token/delegation.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "token/claims.h"

namespace bailiff::token {
namespace {

constexpr std::size_t kMaxDetails = 16;

Result<Actor> read_actor(const boost::json::value& act, std::size_t position, const Token& token) {
    const std::string owner = "actor " + std::to_string(position) + " (\"act\")";
    const boost::json::object* object = act.if_object();
    if (object == nullptr) return refuse(owner + " is not an object");
    const Claims claims(*object, owner);
    auto issuer = claims.text("iss");
    if (!issuer) return tl::unexpected(issuer.error());
    auto subject = claims.text("sub");
    if (!subject) return tl::unexpected(subject.error());
    auto profile = claims.optional_text("sub_profile");
    if (!profile) return tl::unexpected(profile.error());
    if (*issuer == token.issuer && *subject == token.subject)
        return refuse(owner + " is " + quoted(*subject) +
                      ", the user of the token; expected someone who acts for the user");
    return Actor{std::move(*issuer), std::move(*subject), std::move(*profile)};
}

Status read_chain(const boost::json::value& outermost, const IssuerConfig& config, Token& token) {
    const boost::json::value* act = &outermost;
    while (act != nullptr) {
        if (token.actors.size() == config.max_chain)
            return refuse("the chain of actors (\"act\") is longer than " +
                          std::to_string(config.max_chain) +
                          "; expected at most that many, and a chain is never cut");
        auto actor = read_actor(*act, token.actors.size() + 1, token);
        if (!actor) return tl::unexpected(actor.error());
        token.actors.push_back(std::move(*actor));
        act = act->get_object().if_contains("act");
    }
    return {};
}

Status read_mapped_actor(const boost::json::object& claims, const IssuerConfig& config,
                         Token& token) {
    auto subject = Claims(claims, "the token").text(config.actor_claim);
    if (!subject) return tl::unexpected(subject.error());
    if (*subject == token.subject)
        return refuse("\"" + config.actor_claim + "\" is " + quoted(*subject) +
                      ", the same as \"sub\": the agent acts as itself, and it hides the user");
    token.actors.push_back({"", std::move(*subject), ""});
    token.actor_source = config.actor_claim;
    return {};
}

Result<AuthorizationDetail> read_detail(const boost::json::value& value) {
    constexpr const char* kOwner = "an element of \"authorization_details\"";
    const boost::json::object* object = value.if_object();
    if (object == nullptr) return refuse(std::string(kOwner) + " is not an object");
    const Claims claims(*object, kOwner);
    const auto type = claims.text("type");
    if (!type) return tl::unexpected(type.error());
    if (*type != kSessionDetails)
        return refuse(std::string(kOwner) + " has type " + quoted(*type) + "; expected " +
                      kSessionDetails);
    for (const auto& member : *object) {
        const std::string_view name(member.key().data(), member.key().size());
        if (name != "type" && name != "identifier" && name != "actions")
            return refuse(std::string(kOwner) + " has the member " + quoted(name) +
                          "; expected type, identifier and actions only");
    }
    auto identifier = claims.optional_text("identifier");
    if (!identifier) return tl::unexpected(identifier.error());
    auto actions = claims.texts("actions");
    if (!actions) return tl::unexpected(actions.error());
    return AuthorizationDetail{std::move(*identifier), std::move(*actions)};
}

Status set_task(const std::string& task, Token& token) {
    if (task.empty()) return {};
    if (!token.task.empty() && token.task != task)
        return refuse("it names two tasks, " + quoted(token.task) + " and " + quoted(task) +
                      "; expected one");
    token.task = task;
    return {};
}

} // namespace

Status read_actors(const boost::json::object& claims, const IssuerConfig& config, Token& token) {
    if (const boost::json::value* act = claims.if_contains("act")) {
        token.actor_source = "act";
        return read_chain(*act, config, token);
    }
    if (config.actor_claim.empty())
        return refuse(
            "the token names no actor; expected \"act\". Without it the agent stands in "
            "the user's place, and it hides the user");
    if (!claims.contains(config.actor_claim))
        return refuse("the token names no actor; expected \"act\" or \"" + config.actor_claim +
                      "\". Without it the agent stands in the user's place, and it hides the user");
    return read_mapped_actor(claims, config, token);
}

Status read_task(const boost::json::object& claims, const IssuerConfig& config, Token& token) {
    if (!config.task_claim.empty()) {
        const auto task = Claims(claims, "the token").optional_text(config.task_claim);
        if (!task) return tl::unexpected(task.error());
        if (auto set = set_task(*task, token); !set) return set;
    }
    const boost::json::value* details = claims.if_contains("authorization_details");
    if (details == nullptr) return {};
    const boost::json::array* list = details->if_array();
    if (list == nullptr || list->size() > kMaxDetails)
        return refuse("\"authorization_details\" is not an array of at most " +
                      std::to_string(kMaxDetails) + " objects");
    for (const boost::json::value& value : *list) {
        auto detail = read_detail(value);
        if (!detail) return tl::unexpected(detail.error());
        if (auto set = set_task(detail->identifier, token); !set) return set;
        token.details.push_back(std::move(*detail));
    }
    return {};
}

} // namespace bailiff::token
