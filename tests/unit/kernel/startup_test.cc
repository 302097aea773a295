// The start of bailiff-kernel, as far as it needs no privilege; the rest is tests/kernel.
#include "kernel/startup.h"

#include <gmock/gmock.h>

namespace bailiff::kernel {
namespace {

using ::testing::HasSubstr;

Options options_of(const std::string& user) {
    Options options;
    options.daemon_user = user;
    return options;
}

TEST(Startup, AnAccountThatIsNotThereIsToldBeforeAnythingIsTouched) {
    EXPECT_TRUE(check_options(options_of("root")));
    const Status checked = check_options(options_of("no-such-account"));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().message(), "--daemon-user no-such-account: no such user");
}

TEST(Startup, WhoMakesNoSocketNeedsNoAccount) {
    Options options = options_of("no-such-account");
    options.once = true;
    EXPECT_TRUE(check_options(options));
    options.once = false;
    options.detach = true;
    EXPECT_TRUE(check_options(options));
}

TEST(Startup, AnUnknownAttachmentIsToldBeforeAnythingIsTouched) {
    Options options = options_of("root");
    for (const char* known : {"auto", "lsm", "fmod_ret"}) {
        options.attachment = known;
        EXPECT_TRUE(check_options(options)) << known;
    }
    options.attachment = "foo";
    const Status checked = check_options(options);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(checked.error().message(), HasSubstr("expected auto, lsm or fmod_ret"));
}

TEST(Startup, OnlyAnOptionalProgramCanBeDoneWithout) {
    Options options = options_of("root");
    options.without = {"path_notify"};
    EXPECT_TRUE(check_options(options));
    options.without.insert("file_open");
    const Status checked = check_options(options);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(checked.error().message(), HasSubstr("--without file_open: expected one of path"));
}

} // namespace
} // namespace bailiff::kernel
