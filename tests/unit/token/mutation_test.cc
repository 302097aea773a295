// A valid token changed at every position: never accepted, never a crash.
#include "tests/unit/token/fixture.h"
#include "token/verifier.h"

namespace bailiff::token {
namespace {

class MutationTest : public tests::VerifierFixture {
protected:
    void SetUp() override {
        token = compact();
        ASSERT_TRUE(verify(token)) << "the unchanged token must be accepted";
    }
    void expect_refused(const std::string& changed, std::size_t position) {
        if (changed == token) return;
        const auto result = verify(changed);
        ASSERT_FALSE(result) << "accepted with a change at byte " << position;
        ASSERT_EQ(result.error().code(), ErrorCode::kUnauthenticated);
    }
    std::string token;
};

TEST_F(MutationTest, FlippedBitIsRefusedAtEveryByte) {
    for (std::size_t i = 0; i < token.size(); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            std::string changed = token;
            changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
            expect_refused(changed, i);
        }
    }
}

TEST_F(MutationTest, ReplacedByteIsRefusedAtEveryByte) {
    for (std::size_t i = 0; i < token.size(); i++) {
        for (const char c : {'A', '_', '.', '=', '\0', '\xff'}) {
            std::string changed = token;
            changed[i] = c;
            expect_refused(changed, i);
        }
    }
}

TEST_F(MutationTest, TokenCutAtEveryByteIsRefused) {
    for (std::size_t size = 0; size < token.size(); size++) {
        expect_refused(token.substr(0, size), size);
        expect_refused(token.substr(token.size() - size), size);
    }
}

TEST_F(MutationTest, RemovedByteIsRefusedAtEveryByte) {
    for (std::size_t i = 0; i < token.size(); i++)
        expect_refused(std::string(token).erase(i, 1), i);
}

TEST_F(MutationTest, InsertedByteIsRefusedAtEveryByte) {
    for (std::size_t i = 0; i <= token.size(); i++) {
        for (const char c : {'A', '.', '\n'}) expect_refused(std::string(token).insert(i, 1, c), i);
    }
}

} // namespace
} // namespace bailiff::token
