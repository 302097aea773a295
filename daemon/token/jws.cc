#include "token/jws.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/base64url.h"
#include "token/claims.h"

namespace bailiff::token {
namespace {

constexpr std::size_t kP256Bytes = 32;
constexpr int kPs256SaltBytes = 32; // RFC 7518 section 3.5: as long as the hash

struct DigestDeleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct SignatureDeleter {
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_compact_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string media_type(std::string_view name) {
    std::string type(name);
    std::transform(type.begin(), type.end(), type.begin(), lower);
    return type.find('/') == std::string::npos ? "application/" + type : type;
}

Status check_shape(std::string_view compact) {
    if (compact.empty()) return refuse("it is empty; expected a compact JWS");
    if (compact.size() > kMaxCompactBytes)
        return refuse("it has " + std::to_string(compact.size()) + " bytes; expected at most " +
                      std::to_string(kMaxCompactBytes));
    if (!std::all_of(compact.begin(), compact.end(), is_compact_character))
        return refuse(
            "it has a character other than A-Z a-z 0-9 - _ and dots; expected a compact "
            "JWS");
    const auto dots = std::count(compact.begin(), compact.end(), '.');
    if (dots != 2)
        return refuse("it has " + std::to_string(dots) +
                      " dots; expected 2, as a signed token in compact form has");
    return {};
}

Result<std::string> decode_part(std::string_view part, std::string_view name) {
    auto decoded = base64url_decode(part);
    if (!decoded)
        return refuse("its " + std::string(name) +
                      " is not strict base64url: " + decoded.error().message());
    return decoded;
}

Status read_embedded_key(const boost::json::object& header, EmbeddedKey embedded, Jws& jws) {
    const boost::json::value* key = header.if_contains("jwk");
    if (embedded == EmbeddedKey::kRefused) {
        if (key != nullptr)
            return refuse(
                "its header carries a key (\"jwk\"); keys come from the local store only");
        return {};
    }
    if (key == nullptr || !key->is_object())
        return refuse("its header has no \"jwk\" object; expected the public key it proves");
    jws.embedded_key = key->get_object();
    return {};
}

Status read_header(const boost::json::object& header, EmbeddedKey embedded, Jws& jws) {
    for (const char* name : {"crit", "b64", "jku", "x5u", "x5c"}) {
        if (header.contains(name))
            return refuse("its header has \"" + std::string(name) + "\", which is never accepted");
    }
    const Claims claims(header, "the header");
    auto algorithm = claims.text("alg");
    if (!algorithm) return tl::unexpected(algorithm.error());
    const auto& known = known_algorithms();
    if (std::find(known.begin(), known.end(), *algorithm) == known.end())
        return refuse("its \"alg\" is " + quoted(*algorithm) +
                      "; expected one of ES256, RS256, PS256, EdDSA, Ed25519");
    auto type = claims.optional_text("typ");
    if (!type) return tl::unexpected(type.error());
    auto kid = claims.optional_text("kid");
    if (!kid) return tl::unexpected(kid.error());
    jws.algorithm = std::move(*algorithm);
    jws.type = std::move(*type);
    jws.kid = std::move(*kid);
    return read_embedded_key(header, embedded, jws);
}

// Raw r || s (RFC 7518 section 3.4) as the DER that OpenSSL takes; empty if r or s is out of range.
std::string ecdsa_der(std::string_view raw, const EVP_PKEY* key) {
    if (raw.size() != 2 * kP256Bytes || EVP_PKEY_get_bits(key) != 256) return {};
    const std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)> group(
        EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), EC_GROUP_free);
    const std::unique_ptr<ECDSA_SIG, SignatureDeleter> signature(ECDSA_SIG_new());
    if (!group || !signature) return {};
    BIGNUM* r = BN_bin2bn(bytes_of(raw), kP256Bytes, nullptr);
    BIGNUM* s = BN_bin2bn(bytes_of(raw) + kP256Bytes, kP256Bytes, nullptr);
    if (r == nullptr || s == nullptr || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return {};
    }
    const BIGNUM* order = EC_GROUP_get0_order(group.get());
    for (const BIGNUM* number : {r, s}) {
        if (BN_is_zero(number) == 1 || BN_cmp(number, order) >= 0) return {};
    }
    std::array<unsigned char, 80> der{}; // two integers of at most 33 bytes and three headers
    unsigned char* end = der.data();
    const int length = i2d_ECDSA_SIG(signature.get(), nullptr);
    if (length <= 0 || static_cast<std::size_t>(length) > der.size() ||
        i2d_ECDSA_SIG(signature.get(), &end) != length)
        return {};
    return {reinterpret_cast<const char*>(der.data()), static_cast<std::size_t>(length)};
}

bool set_rsa_padding(const std::string& algorithm, EVP_PKEY_CTX* context) {
    if (algorithm == "RS256") return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kPs256SaltBytes) == 1;
}

bool signature_is_good(const Jws& jws, const Jwk& key) {
    const std::unique_ptr<EVP_MD_CTX, DigestDeleter> context(EVP_MD_CTX_new());
    const bool is_ed25519 = key.algorithm == "EdDSA" || key.algorithm == "Ed25519";
    const bool is_ecdsa = key.algorithm == "ES256";
    EVP_PKEY_CTX* parameters = nullptr;
    if (!context ||
        EVP_DigestVerifyInit(context.get(), &parameters, is_ed25519 ? nullptr : EVP_sha256(),
                             nullptr, key.key.get()) != 1)
        return false;
    if (!is_ed25519 && !is_ecdsa && !set_rsa_padding(key.algorithm, parameters)) return false;
    const auto expected = static_cast<std::size_t>(EVP_PKEY_get_size(key.key.get()));
    if (!is_ecdsa && jws.signature.size() != expected) return false;
    const std::string signature =
        is_ecdsa ? ecdsa_der(jws.signature, key.key.get()) : jws.signature;
    if (signature.empty()) return false;
    return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                            bytes_of(jws.signing_input), jws.signing_input.size()) == 1;
}

} // namespace

bool same_media_type(std::string_view one, std::string_view other) {
    return media_type(one) == media_type(other);
}

Result<Jws> parse_jws(std::string_view compact, EmbeddedKey embedded) {
    if (auto shape = check_shape(compact); !shape) return tl::unexpected(shape.error());
    const std::size_t first = compact.find('.');
    const std::size_t second = compact.find('.', first + 1);
    Jws jws;
    jws.signing_input = compact.substr(0, second);
    const auto header_text = decode_part(compact.substr(0, first), "header");
    if (!header_text) return tl::unexpected(header_text.error());
    const auto header = parse_object(*header_text, "its header");
    if (!header) return tl::unexpected(header.error());
    if (auto read = read_header(*header, embedded, jws); !read) return tl::unexpected(read.error());
    auto payload = decode_part(compact.substr(first + 1, second - first - 1), "payload");
    if (!payload) return tl::unexpected(payload.error());
    auto signature = decode_part(compact.substr(second + 1), "signature");
    if (!signature) return tl::unexpected(signature.error());
    if (signature->empty()) return refuse("it has no signature");
    jws.payload = std::move(*payload);
    jws.signature = std::move(*signature);
    return jws;
}

Status verify_jws(const Jws& jws, const Jwk& key) {
    if (jws.algorithm != key.algorithm)
        return refuse("its \"alg\" is " + jws.algorithm + "; its key verifies " + key.algorithm +
                      " only");
    const bool good = signature_is_good(jws, key);
    ERR_clear_error(); // OpenSSL's queue is per thread and would be blamed on the next caller
    if (!good) return refuse("its " + key.algorithm + " signature does not verify");
    return {};
}

} // namespace bailiff::token
