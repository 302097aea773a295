#include "token/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/base64url.h"
#include "base/sha256.h"
#include "token/claims.h"

namespace bailiff::token {
namespace {

constexpr std::size_t kCoordinateBytes = 32; // of P-256 and Ed25519
constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192; // above it one verification takes too long
constexpr std::size_t kMaxMemberBytes = 2048;

struct BignumDeleter {
    void operator()(BIGNUM* number) const { BN_free(number); }
};
using Bignum = std::unique_ptr<BIGNUM, BignumDeleter>;
struct ContextDeleter {
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, ContextDeleter>;
struct BuilderDeleter {
    void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
};
using Builder = std::unique_ptr<OSSL_PARAM_BLD, BuilderDeleter>;
struct ParamsDeleter {
    void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
};
using Params = std::unique_ptr<OSSL_PARAM, ParamsDeleter>;

tl::unexpected<Error> unusable(std::string reason) {
    return fail(ErrorCode::kInvalidArgument, std::move(reason));
}

const unsigned char* bytes_of(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Result<std::string> text_member(const boost::json::object& jwk, std::string_view name) {
    auto text = Claims(jwk, "the key").text(name, kMaxMemberBytes);
    if (!text) return unusable(text.error().message());
    return text;
}

// A Base64urlUInt or coordinate (RFC 7518 section 2), decoded.
Result<std::string> octets(const boost::json::object& jwk, std::string_view name) {
    auto text = text_member(jwk, name);
    if (!text) return text;
    auto decoded = base64url_decode(*text);
    if (!decoded)
        return unusable("\"" + std::string(name) +
                        "\" is not base64url: " + decoded.error().message());
    return decoded;
}

Result<std::string> coordinate(const boost::json::object& jwk, std::string_view name) {
    auto value = octets(jwk, name);
    if (value && value->size() != kCoordinateBytes)
        return unusable("\"" + std::string(name) + "\" has " + std::to_string(value->size()) +
                        " bytes, expected " + std::to_string(kCoordinateBytes));
    return value;
}

KeyPtr key_from_params(const char* type, OSSL_PARAM_BLD* builder) {
    const Params params(OSSL_PARAM_BLD_to_param(builder));
    const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return nullptr;
    KeyPtr owned(key);
    const Context check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    if (!check || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
    return owned;
}

std::string thumbprint_of(const std::string& canonical) {
    const Sha256 digest = sha256(canonical);
    return base64url_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Status check_curve(const boost::json::object& jwk, std::string_view expected) {
    const auto curve = text_member(jwk, "crv");
    if (!curve) return tl::unexpected(curve.error());
    if (*curve != expected)
        return unusable("its curve is " + quoted(*curve) + ", expected " + std::string(expected));
    return {};
}

Status read_ed25519(const boost::json::object& jwk, Jwk& out) {
    if (auto curve = check_curve(jwk, "Ed25519"); !curve) return curve;
    const auto x = coordinate(jwk, "x");
    if (!x) return tl::unexpected(x.error());
    out.key.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*x), x->size()));
    if (!out.key) return unusable("it is not an Ed25519 public key");
    out.thumbprint =
        thumbprint_of(R"({"crv":"Ed25519","kty":"OKP","x":")" + base64url_encode(*x) + "\"}");
    return {};
}

Status read_p256(const boost::json::object& jwk, Jwk& out) {
    if (auto curve = check_curve(jwk, "P-256"); !curve) return curve;
    const auto x = coordinate(jwk, "x");
    if (!x) return tl::unexpected(x.error());
    const auto y = coordinate(jwk, "y");
    if (!y) return tl::unexpected(y.error());
    const std::string point = "\x04" + *x + *y; // uncompressed, SEC 1 section 2.3.3
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) !=
            1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1)
        return fail(ErrorCode::kInternal, "OpenSSL could not take the key's point");
    out.key = key_from_params("EC", builder.get());
    if (!out.key) return unusable("its point is not on P-256");
    out.thumbprint = thumbprint_of(R"({"crv":"P-256","kty":"EC","x":")" + base64url_encode(*x) +
                                   R"(","y":")" + base64url_encode(*y) + "\"}");
    return {};
}

// CVE-2017-15361: the moduli of one vendor's generator lie in the subgroup that 65537 generates,
// modulo each of these primes. A sound modulus does so with a chance below 2^-27.
bool has_roca_fingerprint(const BIGNUM* modulus) {
    constexpr std::array<unsigned, 17> kPrimes = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                                  79, 97, 103, 107, 109, 127, 151, 157};
    return std::all_of(kPrimes.begin(), kPrimes.end(), [modulus](unsigned prime) {
        const auto residue = static_cast<unsigned>(BN_mod_word(modulus, prime));
        unsigned power = 1;
        do {
            if (power == residue) return true;
            power = power * 65537 % prime;
        } while (power != 1);
        return false;
    });
}

Status check_rsa_numbers(const std::string& n, const std::string& e, const BIGNUM* modulus) {
    if (n.front() == '\0' || e.front() == '\0')
        return unusable("\"n\" or \"e\" begins with a zero byte");
    const int bits = BN_num_bits(modulus);
    if (bits < kMinRsaBits || bits > kMaxRsaBits)
        return unusable("its modulus has " + std::to_string(bits) + " bits, expected " +
                        std::to_string(kMinRsaBits) + " to " + std::to_string(kMaxRsaBits));
    std::uint64_t exponent = 0;
    for (const char c : e.substr(0, 8)) exponent = exponent << 8 | static_cast<unsigned char>(c);
    if (exponent < 65537 || e.size() > 4 || exponent % 2 == 0)
        return unusable("its public exponent is not an odd number from 65537 to 2^32");
    if (BN_is_odd(modulus) != 1) return unusable("its modulus is even");
    if (has_roca_fingerprint(modulus))
        return unusable("its modulus has the fingerprint of a broken generator (CVE-2017-15361)");
    return {};
}

Status read_rsa(const boost::json::object& jwk, Jwk& out) {
    const auto n = octets(jwk, "n");
    if (!n) return tl::unexpected(n.error());
    const auto e = octets(jwk, "e");
    if (!e) return tl::unexpected(e.error());
    const Bignum modulus(BN_bin2bn(bytes_of(*n), static_cast<int>(n->size()), nullptr));
    const Bignum exponent(BN_bin2bn(bytes_of(*e), static_cast<int>(e->size()), nullptr));
    if (!modulus || !exponent) return fail(ErrorCode::kInternal, "OpenSSL could not read the key");
    if (auto sound = check_rsa_numbers(*n, *e, modulus.get()); !sound) return sound;
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
        return fail(ErrorCode::kInternal, "OpenSSL could not take the key's numbers");
    out.key = key_from_params("RSA", builder.get());
    if (!out.key) return unusable("it is not an RSA public key");
    out.thumbprint = thumbprint_of(R"({"e":")" + base64url_encode(*e) + R"(","kty":"RSA","n":")" +
                                   base64url_encode(*n) + "\"}");
    return {};
}

// One row for each supported type of key.
struct KeyType {
    std::string_view name;
    std::vector<std::string> algorithms;
    Status (*read)(const boost::json::object& jwk, Jwk& out);
};

const std::vector<KeyType>& key_types() {
    static const std::vector<KeyType> types = {{"EC", {"ES256"}, read_p256},
                                               {"OKP", {"EdDSA", "Ed25519"}, read_ed25519},
                                               {"RSA", {"RS256", "PS256"}, read_rsa}};
    return types;
}

bool contains(const std::vector<std::string>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

// RFC 7517 sections 4.2 and 4.3.
Status check_purpose(const boost::json::object& jwk) {
    if (const boost::json::value* use = jwk.if_contains("use")) {
        if (!use->is_string() || use->get_string() != "sig")
            return unusable("its \"use\" is not \"sig\"");
    }
    const boost::json::value* operations = jwk.if_contains("key_ops");
    if (operations == nullptr) return {};
    const boost::json::array* list = operations->if_array();
    if (list == nullptr || std::none_of(list->begin(), list->end(), [](const auto& operation) {
            return operation.is_string() && operation.get_string() == "verify";
        }))
        return unusable("its \"key_ops\" do not contain \"verify\"");
    return {};
}

Status check_public(const boost::json::object& jwk) {
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
        if (jwk.contains(name))
            return unusable("it has the private member \"" + std::string(name) +
                            "\"; expected a public key only");
    }
    return {};
}

Result<std::string> choose_algorithm(const boost::json::object& jwk, const KeyType& type,
                                     const std::vector<std::string>& allowed) {
    if (jwk.contains("alg")) {
        auto named = text_member(jwk, "alg");
        if (!named) return named;
        if (!contains(type.algorithms, *named))
            return unusable("its \"alg\" " + quoted(*named) + " does not fit a key of type " +
                            std::string(type.name));
        if (!contains(allowed, *named))
            return unusable("its \"alg\" " + *named + " is not allowed here");
        return named;
    }
    std::vector<std::string> fitting;
    for (const std::string& name : type.algorithms) {
        if (contains(allowed, name)) fitting.push_back(name);
    }
    if (fitting.empty())
        return unusable("no allowed algorithm fits a key of type " + std::string(type.name));
    if (fitting.size() > 1)
        return unusable("it has no \"alg\" and both " + fitting[0] + " and " + fitting[1] +
                        " are allowed; expected \"alg\" in the key or one of them only");
    return fitting.front();
}

} // namespace

void KeyDeleter::operator()(evp_pkey_st* key) const {
    EVP_PKEY_free(key);
}

const std::vector<std::string>& known_algorithms() {
    static const std::vector<std::string> names = {"ES256", "RS256", "PS256", "EdDSA", "Ed25519"};
    return names;
}

Result<Jwk> parse_jwk(const boost::json::object& jwk, const std::vector<std::string>& allowed) {
    const auto name = text_member(jwk, "kty");
    if (!name) return tl::unexpected(name.error());
    if (*name == "oct") return unusable("it is symmetric: whoever verifies with it could sign");
    const auto type = std::find_if(key_types().begin(), key_types().end(),
                                   [&](const KeyType& known) { return known.name == *name; });
    if (type == key_types().end())
        return unusable("its type " + quoted(*name) + " is none of EC, OKP, RSA");
    if (auto purpose = check_purpose(jwk); !purpose) return tl::unexpected(purpose.error());
    if (auto open = check_public(jwk); !open) return tl::unexpected(open.error());

    Jwk out;
    if (jwk.contains("kid")) {
        auto kid = text_member(jwk, "kid");
        if (!kid) return tl::unexpected(kid.error());
        out.kid = std::move(*kid);
    }
    auto algorithm = choose_algorithm(jwk, *type, allowed);
    if (!algorithm) return tl::unexpected(algorithm.error());
    out.algorithm = std::move(*algorithm);
    if (auto read = type->read(jwk, out); !read) return tl::unexpected(read.error());
    return out;
}

} // namespace bailiff::token
