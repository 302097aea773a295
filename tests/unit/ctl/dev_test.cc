// `bailiffctl dev token` as a person types it.
#include <gmock/gmock.h>

#include "tests/unit/ctl/program.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;

class DevToken : public testing::Test {
protected:
    DevToken() { EXPECT_EQ(program_.run({"dev", "issuer", "init", issuer_}), 0); }
    int token(std::vector<std::string> options) {
        std::vector<std::string> words{"dev", "token", "--issuer", issuer_, "--sub", "user:alice"};
        words.insert(words.end(), options.begin(), options.end());
        return program_.run(words);
    }
    Program program_;
    std::string issuer_ = program_.write("readme", "") + ".issuer";
};

TEST_F(DevToken, IsPrinted) {
    EXPECT_EQ(token({"--actor", "agent:a", "--scope", "x y", "--ttl", "30s"}), 0);
    EXPECT_THAT(program_.out(), HasSubstr("."));
}

TEST_F(DevToken, AWrongValueOfAnOptionIs2) {
    EXPECT_EQ(token({"--actor", "agent:a", "--ttl", "soon"}), 2);
    EXPECT_THAT(program_.err(), HasSubstr("--ttl: expected a duration"));
    EXPECT_EQ(token({"--actor", "user:alice"}), 2);
    EXPECT_THAT(program_.err(), HasSubstr("expected someone who acts for the user"));
    EXPECT_EQ(token({"--actor", "agent:a", "--scope", " x  y "}), 2);
    EXPECT_THAT(program_.err(), HasSubstr("expected words with one space between"));
    EXPECT_EQ(program_.out(), "");
}

TEST_F(DevToken, AFolderWithoutAKeyIs1) {
    EXPECT_EQ(program_.run({"dev", "token", "--issuer", "/no/such/folder", "--sub", "user:alice",
                            "--actor", "agent:a"}),
              1);
}

} // namespace
} // namespace bailiff::ctl
