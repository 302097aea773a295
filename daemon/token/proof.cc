#include "token/proof.h"

#include "base/base64url.h"
#include "base/sha256.h"
#include "token/claims.h"
#include "token/jws.h"

namespace bailiff::token {
namespace {

constexpr std::size_t kMaxRemembered = 65536;
constexpr std::size_t kMaxIdBytes = 256;

Status expect_text(const Claims& claims, std::string_view name, const std::string& expected) {
    const auto text = claims.text(name, 2048);
    if (!text) return tl::unexpected(text.error());
    if (*text != expected)
        return refuse("\"" + std::string(name) + "\" of the proof is " + quoted(*text) +
                      "; expected " + quoted(expected));
    return {};
}

// The signature under the embedded key, and that this key is the one the token names.
Status check_key(const Jws& jws, const std::string& thumbprint) {
    const auto key = parse_jwk(*jws.embedded_key, {jws.algorithm});
    if (!key) return refuse("the key of the proof is not usable: " + key.error().message());
    if (key->thumbprint != thumbprint)
        return refuse("the key of the proof has the thumbprint " + key->thumbprint +
                      "; the token's \"cnf\" expects " + thumbprint);
    if (auto good = verify_jws(jws, *key); !good)
        return tl::unexpected(std::move(good).error().with_context("the proof"));
    return {};
}

Result<Proof> check_claims(const Claims& claims, const ProofExpectation& expected) {
    const Sha256 digest = sha256(expected.token);
    const std::string hash =
        base64url_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
    if (auto same = expect_text(claims, "htm", expected.method); !same)
        return tl::unexpected(same.error());
    if (auto same = expect_text(claims, "htu", expected.uri); !same)
        return tl::unexpected(same.error());
    const auto ath = claims.text("ath");
    if (!ath) return tl::unexpected(ath.error());
    if (*ath != hash)
        return refuse(
            "\"ath\" of the proof is not the hash of this token: it was made for another");
    const auto issued_at = claims.seconds("iat");
    if (!issued_at) return tl::unexpected(issued_at.error());
    const std::int64_t age = expected.now - *issued_at;
    if (age > kProofWindow || age < -kProofWindow)
        return refuse("\"iat\" of the proof is " + std::to_string(age) +
                      " s in the past; expected at most " + std::to_string(kProofWindow) +
                      " s either way");
    auto id = claims.text("jti", kMaxIdBytes);
    if (!id) return tl::unexpected(id.error());
    return Proof{std::move(*id), *issued_at};
}

} // namespace

Result<Proof> verify_proof(std::string_view compact, const ProofExpectation& expected) {
    const auto jws = parse_jws(compact, EmbeddedKey::kRequired);
    if (!jws) return refuse("the proof: " + jws.error().message());
    if (!same_media_type(jws->type, "dpop+jwt"))
        return refuse("\"typ\" of the proof is " + quoted(jws->type) + "; expected dpop+jwt");
    if (auto key = check_key(*jws, expected.key_thumbprint); !key)
        return tl::unexpected(key.error());
    const auto payload = parse_object(jws->payload, "the payload of the proof");
    if (!payload) return tl::unexpected(payload.error());
    return check_claims(Claims(*payload, "the proof"), expected);
}

Status ProofMemory::remember(const std::string& key_thumbprint, const Proof& proof,
                             std::int64_t now) {
    std::erase_if(expires_, [now](const auto& entry) { return entry.second < now; });
    if (expires_.size() >= kMaxRemembered)
        return refuse("too many proofs came within " + std::to_string(kProofWindow) +
                      " s to remember another; try again later");
    const bool fresh =
        expires_.emplace(key_thumbprint + "." + proof.id, proof.issued_at + kProofWindow).second;
    if (!fresh) return refuse("the proof was used before; expected a new \"jti\" for each request");
    return {};
}

} // namespace bailiff::token
