#include <algorithm>
#include <cctype>
#include <set>

#include "base/duration.h"
#include "policy/lint.h"
#include "policy/lint_report.h"

namespace bailiff::policy {
namespace {

class IssuerLint {
public:
    IssuerLint(const Document& document, Problems& problems)
        : document_(document), report_(document, problems) {}

    void run() {
        static const std::set<std::string> algorithms = {"ES256", "RS256", "PS256", "EdDSA",
                                                         "Ed25519"};
        std::set<std::string> seen;
        for (const v1::Issuer& issuer : document_.policy.issuers()) {
            report_.required(issuer, 1, issuer.issuer(), "the exact `iss` of its tokens");
            report_.required(issuer, 2, issuer.jwks_file(), "the file with its keys");
            if (!issuer.jwks_file().empty() && !is_clean_path(issuer.jwks_file()))
                report_.add(issuer, 2, 0, kCleanPath + quoted(issuer.jwks_file()));
            if (!seen.insert(issuer.issuer()).second)
                report_.add(issuer, 1, 0, "issuer " + quoted(issuer.issuer()) + " comes twice");
            for (int i = 0; i < issuer.algorithms_size(); i++)
                if (!algorithms.contains(issuer.algorithms(i)))
                    report_.add(issuer, 3, i,
                                "expected one of ES256, RS256, PS256, EdDSA, Ed25519, found " +
                                    quoted(issuer.algorithms(i)));
            if (document_.at(issuer, 8).line != 0 &&
                (issuer.max_chain() < 1 || issuer.max_chain() > 8))
                report_.add(issuer, 8, 0,
                            "expected 1 to 8, found " + std::to_string(issuer.max_chain()));
            claims(issuer);
            if (issuer.max_lifetime().empty()) continue;
            if (const auto life = parse_duration(issuer.max_lifetime()); !life)
                report_.add(issuer, 7, 0, life.error().message());
        }
    }

private:
    // Tokens of these kinds are made for something else (RFC 9449, RFC 8417, and the grant that an
    // identity provider gives for another application): they must not open sessions.
    void claims(const v1::Issuer& issuer) {
        std::string type = issuer.type();
        std::transform(type.begin(), type.end(), type.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (type.starts_with("application/")) type.erase(0, 12);
        static const std::set<std::string> others = {"dpop+jwt", "secevent+jwt", "oauth-id-jag+jwt",
                                                     "logout+jwt", "bailiff-break-glass+jwt"};
        if (others.contains(type))
            report_.add(issuer, 4, 0,
                        "expected the type of an access token, such as at+jwt, found " +
                            quoted(issuer.type()));
        if (issuer.actor_claim() == "sub")
            report_.add(
                issuer, 5, 0,
                "expected the claim that names the agent, such as azp; \"sub\" is the user");
    }

    const Document& document_;
    LintReport report_;
};

} // namespace

void lint_issuers(const Document& document, Problems& problems) {
    IssuerLint(document, problems).run();
}

} // namespace bailiff::policy
