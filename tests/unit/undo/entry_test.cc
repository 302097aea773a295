#include "undo/entry.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace bailiff::undo {
namespace {

using ::testing::HasSubstr;

Entry sample() {
    Entry entry;
    entry.action = 0xfedcba9876543210;
    entry.time = 1'790'000'000'123'456'789;
    entry.loss = Loss::kChanged;
    entry.session = "s-01J";
    entry.account = 1000;
    entry.path = "/srv/a b/c\nd";
    entry.mode = S_IFREG | 04755;
    entry.owner = 65534;
    entry.size = 1ULL << 40;
    entry.linked = true;
    return entry;
}

TEST(Entry, ComesBackFromItsManifest) {
    const Result<std::string> text = write_manifest(sample());
    ASSERT_TRUE(text);
    const Result<Entry> entry = read_manifest(*text);
    ASSERT_TRUE(entry) << entry.error().message();
    EXPECT_EQ(entry->action, sample().action);
    EXPECT_EQ(entry->time, sample().time);
    EXPECT_EQ(entry->loss, Loss::kChanged);
    EXPECT_EQ(entry->session, "s-01J");
    EXPECT_EQ(entry->account, 1000U);
    EXPECT_EQ(entry->path, "/srv/a b/c\nd");
    EXPECT_EQ(entry->mode, sample().mode);
    EXPECT_EQ(entry->owner, 65534U);
    EXPECT_EQ(entry->size, 1ULL << 40);
    EXPECT_TRUE(entry->linked);
}

TEST(Entry, MayBeOfNoSession) {
    Entry entry = sample();
    entry.session.clear();
    entry.linked = false;
    const Result<Entry> read = read_manifest(write_manifest(entry).value());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->session, "");
    EXPECT_FALSE(read->linked);
}

TEST(Entry, HasAPathThatFitsASymbolicLink) {
    Entry entry = sample();
    entry.path = "/" + std::string(kMaxManifest, 'a');
    const Result<std::string> text = write_manifest(entry);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(text.error().message(), HasSubstr("its path has more than 39"));
}

TEST(Entry, IsNotReadFromOtherText) {
    const std::string text = write_manifest(sample()).value();
    for (const std::string& bad :
         {std::string(), std::string("1"), "2" + text.substr(1), text.substr(0, text.find('/')),
          text.substr(0, text.find(" /")) + " srv", std::string(300, ' ')}) {
        const Result<Entry> entry = read_manifest(bad);
        ASSERT_FALSE(entry) << bad;
        EXPECT_EQ(entry.error().code(), ErrorCode::kDataLoss);
    }
}

TEST(Entry, IsChargedToItsSessionElseToItsAccount) {
    Entry entry = sample();
    EXPECT_EQ(charged_to(entry), "s-01J");
    entry.loss = Loss::kReplaced;
    EXPECT_EQ(charged_to(entry), "uid 1000");
    entry.loss = Loss::kChanged;
    entry.session.clear();
    EXPECT_EQ(charged_to(entry), "uid 1000");
}

TEST(Entry, NamesEachLoss) {
    EXPECT_EQ(loss_name(Loss::kRemoved), "removed");
    EXPECT_EQ(loss_name(Loss::kChanged), "changed");
    EXPECT_EQ(loss_name(Loss::kReplaced), "replaced");
}

} // namespace
} // namespace bailiff::undo
