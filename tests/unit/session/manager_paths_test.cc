// Folders whose names no answer and no state file could hold.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using testing::HasSubstr;

class ManagerPaths : public testing::Test, protected Scene {};

TEST_F(ManagerPaths, AFolderThatIsNotNamedInUtf8IsNoWorkspace) {
    port.files.add_folder("/srv/work/\xff");
    port.files.add_link("/srv/work/link", "/srv/work/\xff");
    start();
    for (const char* path : {"/srv/work/\xff", "/srv/work/link"}) {
        const auto refused = try_open(kAlice, path);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
        EXPECT_THAT(refused.error().message(), HasSubstr("/srv/work/\\xff"));
        EXPECT_THAT(refused.error().message(), HasSubstr("not UTF-8"));
    }
}

TEST_F(ManagerPaths, AHomeThatIsNotNamedInUtf8IsRefused) {
    port.files.add_link("/home/odd", "/home/\xff");
    port.files.add_folder("/home/\xff");
    start();
    session::Presenter from = presenter(61001);
    from.home = "/home/odd";
    std::uint32_t enrolled = 0;
    const auto refused =
        manager->open({idp.sign(claims(kAlice)), "", "/srv/work/one", "", false}, from, &enrolled);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("not UTF-8"));
}

} // namespace
} // namespace bailiff::tests
