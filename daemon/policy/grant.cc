#include <algorithm>

#include "policy/policy.h"

namespace bailiff::policy {
namespace {

bool holds_any(const std::vector<std::string>& wanted, const std::vector<std::string>& held) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
        return std::find(held.begin(), held.end(), word) != held.end();
    });
}

void merge(bailiff_mask& mask, const bailiff_mask& more) {
    for (int i = 0; i < BAILIFF_MASK_WORDS; i++) mask.word[i] |= more.word[i];
}

class Granter {
public:
    Granter(const Policy& policy, const Facts& facts) : policy_(policy), facts_(facts) {}

    Status run(const std::vector<std::string>& presenter) {
        add(BAILIFF_LAYER_HOST, policy_.settings.host_profiles);
        for (Status step : {issuer(), users(presenter), agent(), task(), scopes()})
            if (!step) return step;
        merge(grant.profiles, policy_.image.policy.always);
        grant.kill = policy_.image.kills(grant.profiles);
        return {};
    }
    Grant grant;

private:
    tl::unexpected<Error> deny(const std::string& why) {
        return fail(ErrorCode::kPermissionDenied, policy_.file + ": " + why);
    }

    void add(std::uint8_t layer, const std::vector<std::string>& profiles) {
        merge(grant.profiles, policy_.image.mask(layer, profiles));
        for (const std::string& profile : profiles)
            grant.names.push_back(ProfileBit{layer, profile}.name());
    }

    // A layer that narrows always counts, also where it brings no profile: then nothing is granted.
    bool brings_nothing(std::uint8_t layer) const {
        const std::string prefix = std::string(layer_name(layer)) + ":";
        return std::none_of(grant.names.begin(), grant.names.end(),
                            [&](const std::string& name) { return name.starts_with(prefix); });
    }

    // Also for a session that is open: an issuer that the policy no longer trusts ends it.
    Status issuer() {
        const auto& trusted = policy_.settings.issuers;
        if (std::any_of(trusted.begin(), trusted.end(),
                        [&](const auto& entry) { return entry.issuer == facts_.issuer; }))
            return {};
        return deny(trusted.empty() ? "it trusts nobody's tokens: it has no `issuers`"
                                    : "\"" + facts_.issuer + "\" is not one of its `issuers`");
    }

    Status users(const std::vector<std::string>& presenter) {
        bool known = false;
        for (std::size_t i = 0; i < policy_.settings.users.size(); i++) {
            const UserEntry& entry = policy_.settings.users[i];
            if (!matches(entry.subject, facts_.subject)) continue;
            if (!entry.issuer.empty() && entry.issuer != facts_.issuer) continue;
            if (!entry.groups.empty() && !holds_any(entry.groups, facts_.groups)) continue;
            known = true;
            if (!presenter.empty() && !holds_any(entry.presented_by, presenter)) continue;
            grant.users.push_back(i);
            add(BAILIFF_LAYER_USER, entry.profiles);
        }
        if (!known)
            return deny("no `users` entry gives anything to " + facts_.subject + " of issuer " +
                        facts_.issuer);
        if (grant.users.empty())
            return deny("local account " + presenter.front() + " may not present tokens of " +
                        facts_.subject + "; `presented_by` of its entry names who may");
        if (brings_nothing(BAILIFF_LAYER_USER))
            return deny("the `users` entry of " + facts_.subject + " names no profile");
        return {};
    }

    Status agent() {
        const auto& agents = policy_.settings.agents;
        const auto found = std::find_if(agents.begin(), agents.end(), [&](const AgentEntry& entry) {
            return matches(entry.actor, facts_.actor) &&
                   (entry.actor_issuer.empty() || entry.actor_issuer == facts_.actor_issuer);
        });
        if (found == agents.end())
            return deny("no `agents` entry is for actor " + facts_.actor +
                        (facts_.actor_issuer.empty() ? "" : " of issuer " + facts_.actor_issuer));
        grant.agent = static_cast<std::size_t>(found - agents.begin());
        add(BAILIFF_LAYER_AGENT, found->profiles);
        if (brings_nothing(BAILIFF_LAYER_AGENT))
            return deny("agent " + found->name + " has no profile for sessions");
        return {};
    }

    Status task() {
        if (policy_.settings.tasks.empty()) return {};
        for (const NarrowingEntry& entry : policy_.settings.tasks)
            if (matches(entry.pattern, facts_.task)) add(BAILIFF_LAYER_TASK, entry.profiles);
        if (brings_nothing(BAILIFF_LAYER_TASK))
            return deny(facts_.task.empty()
                            ? "the token names no task, and no `tasks` entry is for that"
                            : "no `tasks` entry gives anything to task " + facts_.task);
        return {};
    }

    Status scopes() {
        // Words of a scope are often not meant for this host. These actions are, and they restrict.
        if (policy_.settings.scopes.empty() && !facts_.actions.empty())
            return deny("the token's authorization_details allow the action " +
                        facts_.actions.front() +
                        " only, and the policy has no `scopes` that say what it may do");
        if (policy_.settings.scopes.empty()) return {};
        for (const NarrowingEntry& entry : policy_.settings.scopes)
            if (holds_any({entry.pattern}, facts_.scopes) ||
                holds_any({entry.pattern}, facts_.actions))
                add(BAILIFF_LAYER_TOKEN, entry.profiles);
        if (brings_nothing(BAILIFF_LAYER_TOKEN))
            return deny("the token's scope names nothing that `scopes` knows");
        return {};
    }

    const Policy& policy_;
    const Facts& facts_;
};

} // namespace

Result<Grant> grant(const Policy& policy, const Facts& facts,
                    const std::vector<std::string>& presenter) {
    Granter granter(policy, facts);
    if (Status done = granter.run(presenter); !done) return tl::unexpected(done.error());
    return std::move(granter.grant);
}

bailiff_mask unbound_profiles(const Policy& policy, std::size_t agent) {
    const std::vector<std::string>& unbound = policy.settings.agents[agent].unbound;
    bailiff_mask mask = policy.image.mask(BAILIFF_LAYER_AGENT, unbound);
    if (unbound.empty()) return mask; // nothing applies, so nothing is granted
    merge(mask, policy.image.mask(BAILIFF_LAYER_HOST, policy.settings.host_profiles));
    merge(mask, policy.image.policy.always);
    return mask;
}

} // namespace bailiff::policy
