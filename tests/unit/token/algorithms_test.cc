// Each algorithm that a policy may allow, from a key set on disk to a verified token. The keys are
// made here: no fixture that nobody can explain.
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <boost/json/serialize.hpp>

#include "base/base64url.h"
#include "base/sha256.h"
#include "tests/unit/token/fixture.h"
#include "token/verifier.h"

namespace bailiff::token {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

std::string number(EVP_PKEY* key, const char* name) {
    BIGNUM* value = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &value), 1);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
    BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(value);
    return base64url_encode(bytes);
}

struct Signer {
    std::string algorithm;
    KeyPtr key;
    json::object jwk;
};

Signer rsa(const std::string& algorithm) {
    Signer signer{algorithm, KeyPtr(EVP_RSA_gen(2048U)), {}};
    signer.jwk = {{"kty", "RSA"},
                  {"kid", "k"},
                  {"alg", algorithm},
                  {"n", number(signer.key.get(), "n")},
                  {"e", number(signer.key.get(), "e")}};
    return signer;
}

Signer ed25519(const std::string& algorithm) {
    Signer signer{algorithm, KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), {}};
    std::string point(32, '\0');
    std::size_t length = point.size();
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(signer.key.get(),
                                          reinterpret_cast<unsigned char*>(point.data()), &length),
              1);
    signer.jwk = {{"kty", "OKP"},
                  {"crv", "Ed25519"},
                  {"kid", "k"},
                  {"alg", algorithm},
                  {"x", base64url_encode(point)}};
    return signer;
}

std::string sign(const Signer& signer, const std::string& input) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* parameters = nullptr;
    const bool is_rsa = signer.jwk.at("kty") == "RSA";
    EXPECT_EQ(EVP_DigestSignInit(context, &parameters, is_rsa ? EVP_sha256() : nullptr, nullptr,
                                 signer.key.get()),
              1);
    if (signer.algorithm == "PS256") {
        EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
        EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
    std::size_t length = 0;
    EXPECT_EQ(EVP_DigestSign(context, nullptr, &length, bytes, input.size()), 1);
    std::string signature(length, '\0');
    EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &length,
                             bytes, input.size()),
              1);
    signature.resize(length);
    EVP_MD_CTX_free(context);
    return signature;
}

class AlgorithmsTest : public tests::VerifierFixture {
protected:
    void trust(const Signer& signer) {
        tests::put(folder.file("jwks.json"), tests::jwks_of({signer.jwk}));
        config.algorithms = {signer.algorithm};
    }
    [[nodiscard]] std::string token_of(const Signer& signer) const {
        const json::object header = {{"alg", signer.algorithm}, {"typ", "at+jwt"}, {"kid", "k"}};
        const std::string input = base64url_encode(json::serialize(header)) + "." +
                                  base64url_encode(json::serialize(claims));
        return input + "." + base64url_encode(sign(signer, input));
    }
    void expect_accepted_from(const Signer& signer, const Signer& stranger) {
        trust(signer);
        const auto token = verify(token_of(signer));
        ASSERT_TRUE(token) << token.error().message();
        EXPECT_EQ(token->subject, "user:alice");
        EXPECT_FALSE(verify(token_of(stranger))) << "another key of the same name";
    }
};

TEST_F(AlgorithmsTest, Rs256) {
    expect_accepted_from(rsa("RS256"), rsa("RS256"));
}

TEST_F(AlgorithmsTest, Ps256) {
    expect_accepted_from(rsa("PS256"), rsa("PS256"));
}

TEST_F(AlgorithmsTest, EdDsa) {
    expect_accepted_from(ed25519("EdDSA"), ed25519("EdDSA"));
}

TEST_F(AlgorithmsTest, Ed25519) {
    expect_accepted_from(ed25519("Ed25519"), ed25519("Ed25519"));
}

TEST_F(AlgorithmsTest, OneThatTheIssuerMayNotUseIsRefused) {
    const Signer signer = rsa("RS256");
    trust(signer);
    Signer other = rsa("PS256");
    EXPECT_THAT(verify(token_of(other)).error().message(), HasSubstr("may not use"));
}

} // namespace
} // namespace bailiff::token
