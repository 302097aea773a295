// What bailiff-kernel keeps on bailiffd's word, and what it takes from the kernel alone.
#include "kernel/keeping.h"

#include <cstring>
#include <optional>

#include "kernel/handler.h"
#include "kernel/program_contents.h"
#include "tests/kernel/holding.h"

namespace bailiff::tests {
namespace {

constexpr const char* kStore = "/run/keeping-test";

class Keeping : public HoldingFile {
protected:
    void SetUp() override {
        HoldingFile::SetUp();
        fs::remove_all(kStore);
        store_.emplace(programs(), undo::Store::open(kStore));
        handler_.emplace(programs(), hasher_, *store_);
    }
    void rule(bailiff_right right, bailiff_verdict verdict) {
        Holding::hold({{tree_, {right}, verdict}});
    }
    kernel::Reply ask(kernel::Operation operation, std::uint64_t action) {
        kernel::Request request{};
        request.magic = kernel::kWireMagic;
        request.operation = operation;
        request.action = action;
        request.undo.replace = 1;
        request.undo.account = operation == kernel::Operation::kKeep ? 1234 : kernel::kAnyOwner;
        request.undo.max_copy = request.undo.quota = request.undo.session_bytes = 1 << 20;
        request.undo.entries = request.undo.session_entries = 100;
        strcpy(request.undo.session, "s-1");
        kernel::Reply reply{};
        handler_->handle(request, reply);
        return reply;
    }
    void expect_kept(bailiff_right right, const Act& act, const std::string& name,
                     undo::Loss loss) {
        rule(right, BAILIFF_VERDICT_PRESERVE);
        const pid_t pid = begin(act);
        const bailiff_event asked = next_hold();
        const kernel::Reply reply = ask(kernel::Operation::kKeep, asked.hold);
        ASSERT_EQ(reply.error, 0) << reply.message;
        const auto entry = undo::read_manifest(reply.path);
        ASSERT_TRUE(entry) << reply.path;
        EXPECT_EQ(entry->action, asked.hold);
        EXPECT_TRUE(entry->path.ends_with("/held/" + name)) << entry->path;
        EXPECT_EQ(entry->loss, loss);
        EXPECT_EQ(entry->session, "s-1");
        EXPECT_EQ(entry->account, 1234U);
        answer(asked, BAILIFF_VERDICT_PRESERVE);
        EXPECT_EQ(result(pid), 0);
    }
    void expect_nothing_kept(std::uint64_t action, int error, const std::string& why) {
        const kernel::Reply reply = ask(kernel::Operation::kKeep, action);
        EXPECT_EQ(reply.error, error);
        EXPECT_NE(std::string(reply.message).find(why), std::string::npos) << reply.message;
        EXPECT_TRUE(fs::is_empty(kStore));
    }

    kernel::ProgramContents contents_{programs()};
    kernel::Hasher hasher_{contents_};
    std::optional<kernel::Keeping> store_;
    std::optional<kernel::ProgramsHandler> handler_;
};

TEST_P(Keeping, OfAnActThatWaitsItNeedsNoMoreThanItsId) {
    expect_kept(BAILIFF_RIGHT_DELETE, remove_file(tree_ + "/a"), "a", undo::Loss::kRemoved);
    expect_kept(BAILIFF_RIGHT_WRITE, write_file(tree_ + "/b"), "b", undo::Loss::kChanged);
    expect_kept(BAILIFF_RIGHT_TRUNCATE, truncate_file(tree_ + "/c"), "c", undo::Loss::kChanged);
}

TEST_P(Keeping, WhatWaitsStillIsNotRestored) {
    rule(BAILIFF_RIGHT_WRITE, BAILIFF_VERDICT_PRESERVE);
    const pid_t pid = begin(write_file(tree_ + "/b"));
    const bailiff_event asked = next_hold();
    ASSERT_EQ(ask(kernel::Operation::kKeep, asked.hold).error, 0);
    const kernel::Reply early = ask(kernel::Operation::kRestore, asked.hold);
    EXPECT_EQ(early.error, EBUSY);
    EXPECT_STREQ(early.message,
                 "its act has not happened yet: the process that asked for it waits");
    answer(asked, BAILIFF_VERDICT_PRESERVE);
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(ask(kernel::Operation::kRestore, asked.hold).error, 0);
}

TEST_P(Keeping, WhatIsHeldIsNotKept) {
    rule(BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD);
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event asked = next_hold();
    expect_nothing_kept(asked.hold, ENOENT, "no such act waits to be preserved");
    disapprove(asked);
    EXPECT_EQ(result(pid), EPERM);
}

TEST_P(Keeping, NorIsWhatWaitsNoMore) {
    rule(BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_PRESERVE);
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event asked = next_hold();
    answer(asked, BAILIFF_VERDICT_PRESERVE);
    EXPECT_EQ(result(pid), 0);
    expect_nothing_kept(asked.hold, ENOENT, "no such act waits to be preserved");
    expect_nothing_kept(asked.hold + 1, ENOENT, "no such act waits to be preserved");
}

TEST_P(Keeping, NorWhatHasALongerPathThanARecord) {
    rule(BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_PRESERVE);
    std::string folder = tree_;
    for (int i = 0; i < 8; i++) folder += "/" + std::string(200, 'd');
    fs::create_directories(folder);
    make_file(folder + "/a");
    const pid_t pid = begin(remove_file(folder + "/a"));
    const bailiff_event asked = next_hold();
    expect_nothing_kept(asked.hold, ENOSPC, "its path is longer than a record");
    answer(asked, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(result(pid), EPERM);
}

TEST_P(Keeping, WhatWaitsIsNotWrittenByBailiffd) {
    rule(BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_PRESERVE);
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event asked = next_hold();
    const std::vector<int> maps = handler_->shared_maps();
    ASSERT_EQ(maps.size(), kernel::kSharedMaps.size());
    for (std::size_t i = 0; i < maps.size(); i++) {
        if (std::string(kernel::kSharedMaps[i]) != "holds") continue;
        const std::uint32_t seat = bailiff_seat(asked.hold);
        bailiff_hold row{};
        EXPECT_EQ(bpf_map_lookup_elem(maps[i], &seat, &row), 0);
        EXPECT_EQ(row.event.hold, asked.hold);
        EXPECT_EQ(bpf_map_update_elem(maps[i], &seat, &row, BPF_ANY), -EPERM);
        EXPECT_EQ(bpf_map_delete_elem(maps[i], &seat), -EPERM);
    }
    EXPECT_EQ(ask(kernel::Operation::kForgetHold, asked.hold).error, 0);
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(ask(kernel::Operation::kForgetHold, asked.hold).error, 0) << "nor the second time";
    answer(asked, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(result(pid), EPERM);
}

INSTANTIATE_TEST_SUITE_P(On, Keeping, ::testing::Values("/mnt/ext4", "/tmp", "/root"),
                         file_system_name);

} // namespace
} // namespace bailiff::tests
