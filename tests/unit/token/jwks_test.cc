#include "token/jwks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/token/fixture.h"

namespace bailiff::token {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::jwk_of;
using tests::jwks_of;
using tests::make_key;
using tests::put;
namespace json = boost::json;

std::string refusal(const std::string& text) {
    const auto set = parse_jwks(text, {"ES256"});
    return set ? "accepted" : set.error().message();
}

TEST(JwksTest, KeysAreFoundByKid) {
    const auto set =
        parse_jwks(jwks_of({jwk_of(make_key(), "a"), jwk_of(make_key(), "b")}), {"ES256"});
    ASSERT_TRUE(set);
    EXPECT_EQ(set->keys.size(), 2U);
    EXPECT_TRUE(set->keys.contains("a"));
    EXPECT_THAT(set->skipped, IsEmpty());
}

TEST(JwksTest, UnusableKeysAreLeftOutWithTheReason) {
    json::object encryption = jwk_of(make_key(), "b");
    encryption["use"] = "enc";
    json::object nameless = jwk_of(make_key(), "c");
    nameless.erase("kid");
    const json::object symmetric = {{"kty", "oct"}, {"kid", "d"}, {"k", "AAAA"}};
    const auto set =
        parse_jwks(jwks_of({jwk_of(make_key(), "a"), encryption, nameless, symmetric}), {"ES256"});
    ASSERT_TRUE(set);
    EXPECT_EQ(set->keys.size(), 1U);
    EXPECT_THAT(set->skipped,
                ElementsAre(HasSubstr("\"use\""), HasSubstr("no \"kid\""), HasSubstr("symmetric")));
}

TEST(JwksTest, KidThatComesTwiceRefusesTheSet) {
    EXPECT_THAT(refusal(jwks_of({jwk_of(make_key(), "a"), jwk_of(make_key(), "a")})),
                HasSubstr("kid \"a\" comes twice"));
}

TEST(JwksTest, KidOfAnUnusableKeyCountsAsWell) {
    const json::object symmetric = {{"kty", "oct"}, {"kid", "a"}, {"k", "AAAA"}};
    EXPECT_THAT(refusal(jwks_of({jwk_of(make_key(), "a"), symmetric})), HasSubstr("comes twice"));
}

TEST(JwksTest, SetWithoutUsableKeyIsRefusedAndSaysWhy) {
    json::object encryption = jwk_of(make_key(), "b");
    encryption["use"] = "enc";
    EXPECT_THAT(refusal(jwks_of({encryption})),
                ::testing::AllOf(HasSubstr("no usable key"), HasSubstr("\"use\"")));
    EXPECT_THAT(refusal(R"({"keys":[]})"), HasSubstr("no usable key"));
}

TEST(JwksTest, TextThatIsNoKeySetIsRefused) {
    EXPECT_THAT(refusal("{"), HasSubstr("JSON"));
    EXPECT_THAT(refusal("[]"), HasSubstr("not a JWK set"));
    EXPECT_THAT(refusal(R"({"keys":{}})"), HasSubstr("not a JWK set"));
    EXPECT_THAT(refusal(R"({"keys":[1]})"), HasSubstr("key 1 is not an object"));
}

TEST(JwksTest, NameThatComesTwiceRefusesTheSet) {
    EXPECT_THAT(refusal(R"({"keys":[],"keys":[]})"), HasSubstr("comes twice"));
}

TEST(JwksTest, KidThatIsNoStringRefusesTheSet) {
    EXPECT_THAT(refusal(R"({"keys":[{"kty":"EC","kid":7}]})"), HasSubstr("\"kid\" of key 1"));
}

class KeyStoreTest : public ::testing::Test {
protected:
    std::unique_ptr<KeyStore> open() { return KeyStore::open(path, {"ES256"}).value(); }
    tests::TemporaryFolder folder;
    std::string path = folder.file("jwks.json");
};

TEST_F(KeyStoreTest, AbsentFileIsAnErrorThatNamesIt) {
    const auto store = KeyStore::open(path, {"ES256"});
    ASSERT_FALSE(store);
    EXPECT_THAT(store.error().message(), HasSubstr(path));
}

TEST_F(KeyStoreTest, BrokenFileIsAnErrorThatNamesIt) {
    put(path, "{");
    EXPECT_THAT(KeyStore::open(path, {"ES256"}).error().message(), HasSubstr(path));
}

TEST_F(KeyStoreTest, UnknownKidIsNotFound) {
    put(path, jwks_of({jwk_of(make_key(), "a")}));
    EXPECT_EQ(open()->find("../a"), nullptr);
}

TEST_F(KeyStoreTest, ChangedFileIsReadAgain) {
    put(path, jwks_of({jwk_of(make_key(), "old")}));
    const auto store = open();
    ASSERT_NE(store->find("old"), nullptr);
    put(folder.file("new.json"), jwks_of({jwk_of(make_key(), "new"), jwk_of(make_key(), "n2")}));
    std::filesystem::rename(folder.file("new.json"), path);
    EXPECT_NE(store->find("new"), nullptr);
    EXPECT_EQ(store->find("old"), nullptr);
}

TEST_F(KeyStoreTest, BrokenNewFileKeepsTheOldKeysAndIsReportedOnce) {
    put(path, jwks_of({jwk_of(make_key(), "a")}));
    const auto store = open();
    put(path, "{ broken");
    EXPECT_NE(store->find("a"), nullptr);
    EXPECT_NE(store->find("a"), nullptr);
    EXPECT_THAT(store->take_notices(), ElementsAre(HasSubstr("the keys read before stay in use")));
    EXPECT_NE(store->find("a"), nullptr);
    EXPECT_THAT(store->take_notices(), IsEmpty());
}

TEST_F(KeyStoreTest, RemovedFileKeepsTheOldKeysAndIsReportedOnce) {
    put(path, jwks_of({jwk_of(make_key(), "a")}));
    const auto store = open();
    std::filesystem::remove(path);
    EXPECT_NE(store->find("a"), nullptr);
    EXPECT_NE(store->find("a"), nullptr);
    EXPECT_THAT(store->take_notices(), ElementsAre(HasSubstr("does not exist")));
}

TEST_F(KeyStoreTest, MendedFileIsReadAgain) {
    put(path, jwks_of({jwk_of(make_key(), "a")}));
    const auto store = open();
    put(path, "{ broken");
    EXPECT_EQ(store->find("b"), nullptr);
    put(path, jwks_of({jwk_of(make_key(), "b")}));
    EXPECT_NE(store->find("b"), nullptr);
}

} // namespace
} // namespace bailiff::token
