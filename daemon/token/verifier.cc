#include "token/verifier.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/base64url.h"
#include "base/sha256.h"
#include "token/claims.h"
#include "token/delegation.h"
#include "token/jws.h"

namespace bailiff::token {
namespace {

constexpr std::int64_t kMaxSkew = 60; // RFC 7519 section 4.1.4: "no more than a few minutes"
constexpr std::size_t kMaxScopeBytes = 4096;
constexpr std::size_t kThumbprintBytes = 32;

bool contains(const std::vector<std::string>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

Status check_config(const IssuerConfig& config) {
    const auto wrong = [&config](const std::string& reason) -> Status {
        return fail(ErrorCode::kInvalidArgument, "issuer " + config.issuer + ": " + reason);
    };
    if (config.issuer.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "an issuer has no name; expected its exact \"iss\"");
    if (config.algorithms.empty()) return wrong("it has no algorithm");
    for (const std::string& name : config.algorithms) {
        if (!contains(known_algorithms(), name))
            return wrong("unknown algorithm " + quoted(name) +
                         "; expected ES256, RS256, PS256, EdDSA or Ed25519");
    }
    if (config.audiences.empty()) return wrong("it has no audience");
    if (config.type.empty()) return wrong("it has no token type");
    if (same_media_type(config.type, kBreakGlassType))
        return wrong("its token type is " + std::string(kBreakGlassType) +
                     ", which is the one of break-glass tokens; expected another");
    if (config.actor_claim == "sub")
        return wrong("actor_claim is sub, which is the user; expected the claim of the agent");
    if (config.skew < 0 || config.skew > kMaxSkew)
        return wrong("skew is " + std::to_string(config.skew) + " s; expected 0 to 60");
    if (config.max_lifetime < 1)
        return wrong("max_lifetime is " + std::to_string(config.max_lifetime) +
                     " s; expected at least 1");
    if (config.max_chain < 1 || config.max_chain > kMaxChain)
        return wrong("max_chain is " + std::to_string(config.max_chain) + "; expected 1 to 8");
    return {};
}

// RFC 7519 section 4.1.3.
Status check_audience(const boost::json::object& claims, const IssuerConfig& config) {
    std::vector<std::string> named;
    const Claims reader(claims, "the token");
    const boost::json::value* audience = claims.if_contains("aud");
    if (audience != nullptr && audience->is_array()) {
        auto list = reader.texts("aud");
        if (!list) return tl::unexpected(list.error());
        named = std::move(*list);
    } else {
        auto text = reader.text("aud");
        if (!text) return tl::unexpected(text.error());
        named.push_back(std::move(*text));
    }
    for (const std::string& name : named) {
        if (contains(config.audiences, name)) return {};
    }
    std::string found;
    for (const std::string& name : named) found += (found.empty() ? "" : ", ") + quoted(name);
    return refuse("\"aud\" is " + (found.empty() ? "an empty list" : found) + "; expected " +
                  quoted(config.audiences.front()) +
                  (config.audiences.size() > 1 ? " or another name of this host" : ""));
}

template <typename AnyToken>
Status check_times(const Claims& claims, const IssuerConfig& config, std::int64_t now,
                   AnyToken& token) {
    const auto expires = claims.seconds("exp");
    if (!expires) return tl::unexpected(expires.error());
    const auto issued = claims.seconds("iat");
    if (!issued) return tl::unexpected(issued.error());
    const auto not_before = claims.optional_seconds("nbf");
    if (!not_before) return tl::unexpected(not_before.error());
    const std::string skew = std::to_string(config.skew) + " s of clock difference";
    if (now >= *expires + config.skew)
        return refuse("the token expired " + std::to_string(now - *expires) +
                      " s ago; expected a current one, with at most " + skew);
    if (*issued > now + config.skew)
        return refuse("\"iat\" is " + std::to_string(*issued - now) +
                      " s in the future; expected at most " + skew);
    if (*not_before && **not_before > now + config.skew)
        return refuse("the token is not valid for another " + std::to_string(**not_before - now) +
                      " s (\"nbf\"); expected at most " + skew);
    if (*expires <= *issued) return refuse("\"exp\" is not after \"iat\"");
    if (*expires - *issued > config.max_lifetime)
        return refuse("the token lives " + std::to_string(*expires - *issued) +
                      " s; expected at most " + std::to_string(config.max_lifetime) + " s");
    token.issued_at = *issued;
    token.expires_at = *expires;
    return {};
}

Status read_names(const Claims& claims, const IssuerConfig& config, Token& token) {
    auto subject = claims.text("sub");
    if (!subject) return tl::unexpected(subject.error());
    auto id = claims.text("jti");
    if (!id) return tl::unexpected(id.error());
    // RFC 9068 requires it; issuers that need a mapped actor often have "azp" in its place.
    const bool optional = !config.actor_claim.empty() && config.actor_claim != "client_id";
    auto client = optional ? claims.optional_text("client_id") : claims.text("client_id");
    if (!client) return tl::unexpected(client.error());
    // RFC 9068 section 2.2: so a client's own token looks, which is for no user.
    if (*client == *subject)
        return refuse(
            "\"client_id\" is " + quoted(*client) +
            ", the same as \"sub\": the client acts as itself; expected a user in \"sub\"");
    token.subject = std::move(*subject);
    token.id = std::move(*id);
    token.client_id = std::move(*client);
    return {};
}

// A reference to a list of revoked tokens; what restricts must not be skipped.
Status check_no_status(const Claims& claims) {
    if (!claims.has("status")) return {};
    return refuse(
        "the token has a \"status\", which says where its revocation is published "
        "and is not looked up here; expected a token without one");
}

// RFC 6749 section 3.3: names with one space between.
Status read_scopes(const boost::json::object& claims, Token& token) {
    const boost::json::value* value = claims.if_contains("scope");
    if (value == nullptr || (value->is_string() && value->get_string().empty())) return {};
    const auto text = Claims(claims, "the token").text("scope", kMaxScopeBytes);
    if (!text) return tl::unexpected(text.error());
    std::string_view rest = *text;
    while (true) {
        const std::size_t space = rest.find(' ');
        const std::string_view name = rest.substr(0, space);
        if (name.empty()) return refuse("\"scope\" has spaces in a row or at an end");
        token.scopes.emplace_back(name);
        if (space == std::string_view::npos) return {};
        rest.remove_prefix(space + 1);
    }
}

// RFC 7800 section 3.1; only jkt (RFC 9449 section 6.1) can be proven here.
Status read_confirmation(const boost::json::object& claims, const IssuerConfig& config,
                         Token& token) {
    const boost::json::value* value = claims.if_contains("cnf");
    if (value == nullptr && config.require_proof)
        return refuse("the token names no key (\"cnf\"); its issuer's tokens must be proven");
    if (value == nullptr) return {};
    const boost::json::object* confirmation = value->if_object();
    if (confirmation == nullptr) return refuse("\"cnf\" is not an object");
    for (const auto& member : *confirmation) {
        if (member.key() != "jkt")
            return refuse("\"cnf\" has the member " +
                          quoted({member.key().data(), member.key().size()}) +
                          "; expected \"jkt\" only");
    }
    auto thumbprint = Claims(*confirmation, "\"cnf\"").text("jkt");
    if (!thumbprint) return tl::unexpected(thumbprint.error());
    const auto decoded = base64url_decode(*thumbprint);
    if (!decoded || decoded->size() != kThumbprintBytes)
        return refuse("\"jkt\" of \"cnf\" is not a SHA-256 thumbprint in base64url");
    token.key_thumbprint = std::move(*thumbprint);
    return {};
}

// Every claim of a token whose signature is good.
Status read_claims(const boost::json::object& claims, const IssuerConfig& config, std::int64_t now,
                   Token& token) {
    const Claims reader(claims, "the token");
    token.issuer = config.issuer;
    if (auto done = check_no_status(reader); !done) return done;
    if (auto done = check_audience(claims, config); !done) return done;
    if (auto done = check_times(reader, config, now, token); !done) return done;
    if (auto done = read_names(reader, config, token); !done) return done;
    if (auto done = read_actors(claims, config, token); !done) return done;
    if (auto done = read_scopes(claims, token); !done) return done;
    auto groups = reader.texts("groups");
    if (!groups) return tl::unexpected(groups.error());
    token.groups = std::move(*groups);
    if (auto done = read_task(claims, config, token); !done) return done;
    return read_confirmation(claims, config, token);
}

Status read_break_glass(const boost::json::object& claims, const IssuerConfig& config,
                        std::int64_t now, BreakGlass& token) {
    const Claims reader(claims, "the token");
    token.issuer = config.issuer;
    if (auto done = check_no_status(reader); !done) return done;
    if (reader.has("cnf"))
        return refuse(
            "the token names a key (\"cnf\"), which break-glass does not ask to prove; "
            "expected a token without one");
    if (auto done = check_audience(claims, config); !done) return done;
    if (auto done = check_times(reader, config, now, token); !done) return done;
    const std::pair<const char*, std::string*> names[] = {
        {"sub", &token.subject}, {"jti", &token.id}, {"sid", &token.session}};
    for (const auto& [name, into] : names) {
        auto text = reader.text(name);
        if (!text) return tl::unexpected(text.error());
        *into = std::move(*text);
    }
    return {};
}

} // namespace

struct Verifier::Issuer {
    IssuerConfig config;
    std::unique_ptr<KeyStore> keys;

    [[nodiscard]] Status check_signature(const Jws& jws, const std::string& type) const;
};

Status Verifier::Issuer::check_signature(const Jws& jws, const std::string& type) const {
    if (!same_media_type(jws.type, type))
        return refuse("\"typ\" is " + quoted(jws.type) + "; expected " + type);
    if (!contains(config.algorithms, jws.algorithm))
        return refuse("\"alg\" is " + jws.algorithm + ", which issuer " + config.issuer +
                      " may not use");
    if (jws.kid.empty())
        return refuse("its header has no \"kid\"; expected the name of a key of issuer " +
                      config.issuer);
    const Jwk* key = keys->find(jws.kid);
    if (key == nullptr)
        return refuse("\"kid\" is " + quoted(jws.kid) + ", which is not a usable key of issuer " +
                      config.issuer);
    return verify_jws(jws, *key);
}

Verifier::Verifier(const Clock& clock) : clock_(clock) {}

Verifier::~Verifier() = default;

Result<std::unique_ptr<Verifier>> Verifier::create(std::vector<IssuerConfig> issuers,
                                                   const Clock& clock) {
    std::unique_ptr<Verifier> verifier(new Verifier(clock));
    for (IssuerConfig& config : issuers) {
        if (auto sound = check_config(config); !sound) return tl::unexpected(sound.error());
        const std::string name = config.issuer;
        auto keys = KeyStore::open(config.jwks_file, config.algorithms);
        if (!keys) return propagate(std::move(keys), "issuer " + name);
        auto issuer = std::make_unique<Issuer>(Issuer{std::move(config), std::move(*keys)});
        if (!verifier->issuers_.emplace(name, std::move(issuer)).second)
            return fail(ErrorCode::kInvalidArgument, "issuer " + name + " comes twice");
    }
    return verifier;
}

// A token whose signature is good.
struct Verifier::Signed {
    boost::json::object claims;
    const IssuerConfig& config;
};

Result<Verifier::Signed> Verifier::check_signature(std::string_view compact, Kind kind) const {
    const auto jws = parse_jws(compact, EmbeddedKey::kRefused);
    if (!jws) return tl::unexpected(Error(jws.error()).with_context("the token"));
    auto claims = parse_object(jws->payload, "the token's payload");
    if (!claims) return tl::unexpected(claims.error());
    // The only claim read before the signature is known to be good: it says whose key to take.
    const auto name = Claims(*claims, "the token").text("iss");
    if (!name) return tl::unexpected(name.error());
    const auto found = issuers_.find(*name);
    if (found == issuers_.end())
        return refuse("\"iss\" is " + quoted(*name) + "; the policy names no such issuer");
    const IssuerConfig& config = found->second->config;
    if (kind == Kind::kBreakGlass && !config.break_glass)
        return refuse(
            "issuer " + config.issuer +
            " may not relax sessions; its entry in the policy has no \"break_glass: true\"");
    const std::string type = kind == Kind::kBreakGlass ? kBreakGlassType : config.type;
    if (auto good = found->second->check_signature(*jws, type); !good)
        return tl::unexpected(std::move(good).error().with_context("the token"));
    return Signed{std::move(*claims), config};
}

Status Verifier::check_proof(std::string_view compact, std::string_view proof,
                             const ProofBinding& binding, Token& token) {
    if (token.key_thumbprint.empty() && proof.empty()) return {};
    if (token.key_thumbprint.empty())
        return refuse("a proof came with a token that names no key (\"cnf\"); expected none");
    if (proof.empty())
        return refuse("the token names a key (\"cnf\") and must be proven; no proof came");
    const std::int64_t now = clock_.unix_seconds();
    const auto verified = verify_proof(
        proof, {token.key_thumbprint, std::string(compact), binding.method, binding.uri, now});
    if (!verified) return tl::unexpected(verified.error());
    if (auto fresh = proofs_.remember(token.key_thumbprint, *verified, now); !fresh) return fresh;
    token.proven = true;
    return {};
}

Result<Token> Verifier::verify(std::string_view compact, std::string_view proof,
                               const ProofBinding& binding) {
    const auto good = check_signature(compact, Kind::kSession);
    if (!good) return tl::unexpected(good.error());
    Token token;
    if (auto read = read_claims(good->claims, good->config, clock_.unix_seconds(), token); !read)
        return tl::unexpected(read.error());
    if (auto proven = check_proof(compact, proof, binding, token); !proven)
        return tl::unexpected(proven.error());
    token.digest = hex(sha256(compact));
    return token;
}

Result<BreakGlass> Verifier::verify_break_glass(std::string_view compact) {
    const auto good = check_signature(compact, Kind::kBreakGlass);
    if (!good) return tl::unexpected(good.error());
    BreakGlass token;
    if (auto read = read_break_glass(good->claims, good->config, clock_.unix_seconds(), token);
        !read)
        return tl::unexpected(read.error());
    token.digest = hex(sha256(compact));
    return token;
}

std::vector<std::string> Verifier::take_notices() {
    std::vector<std::string> notices;
    for (auto& [name, issuer] : issuers_) {
        for (std::string& notice : issuer->keys->take_notices())
            notices.push_back(std::move(notice));
    }
    return notices;
}

} // namespace bailiff::token
