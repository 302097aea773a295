// Verifier: from a compact JWS to a Token, or the reason why not. Follows RFC 8725 and RFC 9068:
// nothing of a token is used before its signature verified under a key of exactly that issuer.
// Owned by bailiffd; I/O thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "token/jwks.h"
#include "token/proof.h"
#include "token/token.h"

namespace bailiff::token {

struct Jws;

inline constexpr unsigned kMaxChain = 8; // actors in a token, whatever its issuer may

// How one issuer's tokens are judged.
struct IssuerConfig {
    std::string issuer;                  // exact `iss`
    std::string jwks_file;               // RFC 7517 set, local
    std::vector<std::string> algorithms; // of ES256, RS256, PS256, EdDSA, Ed25519
    std::vector<std::string> audiences;  // `aud` must name one of them
    std::string type = "at+jwt";         // media type, compared as RFC 7515 section 4.1.9 says
    std::string actor_claim;             // empty: `act`; else the actor is this claim's value
    std::string task_claim = "task";     // where the task is, besides authorization_details
    std::int64_t max_lifetime = 900;     // ceiling of exp - iat, seconds
    std::int64_t skew = 30;              // tolerated clock difference, seconds, at most 60
    unsigned max_chain = 4;              // actors a chain may have; longer is refused
    bool require_proof = false;          // a token without cnf.jkt is refused
    bool break_glass = false;            // may sign tokens of type kBreakGlassType
};

// The `typ` of a token that relaxes one session, so that it is taken for no other kind, nor another
// for it (RFC 8725 section 3.11).
inline constexpr const char* kBreakGlassType = "bailiff-break-glass+jwt";

// What a proof must be bound to, besides the token (RFC 9449 section 4.2).
struct ProofBinding {
    std::string method; // htm, "POST"
    std::string uri;    // htu
};

class Verifier {
public:
    // Reads every key set. An issuer that comes twice, an unknown algorithm or a broken key set is
    // an error that names it.
    [[nodiscard]] static Result<std::unique_ptr<Verifier>> create(std::vector<IssuerConfig> issuers,
                                                                  const Clock& clock);
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;
    Verifier(Verifier&&) = delete;
    Verifier& operator=(Verifier&&) = delete;
    ~Verifier();

    // kUnauthenticated with a precise reason: for the journal; callers from outside get it as well,
    // since they hold the token. `proof` is empty where none came. A token that names a key must be
    // proven. Does not look at jti reuse: see ReplayCache.
    [[nodiscard]] Result<Token> verify(std::string_view compact, std::string_view proof,
                                       const ProofBinding& binding);

    // The same for a token that relaxes one session: of type kBreakGlassType, by an issuer that may
    // sign those, with iss, aud, sub, iat, exp, jti and `sid`, the session. No proof is asked for.
    [[nodiscard]] Result<BreakGlass> verify_break_glass(std::string_view compact);

    // What is worth a line in the log since the last call: keys left out, and key sets that could
    // not be read again (the keys read before stay in use).
    [[nodiscard]] std::vector<std::string> take_notices();

private:
    enum class Kind { kSession, kBreakGlass };
    struct Issuer;
    struct Signed;
    explicit Verifier(const Clock& clock);
    [[nodiscard]] Result<Signed> check_signature(std::string_view compact, Kind kind) const;
    [[nodiscard]] Status check_proof(std::string_view compact, std::string_view proof,
                                     const ProofBinding& binding, Token& token);

    const Clock& clock_;
    std::map<std::string, std::unique_ptr<Issuer>, std::less<>> issuers_;
    ProofMemory proofs_;
};

} // namespace bailiff::token
