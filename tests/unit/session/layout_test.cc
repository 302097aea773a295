#include "session/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/objects.h"
#include "tests/unit/support/fake_kernel_port.h"

namespace bailiff::session {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

policy::Label says(std::uint8_t verdict, std::uint32_t rule = 1, std::uint16_t bit = 0) {
    policy::Label label;
    label.add({BAILIFF_RIGHT_READ, verdict, bit, rule});
    return label;
}
const policy::Label kDeny = says(BAILIFF_VERDICT_DENY, 1);
const policy::Label kAllow = says(BAILIFF_VERDICT_ALLOW, 2);

class Layouts : public testing::Test {
protected:
    Layouts() {
        port.files.add_file("/srv/a/f");
        port.files.add_folder("/srv/b");
    }
    Layout make() {
        auto made = make_layout(port, image, kSlot, bindings, mounts);
        EXPECT_TRUE(made) << (made ? "" : made.error().message());
        return made ? *made : Layout{};
    }
    bailiff_object_key key(const std::string& path, std::uint16_t session = 0) {
        bailiff_object_key key = kernel::inode_key(port.files.nodes.at(path).inode, kSlot);
        key.session = session;
        return key;
    }
    bailiff_object_key entry(const std::string& folder, const std::string& name,
                             std::uint16_t session = 0) {
        bailiff_object_key made = key(folder, session);
        made.kind = BAILIFF_OBJECT_ENTRY;
        made.name = hash_name(port.config, name);
        return made;
    }
    bailiff_object_key self(const std::string& folder) {
        bailiff_object_key made = key(folder);
        made.kind = BAILIFF_OBJECT_SELF;
        return made;
    }
    // Null where nothing is placed.
    static const Placed* at(const Layout& layout, const bailiff_object_key& key) {
        const auto found = layout.objects.find(key);
        return found == layout.objects.end() ? nullptr : &found->second;
    }
    static policy::Label label_at(const Layout& layout, const bailiff_object_key& key) {
        const Placed* placed = at(layout, key);
        return placed == nullptr ? policy::Label() : placed->label;
    }
    static std::uint32_t flags_at(const Layout& layout, const bailiff_object_key& key) {
        const Placed* placed = at(layout, key);
        return placed == nullptr ? 0 : placed->flags;
    }

    static constexpr std::uint8_t kSlot = 2;
    tests::FakeKernelPort port;
    policy::Image image;
    Bindings bindings;
    std::vector<Mount> mounts = {{tests::FakeFileSystem::kRootDevice, "/", "/"}};
};

TEST_F(Layouts, APathIsItsInodeAndItsName) {
    image.paths["/srv/a/f"] = kDeny;
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, key("/srv/a/f")), kDeny);
    EXPECT_EQ(label_at(layout, entry("/srv/a", "f")), kDeny)
        << "deleted and made again it is still denied";
    EXPECT_EQ(flags_at(layout, key("/srv/a")),
              BAILIFF_OBJECT_HAS_ENTRIES | BAILIFF_OBJECT_HAS_SELF);
    EXPECT_EQ(key("/srv/a/f").policy, kSlot);
}

TEST_F(Layouts, AFolderAndAFileAreOfDifferentKinds) {
    image.paths["/srv/a"] = kDeny;
    image.paths["/srv/a/f"] = kAllow;
    const Layout layout = make();
    EXPECT_EQ(key("/srv/a").kind, BAILIFF_OBJECT_DIRECTORY);
    EXPECT_EQ(key("/srv/a/f").kind, BAILIFF_OBJECT_INODE);
    EXPECT_EQ(label_at(layout, key("/srv/a")), kDeny);
    EXPECT_EQ(label_at(layout, key("/srv/a/f")), kAllow);
}

TEST_F(Layouts, TheRootHasNoNameAbove) {
    image.paths["/"] = kDeny;
    const Layout layout = make();
    EXPECT_EQ(layout.objects.size(), 1U);
    EXPECT_EQ(label_at(layout, key("/")), kDeny);
    EXPECT_EQ(flags_at(layout, key("/")), BAILIFF_OBJECT_ROOT);
}

TEST_F(Layouts, TheFoldersAboveADeniedPathStayWhereTheyAre) {
    image.paths["/srv/a/f"] = kDeny;
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, self("/srv/a")), kDeny.guard());
    EXPECT_EQ(label_at(layout, self("/srv")), kDeny.guard());
    EXPECT_EQ(label_at(layout, key("/srv/a")), policy::Label()) << "nothing of what lies in it";
    EXPECT_EQ(at(layout, self("/")), nullptr);
    EXPECT_EQ(at(layout, self("/srv/a/f")), nullptr);
}

TEST_F(Layouts, TheFoldersAboveAnAllowedPathMayGo) {
    image.paths["/srv/a/f"] = kAllow;
    EXPECT_EQ(flags_at(make(), key("/srv/a")), BAILIFF_OBJECT_HAS_ENTRIES);
}

TEST_F(Layouts, TheFolderAboveADeniedPathThatIsNotThereStaysToo) {
    image.paths["/srv/b/x/y"] = kDeny;
    EXPECT_EQ(label_at(make(), self("/srv/b")), kDeny.guard());
}

TEST_F(Layouts, ALinkOnTheWayToADeniedPathStays) {
    port.files.add_link("/srv/b/way", "/srv/a");
    image.paths["/srv/b/way/f"] = kDeny;
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, entry("/srv/b", "way")), kDeny.guard());
    EXPECT_EQ(label_at(layout, self("/srv/b")), kDeny.guard());
    EXPECT_EQ(label_at(layout, self("/srv/a")), kDeny.guard());
}

TEST_F(Layouts, ALinkThatIsTheDeniedPathStays) {
    port.files.add_link("/srv/b/link", "/srv/a/f");
    image.paths["/srv/b/link"] = kDeny;
    EXPECT_EQ(label_at(make(), entry("/srv/b", "link")), kDeny.guard());
}

TEST_F(Layouts, WhatASessionIsDeniedGuardsForThatSession) {
    image.templates["${workspace}/f"] = kDeny;
    bindings[7] = {"/srv/a", ""};
    const Layout layout = make();
    bailiff_object_key own = self("/srv/a");
    EXPECT_EQ(label_at(layout, own), policy::Label());
    EXPECT_EQ(flags_at(layout, own), BAILIFF_OBJECT_PER_SESSION);
    own.session = 7;
    EXPECT_EQ(label_at(layout, own), kDeny.guard());
}

TEST_F(Layouts, TwoRulesForOneObjectAreBothSaid) {
    port.files.add_link("/srv/link", "/srv/a/f");
    image.paths["/srv/a/f"] = kDeny;
    image.paths["/srv/link"] = kAllow;
    policy::Label both = kDeny;
    both.merge(kAllow);
    EXPECT_EQ(label_at(make(), key("/srv/a/f")), both);
}

TEST_F(Layouts, NamesAndSuffixesBelongToNoFolder) {
    image.names[".netrc"] = kDeny;
    image.suffixes[".pem"] = kAllow;
    const Layout layout = make();
    bailiff_object_key name = {};
    name.kind = BAILIFF_OBJECT_NAME;
    name.policy = kSlot;
    name.name = hash_name(port.config, ".netrc");
    EXPECT_EQ(label_at(layout, name), kDeny);
    name.kind = BAILIFF_OBJECT_SUFFIX;
    name.name = hash_name(port.config, ".pem");
    EXPECT_EQ(label_at(layout, name), kAllow);
}

TEST_F(Layouts, AFileThatIsNotThereHasItsNameAndANote) {
    image.paths["/srv/b/new"] = kAllow;
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, entry("/srv/b", "new")), kAllow);
    EXPECT_THAT(layout.notes, ElementsAre("/srv/b/new does not exist"));
}

TEST_F(Layouts, AFolderThatIsNotThereTakesTheDenialsAlone) {
    image.paths["/srv/b/x/y/new"] = kDeny;
    Layout layout = make();
    EXPECT_EQ(label_at(layout, entry("/srv/b", "x")), kDeny);
    EXPECT_THAT(layout.notes, ElementsAre(HasSubstr("its denials cover /srv/b/x")));
    image.paths["/srv/b/x/y/new"] = kAllow;
    layout = make();
    EXPECT_EQ(at(layout, entry("/srv/b", "x")), nullptr) << "or all of /srv/b/x would be allowed";
}

TEST_F(Layouts, ATemplateIsForItsSessionAlone) {
    image.templates["${workspace}/f"] = kAllow;
    bindings[7] = {"/srv/a", ""};
    bindings[8] = {"", "/home/x"};
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, key("/srv/a/f", 7)), kAllow);
    EXPECT_EQ(label_at(layout, key("/srv/a/f")), policy::Label());
    EXPECT_NE(flags_at(layout, key("/srv/a/f")) & BAILIFF_OBJECT_PER_SESSION, 0U);
    EXPECT_EQ(label_at(layout, entry("/srv/a", "f", 7)), kAllow);
    EXPECT_NE(flags_at(layout, entry("/srv/a", "f")) & BAILIFF_OBJECT_PER_SESSION, 0U);
    for (const auto& [placed, object] : layout.objects) EXPECT_NE(placed.session, 8);
}

TEST_F(Layouts, WhatASessionIsAllowedFollowsNoSymbolicLink) {
    port.files.add_file("/etc/passwd");
    port.files.add_link("/srv/a/out", "/etc");
    image.templates["${workspace}/out"] = kAllow;        // a link
    image.templates["${workspace}/out/passwd"] = kAllow; // behind a link
    image.templates["${workspace}/out/new"] = kAllow;    // not there, behind a link
    image.templates["${home}"] = kAllow;                 // a workspace that became a link
    port.files.add_link("/srv/b/home", "/etc");
    bindings[7] = {"/srv/a", "/srv/b/home"};
    const Layout layout = make();
    for (const auto& [placed, object] : layout.objects)
        EXPECT_TRUE(object.label.empty()) << "inode " << placed.ino << " name " << placed.name;
    EXPECT_THAT(layout.notes, Contains(HasSubstr("/srv/a/out leads to /etc by a symbolic link")));
}

TEST_F(Layouts, WhatASessionIsDeniedFollowsSymbolicLinks) {
    port.files.add_file("/etc/passwd");
    port.files.add_link("/srv/a/out", "/etc/passwd");
    image.templates["${workspace}/out"] = kDeny;
    bindings[7] = {"/srv/a", ""};
    EXPECT_EQ(label_at(make(), key("/etc/passwd", 7)), kDeny);
}

TEST_F(Layouts, APathWrittenWithTwoSlashesIsNoLink) {
    image.templates["${workspace}//f"] = kAllow;
    bindings[7] = {"/srv/a", ""};
    EXPECT_EQ(label_at(make(), key("/srv/a/f", 7)), kAllow);
}

TEST_F(Layouts, WhatARuleSaysForAllCountsForASessionToo) {
    image.paths["/srv/a/f"] = kDeny;
    image.templates["${workspace}/f"] = kAllow;
    bindings[7] = {"/srv/a", ""};
    const Layout layout = make();
    policy::Label both = kDeny;
    both.merge(kAllow);
    EXPECT_EQ(label_at(layout, key("/srv/a/f", 7)), both);
    EXPECT_EQ(label_at(layout, key("/srv/a/f")), kDeny);
}

TEST_F(Layouts, AMountInheritsWhatLiesAboveIt) {
    port.files.add_mount("/srv/b/disk", 9);
    mounts.push_back({9, "/", "/srv/b/disk"});
    image.paths["/srv"] = kDeny;
    image.paths["/srv/b"] = kAllow;
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, key("/srv/b/disk")), kAllow) << "the nearest speaks";
    EXPECT_EQ(flags_at(layout, key("/srv/b/disk")), BAILIFF_OBJECT_ROOT);
    EXPECT_EQ(label_at(layout, key("/")), policy::Label());
}

TEST_F(Layouts, AMountInsideAWorkspaceInheritsForThatSession) {
    port.files.add_mount("/srv/b/disk", 9);
    mounts.push_back({9, "/", "/srv/b/disk"});
    image.paths["/srv"] = kDeny;
    image.templates["${workspace}"] = kAllow;
    bindings[7] = {"/srv/b", ""};
    const Layout layout = make();
    EXPECT_EQ(label_at(layout, key("/srv/b/disk")), kDeny);
    EXPECT_EQ(label_at(layout, key("/srv/b/disk", 7)), kAllow);
    EXPECT_EQ(flags_at(layout, key("/srv/b/disk")),
              BAILIFF_OBJECT_ROOT | BAILIFF_OBJECT_PER_SESSION);
}

// One file system at two places: a hook cannot tell by which of them it was reached.
class TwoMountPoints : public Layouts {
protected:
    TwoMountPoints() {
        port.files.add_mount("/srv/a/disk", 9);
        port.files.add_folder("/srv/b/disk");
        port.files.nodes["/srv/b/disk"] = port.files.nodes["/srv/a/disk"];
        mounts.push_back({9, "/", "/srv/a/disk"});
        mounts.push_back({9, "/", "/srv/b/disk"});
    }
    policy::Label at_root(std::uint16_t session = 0) {
        const policy::Label first = label_at(make(), key("/srv/a/disk", session));
        std::swap(mounts[1], mounts[2]);
        EXPECT_EQ(label_at(make(), key("/srv/a/disk", session)), first) << "in whatever order";
        return first;
    }
};

TEST_F(TwoMountPoints, TheStrictestOfWhatLiesAboveEachCounts) {
    image.paths["/srv/a"] = kAllow;
    image.paths["/srv/b"] = kDeny;
    EXPECT_EQ(at_root(), kDeny);
    std::swap(image.paths["/srv/a"], image.paths["/srv/b"]);
    EXPECT_EQ(at_root(), kDeny);
    EXPECT_THAT(make().notes, ElementsAre(HasSubstr("/srv/a/disk and /srv/b/disk are one file")));
}

TEST_F(TwoMountPoints, ARuleForOnePointDoesNotOutweighWhatLiesAboveTheOther) {
    image.paths["/srv/a/disk"] = kAllow;
    image.paths["/srv/b"] = kDeny;
    EXPECT_EQ(at_root(), kDeny);
}

TEST_F(TwoMountPoints, AtEachPointTheNearestSpeaks) {
    image.paths["/srv"] = kDeny;
    image.paths["/srv/a"] = kAllow;
    image.paths["/srv/b"] = kAllow;
    EXPECT_EQ(at_root(), kAllow);
    EXPECT_THAT(make().notes, IsEmpty());
}

TEST_F(TwoMountPoints, AWorkspaceIsNoLessStrict) {
    policy::Label allowed = kAllow;
    allowed.add({BAILIFF_RIGHT_WRITE, BAILIFF_VERDICT_ALLOW, 0, 2});
    image.paths["/srv/b"] = kDeny;
    image.templates["${workspace}"] = allowed;
    bindings[7] = {"/srv/a", ""};
    allowed.merge(kDeny);
    EXPECT_EQ(at_root(7), allowed);
    EXPECT_EQ(at_root(), kDeny);
}

TEST_F(TwoMountPoints, TheRootOfTheHostIsOneOfThem) {
    port.files.add_folder("/srv/a/host");
    port.files.nodes["/srv/a/host"].inode = port.files.nodes.at("/").inode;
    mounts.push_back({tests::FakeFileSystem::kRootDevice, "/", "/srv/a/host"});
    image.paths["/"] = kAllow;
    image.paths["/srv/a"] = kDeny;
    EXPECT_EQ(label_at(make(), key("/")), kDeny);
}

// A session's own label of the root is all that the kernel looks at for it.
TEST_F(Layouts, AMountPointThatIsTheWorkspaceInheritsToo) {
    port.files.add_mount("/srv/b/disk", 9);
    mounts.push_back({9, "/", "/srv/b/disk"});
    image.paths["/srv/b/disk"] = says(BAILIFF_VERDICT_DENY, 1);
    image.templates["${workspace}"] = says(BAILIFF_VERDICT_DENY, 3);
    image.paths["/srv"].add({BAILIFF_RIGHT_WRITE, BAILIFF_VERDICT_DENY, 0, 0});
    bindings[7] = {"/srv/b/disk", ""};
    const policy::Label label = label_at(make(), key("/srv/b/disk", 7));
    EXPECT_NE(label.find(BAILIFF_RIGHT_READ, 0), nullptr);
    EXPECT_NE(label.find(BAILIFF_RIGHT_WRITE, 0), nullptr) << "said by /srv";
}

TEST_F(Layouts, APartOfAFileSystemMountedElsewhereIsNoRoot) {
    mounts.push_back({tests::FakeFileSystem::kRootDevice, "/srv/a", "/srv/b"});
    const Layout layout = make();
    EXPECT_EQ(at(layout, key("/srv/b")), nullptr);
}

TEST_F(Layouts, AMountThatCannotBeSeenIsANote) {
    mounts.push_back({9, "/", "/secret/fuse"});
    EXPECT_THAT(make().notes, ElementsAre(HasSubstr("mount /secret/fuse")));
}

TEST_F(Layouts, APathThatCannotBeLookedUpIsAnError) {
    image.paths["/srv/a/f"] = kDeny;
    for (std::size_t call = 1; call <= 3; call++) { // get_config, the path, its folder
        port.fail_call(call);
        EXPECT_FALSE(make_layout(port, image, kSlot, bindings, mounts)) << "call " << call;
        port.mend();
    }
    EXPECT_TRUE(make_layout(port, image, kSlot, bindings, mounts));
}

TEST_F(Layouts, NamesAreHashedWithTheKernelsKey) {
    const std::uint64_t before = hash_name(port.config, "f");
    port.config.name_key[1]++;
    EXPECT_NE(hash_name(port.config, "f"), before);
    EXPECT_NE(hash_name(port.config, "f"), hash_name(port.config, "g"));
    EXPECT_EQ(hash_name(port.config, std::string(300, 'x')),
              hash_name(port.config, std::string(255, 'x')))
        << "a name has 255 bytes at most";
}

} // namespace
} // namespace bailiff::session
