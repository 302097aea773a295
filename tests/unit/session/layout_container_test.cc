// The policy's paths in containers: what is labelled there, and that no container widens what is
// allowed elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/objects.h"
#include "session/layout.h"
#include "tests/unit/support/fake_kernel_port.h"

namespace bailiff::session {
namespace {

using testing::Contains;
using testing::HasSubstr;

const std::string kRoot = "/var/lib/containers/storage/overlay/0123/merged";
constexpr std::uint32_t kOverlay = 70;
constexpr std::uint32_t kInit = 900; // a process in the container

policy::Label says(std::uint8_t verdict, std::uint32_t rule) {
    policy::Label label;
    label.add({BAILIFF_RIGHT_READ, verdict, 0, rule});
    return label;
}
const policy::Label kDeny = says(BAILIFF_VERDICT_DENY, 1);
const policy::Label kAllow = says(BAILIFF_VERDICT_ALLOW, 2);

class LayoutsInContainers : public testing::Test {
protected:
    LayoutsInContainers() {
        port.files.add_folder("/usr/bin");
        port.files.add_mount(kRoot, kOverlay);
        port.files.add_folder(kRoot + "/usr/bin");
        port.files.add_file(kRoot + "/etc/shadow");
        port.roots[kInit] = kRoot;
    }
    Layout make() {
        auto made = make_layout(port, image, 2, bindings, sights);
        EXPECT_TRUE(made) << (made ? "" : made.error().message());
        return made ? *made : Layout{};
    }
    policy::Label label_at(const Layout& layout, const std::string& path,
                           std::uint16_t session = 0) {
        const auto found = layout.objects.find(key(path, session));
        return found == layout.objects.end() ? policy::Label() : found->second.label;
    }
    std::uint32_t flags_at(const Layout& layout, const std::string& path) {
        const auto found = layout.objects.find(key(path, 0));
        return found == layout.objects.end() ? 0 : found->second.flags;
    }
    bailiff_object_key key(const std::string& path, std::uint16_t session) {
        bailiff_object_key key = kernel::inode_key(port.files.nodes.at(path).inode, 2);
        key.session = session;
        return key;
    }
    static kernel::View view_of_init() { return {kInit, tests::FakeKernelPort::kStartTime, ""}; }

    tests::FakeKernelPort port;
    policy::Image image;
    Bindings bindings;
    Sights sights =
        sights_of({{tests::FakeFileSystem::kRootDevice, "/", "/"}, {kOverlay, "/", kRoot}});
};

TEST_F(LayoutsInContainers, ARootThatTheHostHasMountedIsAViewOfItsOwn) {
    EXPECT_EQ(sights.host.size(), 1U);
    ASSERT_EQ(sights.containers.size(), 1U);
    EXPECT_EQ(sights.containers[0].view.root, kRoot);
    image.paths["/usr/bin"] = kAllow;
    image.paths["/etc/shadow"] = kDeny;
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, "/usr/bin"), kAllow);
    EXPECT_EQ(label_at(layout, kRoot + "/usr/bin"), kAllow);
    EXPECT_EQ(label_at(layout, kRoot + "/etc/shadow"), kDeny);
    EXPECT_NE(flags_at(layout, kRoot) & BAILIFF_OBJECT_ROOT, 0U) << "known";
}

TEST_F(LayoutsInContainers, TheRootHasNothingOfTheHostsFoldersAboveIt) {
    image.paths["/var"] = kDeny;
    image.paths["/"] = kAllow;
    EXPECT_EQ(label_at(make(), kRoot), kAllow);
}

TEST_F(LayoutsInContainers, AnAbsoluteLinkStaysInTheContainer) {
    port.files.add_file(kRoot + "/target");
    port.files.add_file("/target");
    port.files.add_link(kRoot + "/link",
                        kRoot + "/target"); // as the kernel follows "/target" there
    image.paths["/link"] = kDeny;
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, kRoot + "/target"), kDeny);
    EXPECT_EQ(label_at(layout, "/target"), policy::Label());
}

TEST_F(LayoutsInContainers, AVolumeIsDeniedByTheContainersNamesButNotAllowed) {
    // The host's own file system inside the container.
    port.files.nodes[kRoot + "/usr/bin"].inode.dev = tests::FakeFileSystem::kRootDevice;
    port.files.nodes[kRoot + "/etc/shadow"].inode.dev = tests::FakeFileSystem::kRootDevice;
    image.paths["/usr/bin"] = kAllow;
    image.paths["/etc/shadow"] = kDeny;
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, kRoot + "/usr/bin"), policy::Label());
    EXPECT_EQ(label_at(layout, kRoot + "/etc/shadow"), kDeny);
}

TEST_F(LayoutsInContainers, AVolumeThatIsAWholeFileSystemKeepsWhatTheHostAllows) {
    constexpr std::uint32_t kDisk = 72;
    port.files.add_mount("/data", kDisk);
    port.files.add_mount(kRoot + "/volume", kDisk);
    port.files.nodes[kRoot + "/volume"].inode = port.files.nodes["/data"].inode;
    sights.host.push_back({kDisk, "/", "/data"});
    sights.containers.push_back({view_of_init(), {{kOverlay, "/", "/"}, {kDisk, "/", "/volume"}}});
    bindings[3] = {{"/srv/work/one", ""}, view_of_init()};
    image.paths["/data"] = kAllow;
    Layout layout = make();
    EXPECT_EQ(label_at(layout, "/data"), kAllow);
    EXPECT_FALSE(layout.objects.contains(key("/data", 3))) << "the session says no more";

    image.paths["/volume"] = kDeny;
    layout = make();
    policy::Label both = kAllow;
    both.merge(kDeny);
    EXPECT_EQ(label_at(layout, "/data"), both);
}

TEST_F(LayoutsInContainers, ASessionsWorkspaceIsLookedUpInItsView) {
    port.files.add_folder("/srv/work/one");
    port.files.add_folder(kRoot + "/srv/work/one");
    image.templates["${workspace}"] = kAllow;
    bindings[3] = {{"/srv/work/one", ""}, view_of_init()};
    sights.containers.push_back({view_of_init(), {{kOverlay, "/", "/"}}});
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, kRoot + "/srv/work/one", 3), kAllow);
    EXPECT_EQ(label_at(layout, "/srv/work/one", 3), policy::Label());
}

TEST_F(LayoutsInContainers, TheMountsThatAProcessSeesAreLabelled) {
    port.files.add_mount(kRoot + "/proc", 71);
    image.paths["/proc"] = kAllow;
    sights.containers.push_back({view_of_init(), {{kOverlay, "/", "/"}, {71, "/", "/proc"}}});
    const Layout layout = make();
    EXPECT_NE(flags_at(layout, kRoot + "/proc") & BAILIFF_OBJECT_ROOT, 0U);
    EXPECT_EQ(label_at(layout, kRoot + "/proc"), kAllow);
}

TEST_F(LayoutsInContainers, OneThatCannotBeReadIsLeftOutAndTheHostIsNot) {
    image.paths["/usr/bin"] = kAllow;
    port.fail_every("resolve_in");
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, "/usr/bin"), kAllow);
    EXPECT_EQ(flags_at(layout, kRoot) & BAILIFF_OBJECT_ROOT, 0U) << "all in it is denied";
    EXPECT_THAT(layout.notes, Contains(HasSubstr("a container's files are all denied")));
}

} // namespace
} // namespace bailiff::session
