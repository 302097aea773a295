// KernelPort: what the unprivileged daemon may ask of the kernel side. One implementation talks to
// the bailiff-kernel process and writes maps through the descriptors it handed over; tests give a
// fake. Owned by main; called from the I/O thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bailiff/abi.h"
#include "base/result.h"
#include "base/sha256.h"
#include "undo/store.h"

namespace bailiff::kernel {

// One hook family's state, as its last probe proved it.
struct FamilyPosture {
    std::string family;     // "exec", "file", "network", "task", ...
    bool enforcing = false; // a probe's act really came back with EPERM
    std::string detail;     // why not, for people; empty when enforcing
};

struct KernelPosture {
    std::vector<FamilyPosture> families;
    std::string attachment;          // "lsm" or "fmod_ret"
    std::string remedy;              // what the operator can do; empty when nothing is to be done
    std::uint64_t checked_at = 0;    // nanoseconds of CLOCK_BOOTTIME
    bool sound_attachment = true;    // false: programs can be skipped, as `remedy` says
    std::uint32_t mended_pins = 0;   // links and maps whose pin was gone, and was made again
    std::uint32_t unpinned_pins = 0; // whose pin is gone and could not be made again
    std::string pins;                // names of the unpinned, else of the mended
};

// A path as the kernel sees it: its inode, and its one name with no symbolic link in it.
struct ResolvedPath {
    bailiff_inode inode{};
    std::string path;
};

// Which folder a process has as its root, as the hooks see it. Zeros: whichever it is.
struct RootFolder {
    std::uint64_t ino = 0;
    std::uint32_t dev = 0;
    std::uint32_t generation = 0;

    friend auto operator<=>(const RootFolder&, const RootFolder&) = default;
};

[[nodiscard]] inline RootFolder folder_of(const bailiff_inode& inode) {
    return {inode.ino, inode.dev, inode.generation};
}

// A root folder that paths are looked up in, with every link in it: the host's own, or a
// container's.
struct View {
    std::uint32_t pid = 0;        // the process whose root it is
    std::uint64_t start_time = 0; // of that, clock ticks since boot
    std::string root;             // or the folder of the host that it is mounted on
    RootFolder folder = {};       // of `pid`: where it is another by now, the view is gone

    [[nodiscard]] bool is_host() const { return pid == 0 && root.empty(); }
    friend auto operator<=>(const View&, const View&) = default;
};

// One way to tell an agent's task, and the subject it becomes: a file, a uid, a cgroup (enum
// bailiff_object_kind). Subject 0 is an interpreter, whose tasks are watched for what they open.
struct AgentMatch {
    bailiff_object_key key{};
    std::uint32_t subject = 0;
    std::uint32_t generation = 0;
};

// What became of a subject's processes. A process that is left has its SIGKILL pending: it sleeps
// in the kernel and cannot be interrupted.
struct Killed {
    std::uint32_t killed = 0; // sent SIGKILL, those that are left among them
    std::uint32_t left = 0;
};

// What became of a file that was to be hashed, or of a path that was to be searched for hard links.
struct Hashed {
    std::string path;
    bailiff_inode seen{};         // as the hooks see it; zeros where it could not be opened
    std::optional<Sha256> digest; // none where it was not hashed
    std::string problem;          // why not
    bool searched = false;        // for hard links; then `problem` says which there are, if any
};

inline constexpr std::uint32_t kSubjectOver = ~std::uint32_t{0};
inline constexpr std::uint32_t kAnyOwner = ~std::uint32_t{0};

// Tasks that run already: a process and all below it, or those of a control group and of all below
// that.
struct Target {
    std::uint32_t pid = 0;           // 0: the control group
    std::uint64_t start_time = 0;    // of the process, clock ticks since boot
    std::uint64_t cgroup = 0;        // its id
    std::uint32_t owner = kAnyOwner; // the uid that all of them must have
};

// Running tasks of one subject that were found to be an agent's.
struct Adopted {
    std::uint32_t subject = 0;
    std::uint32_t tasks = 0;
    std::uint32_t pid = 0;        // of their oldest process
    std::uint64_t start_time = 0; // of that, nanoseconds of CLOCK_BOOTTIME
};
struct Adoption {
    std::uint32_t tasks = 0;       // in all
    std::vector<Adopted> subjects; // the first kMaxAdopted of them
};

// What a container's runtime wrote down about it.
struct ContainerInfo {
    std::string image; // "docker.io/library/busybox:latest"
    std::string name;
};

class KernelPort {
public:
    KernelPort() = default;
    KernelPort(const KernelPort&) = delete;
    KernelPort& operator=(const KernelPort&) = delete;
    virtual ~KernelPort() = default;

    // What is behind an absolute path, as the hooks see it; symbolic links are followed. kNotFound
    // if it is not there, kInvalidArgument for a path that is not absolute or too long,
    // kUnavailable where bailiff-kernel does not answer.
    [[nodiscard]] virtual Result<ResolvedPath> resolve(const std::string& path) = 0;

    // The same in a view that is not the host's: no link leads out of it, and the path that comes
    // back is one in it. kNotFound also where the view is gone.
    [[nodiscard]] virtual Result<ResolvedPath> resolve_in(const View& view,
                                                          const std::string& path) = 0;
    // A view is gone, or is not looked at any more: bailiff-kernel may let go of it.
    virtual void forget(const View& view) = 0;

    // Map writes. Slots, rows and labels are the caller's to allocate. kResourceExhausted where the
    // map is full, kInternal where the kernel refuses; what was there before then stays. They go on
    // working while bailiff-kernel is silent.
    [[nodiscard]] virtual Status put_row(std::uint32_t number, const bailiff_row& row) = 0;
    [[nodiscard]] virtual Status put_label(std::uint32_t number, const bailiff_label& label) = 0;
    // What a policy's profiles say about a right where no rule matches.
    [[nodiscard]] virtual Status put_default(std::uint32_t policy_slot, std::uint32_t right,
                                             const bailiff_row& row) = 0;
    // The header of a policy slot: which kinds of rules it has.
    [[nodiscard]] virtual Status put_policy(std::uint32_t slot, const bailiff_policy& policy) = 0;
    // A label for an inode, an entry of a folder, a name, a suffix. To erase what is not there is
    // no error, here and below.
    [[nodiscard]] virtual Status put_object(const bailiff_object_key& key,
                                            const bailiff_object& object) = 0;
    [[nodiscard]] virtual Status erase_object(const bailiff_object_key& key) = 0;
    // A block of addresses and the class that ports refer to.
    [[nodiscard]] virtual Status put_address(const bailiff_address_key& key,
                                             std::uint32_t address_class) = 0;
    [[nodiscard]] virtual Status erase_address(const bailiff_address_key& key) = 0;
    // A label for a class of addresses with a protocol and a port.
    [[nodiscard]] virtual Status put_port(const bailiff_port_key& key, std::uint32_t label) = 0;
    [[nodiscard]] virtual Status erase_port(const bailiff_port_key& key) = 0;
    // Which profiles list a content at a label; a digest of zeros: which list any at all.
    [[nodiscard]] virtual Status put_listed(const bailiff_listed_key& key,
                                            const bailiff_listed& listed) = 0;
    // Erases what is listed at `count` labels from `first` on.
    [[nodiscard]] virtual Status clear_listed(std::uint32_t first, std::uint32_t count) = 0;
    // What goes without asking by a label's hold of one right, in one profile.
    [[nodiscard]] virtual Status put_budget(const bailiff_budget_key& key,
                                            const bailiff_budget& budget) = 0;
    // Erases the budgets of `count` labels from `first` on.
    [[nodiscard]] virtual Status clear_budgets(std::uint32_t first, std::uint32_t count) = 0;
    // Which elements a word of a command is; which an argument with that flag is, a character below
    // BAILIFF_FLAGS.
    [[nodiscard]] virtual Status put_word(const bailiff_word_key& key,
                                          const bailiff_mask& elements) = 0;
    [[nodiscard]] virtual Status put_flag(std::uint32_t policy_slot, std::uint8_t character,
                                          const bailiff_mask& elements) = 0;
    // A command that rules name: the one of that number of a policy slot.
    [[nodiscard]] virtual Status put_pattern(std::uint32_t policy_slot, std::uint32_t number,
                                             const bailiff_pattern& pattern) = 0;
    // How many of these a policy slot has; to be written behind them.
    [[nodiscard]] virtual Status put_argv(std::uint32_t policy_slot, const bailiff_argv& argv) = 0;
    // Erases every object, address, port, word and flag of a policy slot that nobody uses, with a
    // row of map "argv" that has no pattern before all else; and what was spent of its budgets.
    [[nodiscard]] virtual Status clear_policy(std::uint8_t slot) = 0;
    // A row that was never written reads as zeros.
    [[nodiscard]] virtual Status put_session(std::uint32_t slot, const bailiff_session& row) = 0;
    [[nodiscard]] virtual Result<bailiff_session> get_session(std::uint32_t slot) = 0;
    // Makes the row's epoch the next: what was judged for it before is judged again.
    [[nodiscard]] virtual Status put_subject(std::uint32_t slot, const bailiff_subject& row) = 0;
    [[nodiscard]] virtual Result<bailiff_subject> get_subject(std::uint32_t slot) = 0;
    // Replaces what makes a task that is no subject an agent. An error can leave new ways beside
    // old ones, never fewer than either.
    [[nodiscard]] virtual Status put_agents(const std::vector<AgentMatch>& agents) = 0;
    // Makes agents of the tasks that run already and match. Returns those it made.
    // kResourceExhausted where the kernel made no storage for a task, kUnavailable where
    // bailiff-kernel does not answer or tasks start faster than they are found.
    [[nodiscard]] virtual Result<Adoption> adopt() = 0;
    // The one row of configuration, and its flag of mode observe. kInternal.
    [[nodiscard]] virtual Result<bailiff_config> get_config() = 0;
    [[nodiscard]] virtual Status set_observe(bool observe) = 0;

    // Makes every thread of process `pid` and every existing descendant a task of `subject`.
    // `start_time` (field 22 of /proc/PID/stat, clock ticks) guards against a reused pid. Returns
    // how many tasks are the subject's afterwards. kNotFound if the process is gone or another one
    // now, kResourceExhausted and kUnavailable as adopt().
    [[nodiscard]] virtual Result<std::uint32_t> enrol(std::uint32_t pid, std::uint64_t start_time,
                                                      std::uint32_t subject,
                                                      std::uint32_t generation) = 0;
    // May every task of the target become one subject's? Returns how many there are. kNotFound if
    // there is none or the process is another one now, kPermissionDenied if one has another uid
    // than the owner or is bailiff's own, kFailedPrecondition if one is of a session already.
    [[nodiscard]] virtual Result<std::uint32_t> check_target(const Target& target) = 0;
    // The same, and makes them the subject's. Also the errors of enrol().
    [[nodiscard]] virtual Result<std::uint32_t> enrol_target(const Target& target,
                                                             std::uint32_t subject,
                                                             std::uint32_t generation) = 0;
    // The subject slot of a process; 0 is none, kSubjectOver one whose slot is another's now.
    // kUnavailable where bailiff-kernel does not answer, here and below.
    [[nodiscard]] virtual Result<std::uint32_t> subject_of(std::uint32_t pid) = 0;
    // How many tasks a subject has now.
    [[nodiscard]] virtual Result<std::uint32_t> count_tasks(std::uint32_t subject) = 0;

    // A container of the host's own podman or docker, by its id of 64 hexadecimal digits. kNotFound
    // where the runtime's files do not name it, kInternal where they cannot be understood.
    [[nodiscard]] virtual Result<ContainerInfo> container(const std::string& runtime,
                                                          const std::string& id) = 0;

    // Kills every process of a subject whose session is over, and waits a moment for their end.
    [[nodiscard]] virtual Result<Killed> kill_tasks(std::uint32_t subject,
                                                    std::uint32_t generation) = 0;

    // Has a regular file hashed, in its turn, unless what is known of it still stands. Its one name
    // with no symbolic link in it. kResourceExhausted where too many wait, kUnavailable.
    [[nodiscard]] virtual Status hash(const std::string& path) = 0;
    // Has a path searched for files with other names elsewhere, in its turn. As hash().
    [[nodiscard]] virtual Status find_links(const std::string& path) = 0;
    // One that is done; none where no further one is.
    [[nodiscard]] virtual Result<std::optional<Hashed>> take_hashed() = 0;

    // The acts that wait for an answer.
    [[nodiscard]] virtual Result<std::vector<bailiff_hold>> holds() = 0;
    // One of them; none where it waits no more.
    [[nodiscard]] virtual Result<std::optional<bailiff_hold>> find_hold(std::uint64_t hold) = 0;
    // Answers one, allow or deny. The task takes the answer when it goes on.
    [[nodiscard]] virtual Status answer(std::uint64_t hold, bailiff_verdict verdict) = 0;
    // Erases what is left of one whose task is gone.
    virtual void forget_hold(std::uint64_t hold) = 0;
    // Erases what is known of the session in that slot, which is over: what it made is nobody's own
    // any more; what it spent of budgets, and the addresses that it was let reach.
    virtual void forget_session(std::uint32_t session) = 0;
    // Keeps what an act that waits would destroy, as the kernel tells it, for the session (empty:
    // none) of that account; see undo::Store::keep(), with its errors. kNotFound also where no such
    // act waits to be preserved. kUnavailable, here and below.
    [[nodiscard]] virtual Result<undo::Entry> keep(std::uint64_t hold, const std::string& session,
                                                   uid_t account, const undo::Limits& limits) = 0;
    // Some of what is kept with a time above `after`, the oldest first; none where there is no
    // more.
    [[nodiscard]] virtual Result<std::vector<undo::Entry>> kept(std::int64_t after) = 0;
    // One of them, by its action: kNotFound.
    [[nodiscard]] virtual Result<undo::Entry> find_kept(std::uint64_t action) = 0;
    // Puts one back, see undo::Store::restore(), with its errors.
    [[nodiscard]] virtual Result<undo::Entry> restore(std::uint64_t action,
                                                      const undo::Restoring& how) = 0;
    // Forgets what was kept before that time, Unix nanoseconds. Returns how many.
    [[nodiscard]] virtual Result<std::uint32_t> prune_kept(std::int64_t before) = 0;
    // One more folder of the store, on another file system.
    [[nodiscard]] virtual Status add_store(const std::string& folder) = 0;
    // Has a process that was stopped go on (SIGCONT). `start_time`, nanoseconds of CLOCK_BOOTTIME,
    // guards against a reused pid: kNotFound where the process is gone.
    [[nodiscard]] virtual Status resume(std::uint32_t pid, std::uint64_t start_time) = 0;

    // Runs the probes now.
    [[nodiscard]] virtual Result<KernelPosture> posture() = 0;
    // A counter summed over CPUs, enum bailiff_counter.
    [[nodiscard]] virtual Result<std::uint64_t> counter(std::uint32_t index) = 0;

    // Descriptor that becomes readable when events wait; -1 if none. Stays owned by the port.
    [[nodiscard]] virtual int events_fd() const = 0;
    // Hands events that wait to `sink`, some thousand at most: whoever makes new ones all the time
    // would keep the caller for ever. Returns whether there may be more.
    virtual bool drain_events(const std::function<void(const bailiff_event&)>& sink) = 0;
};

} // namespace bailiff::kernel
