#include "policy/settings.h"

#include <algorithm>

#include "base/duration.h"
#include "base/size.h"
#include "policy/cgroup_path.h"
#include "policy/compile.h"

namespace bailiff::policy {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

std::vector<std::string> list(const Names& names) {
    return {names.begin(), names.end()};
}

std::string or_else(const std::string& value, const char* fallback) {
    return value.empty() ? fallback : value;
}

IssuerSettings issuer(const Document& document, const v1::Issuer& from) {
    IssuerSettings to;
    to.issuer = from.issuer();
    to.jwks_file = from.jwks_file();
    to.algorithms = list(from.algorithms());
    if (to.algorithms.empty()) to.algorithms = {"ES256"};
    to.type = or_else(from.type(), "at+jwt");
    to.actor_claim = from.actor_claim();
    to.task_claim = or_else(from.task_claim(), "task");
    to.max_lifetime = parse_duration(or_else(from.max_lifetime(), "15m")).value_or(900);
    to.max_chain = from.max_chain() == 0 ? 4 : from.max_chain();
    to.require_proof = from.require_proof();
    to.break_glass = from.break_glass();
    to.at = document.at(from, 1);
    return to;
}

UserEntry user(const Document& document, const v1::User& from) {
    return {from.subject(),        from.issuer(),
            list(from.groups()),   list(from.presented_by()),
            list(from.profiles()), document.at(from, 1)};
}

AgentEntry agent(const Document& document, const v1::Agent& from) {
    AgentEntry to;
    to.name = from.name();
    to.actor = from.actor();
    to.actor_issuer = from.actor_issuer();
    to.executables = list(from.match().executable());
    to.scripts = list(from.match().script());
    to.interpreters = list(from.match().interpreter());
    to.unit = from.match().unit();
    to.cgroup = clean_cgroup(from.match().cgroup()).value_or(std::string());
    to.uid = from.match().uid();
    to.profiles = list(from.profiles());
    to.unbound = list(from.unbound());
    to.at = document.at(from, 1);
    const v1::Match& match = from.match();
    for (int i = 0; i < match.executable_size(); i++)
        to.files_at.try_emplace(match.executable(i), document.at(match, 1, i));
    for (int i = 0; i < match.script_size(); i++)
        to.files_at.try_emplace(match.script(i), document.at(match, 2, i));
    to.cgroup_at = document.at(match, 4);
    to.uid_at = document.at(match, 5);
    return to;
}

RoleSettings roles(const Document& document, const v1::RoleGroups& from) {
    RoleSettings to{
        list(from.user()), list(from.approver()), list(from.auditor()), list(from.operator_()), {}};
    int field = 1;
    for (const auto* groups : {&to.user, &to.approver, &to.auditor, &to.operators}) {
        for (std::size_t i = 0; i < groups->size(); i++)
            to.groups_at.try_emplace((*groups)[i], document.at(from, field, static_cast<int>(i)));
        field++;
    }
    return to;
}

UndoSettings undo(const Document& document) {
    const v1::Undo& from = document.policy.undo();
    UndoSettings to;
    to.max_copy = parse_size(from.max_copy()).value_or(to.max_copy);
    to.quota = parse_size(from.quota()).value_or(to.quota);
    to.session_quota = parse_size(from.session_quota()).value_or(to.quota / 4);
    to.keep = parse_duration(from.keep()).value_or(to.keep);
    to.stores = undo_stores(document);
    return to;
}

ObserveUntil observe_until(const Document& document) {
    const v1::Policy& policy = document.policy;
    const auto& profiles = policy.profiles();
    const bool one = std::any_of(profiles.begin(), profiles.end(), [](const v1::Profile& profile) {
        return profile.mode() == v1::observe;
    });
    return {policy.observe_until(), document.at(policy, 13), one || policy.mode() == v1::observe};
}

} // namespace

bool matches(const std::string& pattern, const std::string& text) {
    if (!pattern.ends_with('*')) return pattern == text;
    return text.starts_with(pattern.substr(0, pattern.size() - 1));
}

std::vector<std::string> undo_stores(const Document& document) {
    std::vector<std::string> stores;
    for (std::string store : document.policy.undo().stores()) {
        if (store.ends_with('/')) store.pop_back();
        stores.push_back(std::move(store));
    }
    return stores;
}

Settings make_settings(const Document& document) {
    const v1::Policy& from = document.policy;
    Settings to;
    to.observe = from.mode() == v1::observe;
    to.audience = list(from.audience());
    for (const v1::Issuer& entry : from.issuers()) to.issuers.push_back(issuer(document, entry));
    to.observe_until = observe_until(document);
    to.roles = roles(document, from.roles());
    to.approvals.own = from.approvals().own();
    to.undo = undo(document);
    to.workspace_roots = list(from.workspace_roots());
    to.host_profiles = list(from.host().profiles());
    for (const v1::User& entry : from.users()) to.users.push_back(user(document, entry));
    for (const v1::Agent& entry : from.agents()) to.agents.push_back(agent(document, entry));
    for (const v1::Task& entry : from.tasks())
        to.tasks.push_back({entry.task(), list(entry.profiles()), document.at(entry, 1)});
    for (const v1::Scope& entry : from.scopes())
        to.scopes.push_back({entry.scope(), list(entry.profiles()), document.at(entry, 1)});
    return to;
}

} // namespace bailiff::policy
