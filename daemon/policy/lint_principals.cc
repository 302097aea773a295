#include <set>

#include "policy/lint.h"
#include "policy/lint_report.h"

namespace bailiff::policy {
namespace {

class PrincipalLint {
public:
    PrincipalLint(const Document& document, Problems& problems)
        : policy_(document.policy), report_(document, problems) {}

    void run() {
        for (const v1::Issuer& issuer : policy_.issuers()) issuers_.insert(issuer.issuer());
        for (const v1::User& user : policy_.users()) check(user);
        std::set<std::string> agents;
        for (const v1::Agent& agent : policy_.agents()) {
            check(agent);
            if (!agents.insert(agent.name()).second)
                report_.add(agent, 1, 0, "agent " + quoted(agent.name()) + " comes twice");
        }
        for (const v1::Task& task : policy_.tasks()) check(task);
        for (const v1::Scope& scope : policy_.scopes()) check(scope);
    }

private:
    void check(const v1::User& user) {
        report_.required(user, 1, user.subject(), "the `sub` of its tokens");
        report_.pattern(user, 1, user.subject());
        if (!user.issuer().empty() && !issuers_.contains(user.issuer()))
            report_.add(user, 2, 0,
                        quoted(user.issuer()) + " is none of the `issuers`: no token can match");
        if (user.presented_by_size() == 0)
            report_.add(user,
                        "user needs `presented_by`: the local accounts that may present its "
                        "tokens, or none can");
        for (int i = 0; i < user.presented_by_size(); i++)
            if (user.presented_by(i).find('*') != std::string::npos)
                report_.add(user, 4, i,
                            "expected a local account, name or number; * is not supported here, "
                            "found " +
                                quoted(user.presented_by(i)));
        report_.known(user, 5, user.profiles());
    }

    void check(const v1::Agent& agent) {
        report_.required(agent, 1, agent.name(), "a name for messages");
        report_.required(agent, 2, agent.actor(), "the `act.sub` of its tokens");
        report_.pattern(agent, 2, agent.actor());
        report_.known(agent, 5, agent.profiles());
        report_.known(agent, 6, agent.unbound());
    }

    void check(const v1::Task& task) {
        report_.required(task, 1, task.task(), "the token's task; * for any");
        report_.pattern(task, 1, task.task());
        report_.known(task, 2, task.profiles());
    }

    // A token's scope is a list of words with blanks between them (RFC 6749 section 3.3).
    void check(const v1::Scope& scope) {
        report_.required(scope, 1, scope.scope(), "one word of the token's scope");
        if (scope.scope().find(' ') != std::string::npos)
            report_.add(scope, 1, 0,
                        "expected one word, with no blank in it, found " + quoted(scope.scope()));
        report_.known(scope, 2, scope.profiles());
    }

    const v1::Policy& policy_;
    LintReport report_;
    std::set<std::string> issuers_;
};

} // namespace

void lint_principals(const Document& document, Problems& problems) {
    PrincipalLint(document, problems).run();
}

} // namespace bailiff::policy
