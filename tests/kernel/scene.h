// Scene: the kernel programs loaded and attached in a guest, with one policy that a test writes by
// hand. Every act runs in a child process: first free, then as a subject, so that a denial is only
// believed where the same act succeeded before.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bailiff/abi.h"
#include "base/sha256.h"
#include "kernel/programs.h"
#include "kernel/startup.h"

namespace bailiff::tests {

// What a rule of the scene's one profile says.
struct Rule {
    std::string path;
    std::vector<bailiff_right> rights;
    bailiff_verdict verdict;
};

class Scene : public ::testing::Test {
public:
    // After the last test: detaches and unpins everything.
    static void unload();

protected:
    static constexpr std::uint32_t kSubject = 1;
    static constexpr std::uint32_t kSessionSlot = 1;
    static constexpr std::uint8_t kPolicySlot = 1;

    static void SetUpTestSuite();
    void SetUp() override;

    // Replaces the profile's rules; `fallback` is its default for every right.
    void policy(bailiff_verdict fallback, const std::vector<Rule>& rules);
    // What the profile says about a right where no rule matches.
    void default_of(bailiff_right right, bailiff_verdict verdict);
    // Labels a file name or suffix wherever it lies.
    void name_rule(const std::string& name, bool suffix, bailiff_right right,
                   bailiff_verdict verdict);
    // Writes the label that `path` has under another key.
    void label_as(const bailiff_object_key& key, const std::string& path);
    // Labels one entry of a directory, there or not.
    void entry_rule(const std::string& directory, const std::string& name, bailiff_right right,
                    bailiff_verdict verdict);
    // Labels a directory and nothing below it.
    void self_rule(const std::string& directory, bailiff_right right, bailiff_verdict verdict);
    // Allows the rights on a file, and on what takes its place, while it holds a listed content.
    void listed_rule(const std::string& path, const std::vector<bailiff_right>& rights,
                     const std::vector<Sha256>& contents);
    // A command: a program and what must be among its arguments: words, "-x" a letter behind a
    // dash, "x*" a beginning. To be called strictest verdict first.
    void command_rule(const std::vector<std::string>& command, bailiff_verdict verdict);
    // What the rule that was made last, for that right, lets through without asking.
    void budget(bailiff_right right, std::uint32_t count, std::uint64_t period,
                std::uint32_t flags = 0);
    // A profile of another layer beside the scene's own, which allows all but this.
    void second_profile(bailiff_right right, bailiff_verdict verdict);
    // How long a held act waits from now on, of policies written later; a minute if never said.
    void hold_for(std::uint32_t seconds) { hold_seconds_ = seconds; }
    // Puts the one profile into mode observe.
    void observe_profile();
    // A file system that the policy knows, with no rule of its own.
    void known_root(const std::string& path);
    void address_rule(const std::string& address, unsigned prefix, std::uint16_t port,
                      bailiff_right right, bailiff_verdict verdict);
    void session(bailiff_session_state state, std::uint64_t expires_at = ~0ULL,
                 std::uint32_t flags = 0);
    // An active session that break-glass relaxes until then.
    void relaxed_session(std::uint64_t until);
    // Of a profile that no break-glass relaxes, as is bailiff's own.
    void protect_profile();
    // Gives the session's slot to another session, or the subject's to another subject.
    void reuse_session_slot();
    // The same, and the subject is that session's now.
    void next_session();
    void reuse_subject_slot();
    void agent_file(const std::string& path);
    // A file that has the inode number and device of that folder.
    void agent_file_numbered_as(const std::string& folder);
    void interpreter(const std::string& path);
    void agent_module(const std::string& directory, const std::string& module);
    void agent_uid(std::uint32_t uid);
    // By a systemd unit's name, or by a cgroup's path ("/a/b").
    void agent_unit(const std::string& name, std::uint32_t subject = kSubject);
    void agent_cgroup(const std::string& path);
    // A cgroup that is bound to the subject's session, by its id.
    void bound_cgroup(std::uint64_t id);

    // Runs the act in a child that is no subject, or is one. The act returns 0 or an errno.
    using Act = std::function<int()>;
    int free(const Act& act);
    int bound(const Act& act);
    // Starts a child as a subject that waits at a gate between two acts; `between` runs meanwhile.
    int bound_after(const Act& before, const std::function<void()>& between, const Act& after);
    // Starts a child that runs the act as a subject, and returns its pid. It is the caller's to
    // reap.
    pid_t start(const Act& act);
    // Free it succeeds, as a subject it gets EPERM.
    void expect_denied(const Act& act);
    void expect_allowed(const Act& act);

    // What the ring holds now; `verdicts` leaves out life-cycle steps.
    std::vector<bailiff_event> events();
    std::vector<bailiff_event> verdicts();
    std::uint64_t now() const;

    static kernel::Programs& programs() { return *programs_; }
    // What another bailiff-kernel needs to take over.
    static kernel::Options options();
    static void reload();
    // Leaves the programs to their pins, as a bailiff-kernel that is killed does.
    static void abandon() { programs_.reset(); }

private:
    static void enrol(pid_t pid);
    int run(const Act& before, const std::function<void()>& between, const Act& after,
            bool enrolled);
    void changed();
    template <typename Key, typename Value>
    void put(const char* map, const Key& key, const Value& value);
    void subject(std::uint32_t generation, std::uint32_t session_epoch);
    void put_agent(const bailiff_object_key& key, std::uint32_t subject);
    void match_flags(std::uint32_t flags);
    void put_object(const bailiff_object_key& key, const bailiff_object& object);
    // Adds the flag (BAILIFF_OBJECT_*) to what is at the path.
    bailiff_object_key flagged(const std::string& path, std::uint32_t flag);
    std::uint32_t new_label();
    std::uint32_t label(bailiff_right right, bailiff_verdict verdict);

    static std::optional<kernel::Programs> programs_;
    std::uint32_t next_label_ = 0;
    bailiff_argv argv_{};
    std::map<std::pair<std::string, bool>, std::size_t> elements_; // 64 at most
    std::uint32_t policy_flags_ = 0;
    std::uint32_t hold_seconds_ = 60;
    bool observed_ = false;
    bool second_ = false; // profile
    void write_policy();
};

} // namespace bailiff::tests
