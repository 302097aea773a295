#include "session/label_archive.h"

#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using session::LabelArchive;

class LabelArchives : public testing::Test, protected Scene {
protected:
    // The labels of a daemon's tables, saved and loaded.
    LabelArchive saved() {
        start();
        EXPECT_TRUE(LabelArchive::save(file, *manager->tables()));
        return LabelArchive::load(file);
    }
    std::string file = folder.file("archive.json");
};

TEST_F(LabelArchives, EveryLabelSaysWhatItSaid) {
    const LabelArchive archive = saved();
    const session::LabelTable& labels = manager->tables()->labels();
    ASSERT_GT(labels.labels().size(), 2U);
    for (std::uint32_t i = 0; i < labels.labels().size(); i++) {
        const std::uint32_t number = labels.first() + i;
        ASSERT_NE(archive.find(number), nullptr) << number;
        EXPECT_EQ(*archive.find(number), *labels.find(number));
    }
    EXPECT_EQ(archive.find(labels.first() + static_cast<std::uint32_t>(labels.labels().size())),
              nullptr);
    EXPECT_EQ(archive.find(0), nullptr);
}

TEST_F(LabelArchives, ItIsOfOnePolicyInOneSlot) {
    const LabelArchive archive = saved();
    const policy::Policy& policy = manager->tables()->policy();
    const std::uint8_t slot = manager->tables()->slot();
    EXPECT_TRUE(archive.is_of(policy, slot));
    EXPECT_FALSE(archive.is_of(policy, static_cast<std::uint8_t>(slot + 1)));
    profiles += "  - {name: one-more}\n";
    EXPECT_FALSE(archive.is_of(*this->policy(), slot)) << "other lines, other rules";
}

TEST_F(LabelArchives, NoFileIsAnEmptyArchive) {
    start();
    const LabelArchive archive = LabelArchive::load(file);
    EXPECT_FALSE(archive.is_of(manager->tables()->policy(), manager->tables()->slot()));
    EXPECT_EQ(archive.find(1), nullptr);
}

TEST_F(LabelArchives, ADamagedFileIsAnEmptyArchive) {
    (void)saved();
    const std::string whole = get_file(file);
    const auto expect_empty = [&](const std::string& content) {
        put_file(file, content);
        const LabelArchive archive = LabelArchive::load(file);
        EXPECT_FALSE(archive.is_of(manager->tables()->policy(), manager->tables()->slot()));
        EXPECT_EQ(archive.find(manager->tables()->labels().first()), nullptr) << content;
    };
    expect_empty(whole.substr(0, whole.size() / 2));
    expect_empty("{}");
    std::string wrong = whole;
    wrong.replace(wrong.find("\"policy\""), 8, "\"polity\"");
    expect_empty(wrong);
    wrong = whole;
    wrong.replace(wrong.rfind("]]"), 2, ",-1]]");
    wrong.replace(wrong.find("\"slot\":"), 7, "\"slot\":7");
    expect_empty(wrong);
}

} // namespace
} // namespace bailiff::tests
