// `bailiffctl policy eval` and the kernel's tables give the same answers, also where links lead
// elsewhere: one file system, once on disk for eval and once as the kernel side sees it.
#include <gtest/gtest.h>

#include <filesystem>

#include "session/policy_tables.h"
#include "tests/unit/support/fake_kernel_port.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::session {
namespace {

namespace fs = std::filesystem;

class EvalAgrees : public testing::Test {
protected:
    EvalAgrees() {
        for (const char* path : {"docs/sub", "secret", "work/one/src", "work/one/kept"})
            fs::create_directories(root / path);
        for (const char* path : {"docs/plan", "docs/sub/note", "secret/key", "work/one/src/code",
                                 "work/one/kept/file", "work/one/.env"})
            tests::put_file(root / path, "x");
        fs::create_directory_symlink(root / "secret", root / "work/one/out");
        fs::create_symlink(root / "docs/plan", root / "work/one/plan");
        fs::create_directory_symlink("src", root / "work/one/inner");
        fs::create_directory_symlink(root / "docs", root / "shortcut");
        fs::create_symlink(root / "nothing", root / "work/one/dangling");
        mirror();
    }

    // The same tree on the kernel side.
    void mirror() {
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            const std::string path = entry.path().string();
            if (entry.is_symlink())
                port.files.add_link(path, (entry.path().parent_path() / fs::read_symlink(path))
                                              .lexically_normal()
                                              .string());
            else if (entry.is_directory())
                port.files.add_folder(path);
            else
                port.files.add_file(path);
        }
    }

    void put_in_force(const std::string& rules) {
        const auto loaded = policy::load_text(
            "version: 1\nhost: {profiles: [p]}\nprofiles:\n"
            "  - {name: p, default: {exec: allow}, files: [" +
                rules + "]}\n",
            "p.yaml");
        ASSERT_TRUE(loaded) << loaded.error().message();
        policy = *loaded;
        const std::vector<Mount> mounts = {{tests::FakeFileSystem::kRootDevice, "/", "/"}};
        auto installed =
            PolicyTables::install(port, policy, 0, {{kSession, {variables, {}}}}, mounts);
        ASSERT_TRUE(installed) << installed.error().message();
        tables = std::move(*installed);
        bailiff_session session = {};
        session.state = BAILIFF_SESSION_ACTIVE;
        session.expires_at = ~0ULL;
        port.sessions[kSession] = session;
        bailiff_subject subject = {};
        subject.profiles.word[0] = 1;
        subject.session = kSession;
        port.subjects[1] = subject;
    }

    void expect_agreement() {
        std::vector<fs::path> paths = {root / "work/one/src/new", root / "secret/new",
                                       root / "nothing"};
        for (const auto& entry : fs::recursive_directory_iterator(root))
            if (!entry.is_symlink()) paths.push_back(entry.path());
        for (const fs::path& path : paths)
            for (const std::uint8_t right : {BAILIFF_RIGHT_READ, BAILIFF_RIGHT_WRITE,
                                             BAILIFF_RIGHT_DELETE, BAILIFF_RIGHT_RENAME}) {
                policy::Question question;
                question.right = right;
                question.path = path.string();
                const auto says =
                    policy::evaluate(*policy, port.subjects[1].profiles, variables, question);
                const auto does = port.judge(1, 0, right, path.string(), 0);
                EXPECT_EQ(int{says.decision.verdict}, int{does.verdict})
                    << policy::right_name(right) << " " << path << ": " << says.sentence;
            }
    }

    static constexpr std::uint16_t kSession = 5;
    tests::TemporaryFolder folder;
    const fs::path root = fs::canonical(folder.path());
    const policy::Variables variables = {(root / "work/one").string(), ""};
    tests::FakeKernelPort port;
    std::shared_ptr<const policy::Policy> policy;
    std::unique_ptr<PolicyTables> tables;
};

TEST_F(EvalAgrees, OnPathsOfThePolicysOwn) {
    put_in_force("{verdict: allow, path: [\"" + (root / "shortcut").string() +
                 "\"]}, {verdict: deny, rights: [write], path: [\"" + (root / "docs/sub").string() +
                 "\"]}");
    expect_agreement();
}

TEST_F(EvalAgrees, OnWhatASessionIsAllowedBelowItsWorkspace) {
    put_in_force("{verdict: allow, path: [\"${workspace}/out\", \"${workspace}/src\"]}");
    expect_agreement();
    put_in_force("{verdict: allow, path: [\"${workspace}/plan\", \"${workspace}/inner/code\"]}");
    expect_agreement();
    put_in_force("{verdict: allow, path: [\"${workspace}/dangling\", \"${workspace}/src/new\"]}");
    expect_agreement();
}

TEST_F(EvalAgrees, OnWhatASessionIsDeniedThroughLinks) {
    put_in_force("{verdict: allow, path: [\"" + root.string() +
                 "\"]}, {verdict: deny, path: [\"${workspace}/out\", \"${workspace}/inner\"]}, "
                 "{verdict: deny, rights: [write], path: [\"${workspace}/plan\"]}");
    expect_agreement();
}

TEST_F(EvalAgrees, OnNamesWhereverTheyLie) {
    put_in_force(
        "{verdict: allow, path: [\"${workspace}\"]}, {verdict: deny, name: [.env]}, "
        "{verdict: audit, name: [code]}");
    expect_agreement();
}

} // namespace
} // namespace bailiff::session
