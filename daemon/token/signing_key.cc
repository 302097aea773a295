#include "token/signing_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <memory>

#include "base/base64url.h"

namespace bailiff::token {
namespace {

constexpr int kCoordinateBytes = 32;

struct BioDeleter {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;
struct BignumDeleter {
    void operator()(BIGNUM* number) const { BN_free(number); }
};
struct DigestDeleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct SignatureDeleter {
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

tl::unexpected<Error> failed(const char* what) {
    return fail(ErrorCode::kInternal, std::string("OpenSSL could not ") + what);
}

// Big-endian, 32 bytes; empty on failure.
std::string padded(const BIGNUM* number) {
    std::array<unsigned char, kCoordinateBytes> bytes{};
    if (BN_bn2binpad(number, bytes.data(), kCoordinateBytes) != kCoordinateBytes) return {};
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return {};
    const std::unique_ptr<BIGNUM, BignumDeleter> owned(number);
    return base64url_encode(padded(number));
}

// DER to r || s (RFC 7518 section 3.4).
Result<std::string> raw_signature(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, SignatureDeleter> signature(
        d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())));
    if (!signature) return failed("read its own signature");
    return padded(ECDSA_SIG_get0_r(signature.get())) + padded(ECDSA_SIG_get0_s(signature.get()));
}

} // namespace

Result<SigningKey> SigningKey::from_key(KeyPtr key) {
    SigningKey made;
    made.jwk_ = {{"kty", "EC"},
                 {"crv", "P-256"},
                 {"x", coordinate(key.get(), OSSL_PKEY_PARAM_EC_PUB_X)},
                 {"y", coordinate(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y)}};
    const auto read = parse_jwk(made.jwk_, {"ES256"});
    if (!read)
        return fail(ErrorCode::kInvalidArgument,
                    "the private key is not an EC key on P-256: " + read.error().message());
    made.thumbprint_ = read->thumbprint;
    made.key_ = std::move(key);
    return made;
}

Result<SigningKey> SigningKey::generate() {
    KeyPtr key(EVP_EC_gen("P-256"));
    if (!key) return failed("make a key");
    return from_key(std::move(key));
}

Result<SigningKey> SigningKey::from_pem(const std::string& pem) {
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // Never asks for a passphrase: an empty one is given.
    std::array<char, 1> passphrase{};
    KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, passphrase.data())
                   : nullptr);
    if (!key || EVP_PKEY_is_a(key.get(), "EC") != 1)
        return fail(ErrorCode::kInvalidArgument,
                    "it is not a PEM file with an unencrypted EC private key");
    return from_key(std::move(key));
}

Result<std::string> SigningKey::pem() const {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                              nullptr) != 1)
        return failed("write the private key");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

Result<std::string> SigningKey::sign(boost::json::object header, std::string_view payload) const {
    header["alg"] = "ES256";
    const std::string input =
        base64url_encode(boost::json::serialize(header)) + "." + base64url_encode(payload);
    const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
    const std::unique_ptr<EVP_MD_CTX, DigestDeleter> context(EVP_MD_CTX_new());
    std::size_t size = 0;
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes, input.size()) != 1)
        return failed("begin to sign");
    std::string der(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size, bytes,
                       input.size()) != 1)
        return failed("sign");
    der.resize(size);
    auto signature = raw_signature(der);
    if (!signature) return signature;
    return input + "." + base64url_encode(*signature);
}

} // namespace bailiff::token
