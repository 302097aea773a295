// The contract between the kernel programs (bpf/) and the daemon: every struct, constant and map
// name that both sides use. Plain C that clang -target bpf, gcc and g++ all accept.
//
// Rules: fixed-width members, natural alignment, explicit zeroed padding, no bool, long or bare
// enum in a struct. A change of any layout here raises BAILIFF_ABI_VERSION; programs of another
// version are replaced as a whole, their maps are never reinterpreted.
#ifndef BAILIFF_ABI_H
#define BAILIFF_ABI_H

#ifdef __bpf__
typedef unsigned char bailiff_u8;
typedef unsigned short bailiff_u16;
typedef unsigned int bailiff_u32;
typedef int bailiff_s32;
typedef long long bailiff_s64;
typedef unsigned long long bailiff_u64;
#else
#include <stdint.h>
typedef uint8_t bailiff_u8;
typedef uint16_t bailiff_u16;
typedef uint32_t bailiff_u32;
typedef int32_t bailiff_s32;
typedef int64_t bailiff_s64;
typedef uint64_t bailiff_u64;
#endif

#ifdef __cplusplus
#define BAILIFF_STATIC_ASSERT(cond, text) static_assert(cond, text)
#else
#define BAILIFF_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

#define BAILIFF_ABI_VERSION 12

// Table sizes. A slot is an index; slot 0 is reserved in each table.
#define BAILIFF_MASK_WORDS 4 // 256 profile bits
#define BAILIFF_MAX_PROFILES 256
#define BAILIFF_MAX_POLICIES 4     // policy images that live side by side during a reload
#define BAILIFF_MAX_SESSIONS 4096  // session 0 is built in: "no session"
#define BAILIFF_MAX_SUBJECTS 8192  // subject 0 means "no subject"
#define BAILIFF_MAX_LABELS 4096    // what rules say of an object, each only once
#define BAILIFF_MAX_ROWS 6145      // what they say of one right, each only once
#define BAILIFF_MAX_OBJECTS 131072 // labelled objects of all policies and sessions
#define BAILIFF_MAX_AGENTS 4096    // ways to tell an agent's task, of all agents
#define BAILIFF_MAX_PROGRAMS 128   // attached ones
#define BAILIFF_PROGRAM_NAME 32    // a program's name with its terminating NUL
#define BAILIFF_MAX_DEPTH 64       // directory levels a walk may take; deeper is denied
#define BAILIFF_NAME_MAX 256       // a name with its terminating NUL
// Of all policies: address blocks, and pairs of a block and a port.
#define BAILIFF_MAX_ADDRESSES 16384
#define BAILIFF_MAX_PORTS 16384
#define BAILIFF_MAX_LISTED 16384          // contents that rules list, counted once for each label
#define BAILIFF_MAX_DIGESTS 16384         // files whose content is known
#define BAILIFF_SHA256 32                 // bytes of a digest
#define BAILIFF_MAX_HOLDS 8192            // acts that wait at one time; a further one is denied
#define BAILIFF_MAX_HOLDS_OF_SESSION 1024 // of one session
#define BAILIFF_MAX_MADE_OF_SESSION 32768 // of one session
#define BAILIFF_MAX_MADE 65536            // files that sessions made and that are theirs
#define BAILIFF_MAX_PATTERNS 128          // commands that rules name, of one policy
#define BAILIFF_MAX_WORDS 4096            // what their arguments can be, of all policies
#define BAILIFF_MAX_BUDGETS 4096          // rows of all policies
#define BAILIFF_MAX_SPENDERS 1024         // sessions that spent of a budget, each counted
#define BAILIFF_MAX_BUDGET 256            // acts that one lets through in its period
#define BAILIFF_MAX_CONTACTS 16384        // addresses that sessions know
#define BAILIFF_MAX_PREFIX 8              // bytes of a beginning that a pattern can ask for

// What a rule speaks about. Rights over an object come first: a label has a row of masks for each.
enum bailiff_right {
    BAILIFF_RIGHT_EXEC = 0,
    BAILIFF_RIGHT_READ = 1,
    BAILIFF_RIGHT_WRITE = 2,
    BAILIFF_RIGHT_CREATE = 3,
    BAILIFF_RIGHT_DELETE = 4,
    BAILIFF_RIGHT_RENAME = 5,
    BAILIFF_RIGHT_TRUNCATE = 6,
    BAILIFF_RIGHT_METADATA = 7,
    BAILIFF_RIGHT_CONNECT_UNIX = 8, // connect or send to the Unix socket at a path
    BAILIFF_RIGHT_LOAD = 9,         // map a file as code: libraries, and what a loader is handed
    BAILIFF_RIGHT_CONNECT = 10,     // connect, and each send that carries an address
    BAILIFF_RIGHT_BIND = 11,        // bind, listen and accept
    BAILIFF_RIGHT_ARGV = 12,        // a command: a program with its arguments
    BAILIFF_RIGHTS = 13,            // rights with an object

    // Rights over the system: no object, so a profile grants them or not.
    BAILIFF_RIGHT_SOCKET = 13,         // a socket of a family, type or protocol that is unusual
    BAILIFF_RIGHT_ABSTRACT_UNIX = 14,  // connect to an abstract Unix socket
    BAILIFF_RIGHT_SIGNAL = 15,         // a signal to a task outside the session
    BAILIFF_RIGHT_PTRACE = 16,         // see into or trace a task outside the session
    BAILIFF_RIGHT_SCHEDULE = 17,       // priority, limits, processors of a task outside
    BAILIFF_RIGHT_JIT = 18,            // executable memory that is no unchanged file
    BAILIFF_RIGHT_ANONYMOUS_EXEC = 19, // execute or map a file that has no name: memfd, deleted
    BAILIFF_RIGHT_GAIN = 20,           // set-uid, set-gid, file capabilities
    BAILIFF_RIGHT_NAMESPACE = 21,      // a user namespace of one's own
    BAILIFF_RIGHT_MOUNT = 22,          // mount, unmount, move, pivot_root
    BAILIFF_RIGHT_BPF = 23,            // bpf(2)
    BAILIFF_RIGHT_PERF = 24,           // perf_event_open(2)
    BAILIFF_RIGHT_KEYRING = 25,        // keyrings
    BAILIFF_RIGHT_IO_URING = 26,       // io_uring: its workers act past the system call
    BAILIFF_RIGHT_USERFAULTFD = 27,    // userfaultfd(2)
    BAILIFF_RIGHT_IPC = 28,            // System V IPC of another session
    BAILIFF_RIGHT_IOCTL = 29,          // an ioctl(2) that changes files or feeds a terminal
    BAILIFF_RIGHT_DEVICE = 30,         // a device node other than null, zero, random and terminals
    BAILIFF_RIGHT_MODULE = 31,         // have the kernel load a module
    // One for each capability (capabilities(7)): 32 + its number.
    BAILIFF_RIGHT_CAPABILITY = 32,
    BAILIFF_ALL_RIGHTS = 80,
};
#define BAILIFF_CAPABILITIES 41 // CAP_CHECKPOINT_RESTORE, 40, is the last
BAILIFF_STATIC_ASSERT(BAILIFF_RIGHT_CAPABILITY + BAILIFF_CAPABILITIES <= BAILIFF_ALL_RIGHTS,
                      "rights");

// In order of strictness: the strictest of two verdicts is the larger number.
enum bailiff_verdict {
    BAILIFF_VERDICT_ALLOW = 0,
    BAILIFF_VERDICT_AUDIT = 1,
    BAILIFF_VERDICT_PRESERVE = 2,
    BAILIFF_VERDICT_HOLD = 3,
    BAILIFF_VERDICT_DENY = 4,
    BAILIFF_VERDICTS = 5,
};

// Inside a layer profiles add up; across layers the strictest verdict stands.
enum bailiff_layer {
    BAILIFF_LAYER_HOST = 0,
    BAILIFF_LAYER_USER = 1,
    BAILIFF_LAYER_AGENT = 2,
    BAILIFF_LAYER_TASK = 3,
    BAILIFF_LAYER_TOKEN = 4,
    BAILIFF_LAYERS = 5,
};

// Why a verdict is what it is. Every event carries one.
enum bailiff_reason {
    BAILIFF_REASON_NONE = 0,
    BAILIFF_REASON_RULE = 1,             // a rule's label decided
    BAILIFF_REASON_DEFAULT = 2,          // no rule matched in a layer; its profile's default
    BAILIFF_REASON_EXPIRED = 3,          // the session's time is over
    BAILIFF_REASON_ENDED = 4,            // the session's command exited
    BAILIFF_REASON_REVOKED = 5,          // somebody took the session back
    BAILIFF_REASON_STALE = 6,            // the subject's session slot holds another session now
    BAILIFF_REASON_NO_PROFILE = 7,       // no profile applies to the subject: nothing is granted
    BAILIFF_REASON_UNKNOWN_ROOT = 8,     // the walk ended at a file system nobody labelled
    BAILIFF_REASON_TOO_DEEP = 9,         // more than BAILIFF_MAX_DEPTH levels
    BAILIFF_REASON_RACED_RENAME = 10,    // directories moved under the walk, three times
    BAILIFF_REASON_UNREADABLE = 11,      // kernel or user memory could not be read
    BAILIFF_REASON_SOCKET_FAMILY = 12,   // an address of a family that no rule can name
    BAILIFF_REASON_NO_STORAGE = 13,      // the task's row could not be made
    BAILIFF_REASON_SELF_PROTECTION = 14, // bailiff's own objects
    BAILIFF_REASON_CANARY = 15,          // a probe of bailiff itself
    BAILIFF_REASON_KERNEL_SETTING = 16,  // a file that sets the kernel, beyond any rule
    BAILIFF_REASON_CASE_FOLDING = 17,    // a rule for a name, where one name has many spellings
    BAILIFF_REASON_NOT_HASHED = 18,      // a rule lists contents, and the file's is not known
    BAILIFF_REASON_CHANGED = 19,         // the same: it was written to since it was hashed
    BAILIFF_REASON_CONTENT = 20,         // the same: it is none of those
    BAILIFF_REASON_APPROVED = 21,        // held, and somebody approved it
    BAILIFF_REASON_DISAPPROVED = 22,     // held, and somebody denied it
    BAILIFF_REASON_TIMED_OUT = 23,       // held, and nobody answered in time
    BAILIFF_REASON_CANNOT_WAIT = 24,     // to be held, but this call or task cannot wait
    BAILIFF_REASON_TOO_MANY_HOLDS = 25,  // to be held, but too many acts wait
    BAILIFF_REASON_TARGET_WAITS = 26,    // to trace a task whose act waits
    BAILIFF_REASON_ARGV_CHANGED = 27,    // started with other arguments than those judged
    BAILIFF_REASON_WITHIN_BUDGET = 28,   // to be held, but the rule lets so many through
    BAILIFF_REASON_PRESERVED = 29,       // what it destroys was kept before
    BAILIFF_REASONS = 30,
};

struct bailiff_mask {
    bailiff_u64 word[BAILIFF_MASK_WORDS];
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_mask) == 32, "mask");

// Map "labels": array, index label. For each right the index of a row. Label 0 is empty: it decides
// nothing.
struct bailiff_label {
    bailiff_u16 row[BAILIFF_RIGHTS]; // 0: it says nothing of that right
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_label) == 26, "label");

// Map "rows": array. For each verdict, the profiles whose rule says so. Row 0 is never read.
struct bailiff_row {
    struct bailiff_mask says[BAILIFF_VERDICTS];
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_row) == 160, "row");

// Map "policies": array, index policy slot. Written before any subject names the slot.
struct bailiff_policy {
    struct bailiff_mask layer[BAILIFF_LAYERS]; // the profiles of each layer
    struct bailiff_mask observe;               // profiles in mode observe: their deny is an audit
    struct bailiff_mask always;                // profiles that no break-glass relaxes
    bailiff_u32 flags;                         // BAILIFF_POLICY_*
    bailiff_u32 hold_seconds;                  // how long a held act waits for an answer
};
#define BAILIFF_POLICY_HAS_NAMES 1u    // labels of kind NAME exist
#define BAILIFF_POLICY_HAS_SUFFIXES 2u // labels of kind SUFFIX exist
#define BAILIFF_POLICY_HAS_CONTENTS 4u // rows of map "listed" exist
#define BAILIFF_POLICY_HAS_HOLDS 8u    // some rule or default says hold or preserve
#define BAILIFF_POLICY_HAS_ARGV 16u    // rows of map "argv_patterns" exist
#define BAILIFF_POLICY_HAS_BUDGETS 32u // rows of map "budgets" exist
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_policy) == 232, "policy");

// Map "defaults": array of struct bailiff_row, index policy slot * BAILIFF_ALL_RIGHTS + right: what
// a profile says where no rule matches. Of rights over the system it is all that is said.

// Map "objects": hash. An object a rule names, as the kernel sees it (not as stat(2) says).
// Directories and other inodes are told apart: on overlayfs over several file systems their numbers
// come from two sources and collide.
enum bailiff_object_kind {
    BAILIFF_OBJECT_DIRECTORY = 0, // the directory and all below it
    BAILIFF_OBJECT_INODE = 1,     // any other inode
    BAILIFF_OBJECT_ENTRY = 2,     // `name` in the directory (dev, ino, generation), there or not
    BAILIFF_OBJECT_NAME = 3,      // a file name wherever it is: dev, ino and generation are 0
    BAILIFF_OBJECT_SUFFIX = 4,    // a suffix with its dot, the same
    BAILIFF_OBJECT_SELF = 9,      // the directory and nothing below: that it stays where it is
    // Map "agents" only:
    BAILIFF_OBJECT_UID = 5,    // ino: a real uid
    BAILIFF_OBJECT_UNIT = 6,   // name: a cgroup's name, on any level; a systemd unit's has its name
    BAILIFF_OBJECT_CGROUP = 7, // name: bailiff_cgroup_hash() of its path; or, of one that is bound
                               // to a session, ino: its id, which is no other's later
    BAILIFF_OBJECT_MODULE = 8, // name: a Python module without its ending, in the directory
                               // (dev, ino, generation); its compiled form is read in its stead
};

struct bailiff_object_key {
    bailiff_u64 ino;
    bailiff_u64 name; // bailiff_name_hash(), or 0
    bailiff_u32 dev;  // super_block.s_dev
    bailiff_u32 generation;
    bailiff_u16 session; // 0, or the slot of the one session that the label is for
    bailiff_u8 policy;   // policy slot
    bailiff_u8 kind;     // enum bailiff_object_kind
    bailiff_u32 zero;
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_object_key) == 32, "object key");

struct bailiff_object {
    bailiff_u32 label;
    bailiff_u32 flags; // BAILIFF_OBJECT_*
};
#define BAILIFF_OBJECT_HAS_ENTRIES 1u // entry labels exist with this inode as the parent
#define BAILIFF_OBJECT_PER_SESSION 2u // a label for the subject's own session may exist
#define BAILIFF_OBJECT_ROOT 4u        // the root of a file system that the daemon knows
#define BAILIFF_OBJECT_HAS_SELF 8u    // a label of kind SELF exists for this directory
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_object) == 8, "object");

// Map "listed": hash. Which contents of a file a label's rules are for. With a digest of zeros: the
// profiles whose rule at this label is for listed contents alone; with any other: those of them
// whose rule lists it. Only the rights exec and load have such rules.
struct bailiff_listed_key {
    bailiff_u32 label;
    bailiff_u32 zero;
    bailiff_u8 sha256[BAILIFF_SHA256];
};
struct bailiff_listed {
    struct bailiff_mask exec;
    struct bailiff_mask load;
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_listed_key) == 40, "listed key");
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_listed) == 64, "listed");

// Commands (right argv). A pattern is a program and what must be among its arguments, in any order.
// What one argument can be is an element, a bit of a struct bailiff_mask: the alternatives that a
// pattern gives for one place share it, and so do patterns that ask for the same.
//
// Map "argv_words": hash. Which elements a word is.
enum bailiff_word_kind {
    BAILIFF_WORD_PROGRAM = 0, // the name of the file that is executed, or the last name in argv[0]
    BAILIFF_WORD_WHOLE = 1,   // an argument; one that begins with "--" ends before its first "="
    BAILIFF_WORD_PREFIX = 2,  // the first `length` bytes of an argument
};
struct bailiff_word_key {
    bailiff_u64 word;  // bailiff_name_hash(); of a prefix its bytes, the first in the lowest
    bailiff_u8 policy; // policy slot
    bailiff_u8 kind;   // enum bailiff_word_kind
    bailiff_u8 length; // of a prefix; else 0
    bailiff_u8 zero[5];
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_word_key) == 16, "word key");

// Map "argv_flags": array of struct bailiff_mask, index policy slot * BAILIFF_FLAGS + character:
// which elements an argument is that begins with one dash and has the character behind it, alone or
// together with others.
#define BAILIFF_FLAGS 128

// Map "argv_patterns": array, index policy slot * BAILIFF_MAX_PATTERNS + number, the strictest
// verdict first.
struct bailiff_pattern {
    struct bailiff_mask needs; // elements: one is a program
    bailiff_u32 label;         // what the rule says of right argv
    bailiff_u32 zero;
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_pattern) == 40, "pattern");

// Map "argv": array, index policy slot.
struct bailiff_argv {
    struct bailiff_mask words; // the elements that are no program
    bailiff_u32 patterns;      // how many
    bailiff_u32 prefixes;      // bit n: a prefix of n bytes is asked for, 1 to BAILIFF_MAX_PREFIX
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_argv) == 40, "argv");

// Map "budgets": hash. Of rules that hold: what goes without asking, see bailiff_decision for what
// they are known by.
struct bailiff_budget_key {
    bailiff_u32 label;
    bailiff_u16 profile;
    bailiff_u8 right;
    bailiff_u8 zero;
};
struct bailiff_budget {
    bailiff_u64 period; // nanoseconds in which `count` acts are let through; ~0: the session's time
    bailiff_u32 count;  // at most BAILIFF_MAX_BUDGET; 0: none
    bailiff_u32 number; // of the budget: several rules spend of one
    bailiff_u32 flags;  // BAILIFF_BUDGET_*
    bailiff_u32 zero;
};
#define BAILIFF_BUDGET_CONTACT 1u // an address that was approved is not asked for again
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_budget_key) == 8, "budget key");
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_budget) == 24, "budget");

// Map "spent_acts": hash. Of one budget the last acts of a session, or of an agent without one.
struct bailiff_spent_key {
    bailiff_u32 session; // slot, or 0
    bailiff_u32 epoch;   // of the slot; without a session the subject's generation
    bailiff_u32 subject; // slot where there is no session
    bailiff_u32 number;  // of the budget
};
struct bailiff_spent {
    bailiff_u64 next;                      // acts so far
    bailiff_u64 times[BAILIFF_MAX_BUDGET]; // nanoseconds of CLOCK_BOOTTIME, index act % count
};

// Map "contacts": hash, value a bailiff_u8. The addresses that a session was let reach by a rule
// for the first contact.
struct bailiff_contact_key {
    bailiff_u32 session; // as in bailiff_spent_key
    bailiff_u32 epoch;
    bailiff_u32 subject;
    bailiff_u16 port; // host byte order
    bailiff_u8 protocol;
    bailiff_u8 zero;
    bailiff_u8 address[16];
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_contact_key) == 32, "contact key");

// The inode that holds a file's content: on overlayfs one of a layer below.
struct bailiff_file_key {
    bailiff_u64 ino;
    bailiff_u32 dev; // super_block.s_dev
    bailiff_u32 generation;
};

// Map "digests": hash, key bailiff_file_key. What bailiff-kernel found in a file, and what tells
// that it has been written to since: then the row counts for nothing.
struct bailiff_digest {
    bailiff_s64 ctime; // seconds
    bailiff_u32 ctime_nanos;
    bailiff_u32 zero;
    bailiff_u64 size;
    bailiff_u64 openings; // the file's count in map "openings" before it was read
    bailiff_u8 sha256[BAILIFF_SHA256];
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_digest) == 64, "digest");

// Map "made_by": hash, key bailiff_file_key. The session that made a file or a directory, for those
// whose policy has holds.
struct bailiff_made {
    bailiff_u32 session; // slot
    bailiff_u32 epoch;   // of the slot
};

// Map "made_count": array, index session slot, of bailiff_u32: how many rows of "made_by" are its.

// Map "openings": hash, key bailiff_file_key, value bailiff_u64: how often a file was opened to be
// written, by anybody, since bailiff-kernel made its row.
//
// Map "counting": array of one bailiff_u32. 0: "openings" never had a row, so that nobody need
// look.

// Map "examined": array of one. Which descriptor the iterator "examine" is to describe.
struct bailiff_examined {
    bailiff_u32 pid;
    bailiff_u32 fd;
};

// Map "addresses": longest-prefix trie. An IPv4 address is written as ::ffff:a.b.c.d, so its
// prefix length is 96 + n. The value is an address class; what covering prefixes say is already
// part of it. Class 0 is "no rule names this address".
struct bailiff_address_key {
    bailiff_u32 prefix_length; // bits of policy and address together: 32 + 0..128
    bailiff_u32 policy;        // policy slot, in network byte order: it is part of the prefix
    bailiff_u8 address[16];
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_address_key) == 24, "address key");

// Map "ports": hash. Looked up as (class, protocol, port), then (class, protocol, 0), then
// (class, 0, 0); the first hit is the label, and holds what the later ones would say.
struct bailiff_port_key {
    bailiff_u32 address_class;
    bailiff_u16 port;    // host byte order; 0 is any
    bailiff_u8 protocol; // IPPROTO_TCP, IPPROTO_UDP, ...; 0 is any
    bailiff_u8 policy;   // policy slot
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_port_key) == 8, "port key");

// Map "sessions": array, index session slot. Only the daemon's session/ folder writes it.
enum bailiff_session_state {
    BAILIFF_SESSION_FREE = 0,
    BAILIFF_SESSION_ACTIVE = 1,
    BAILIFF_SESSION_ENDED = 2,
    BAILIFF_SESSION_REVOKED = 3,
};
struct bailiff_session {
    bailiff_u64 expires_at; // nanoseconds of CLOCK_BOOTTIME; ~0 is never (session 0 only)
    bailiff_u32 state;      // enum bailiff_session_state
    bailiff_u32 epoch;      // grows each time the slot is used again
    bailiff_u8 id[16];      // the session's id, for who reads the maps with the daemons dead
    bailiff_u64 started_at; // nanoseconds of CLOCK_BOOTTIME
    bailiff_u32 flags;      // BAILIFF_SESSION_*
    bailiff_u32 zero;
    bailiff_u64 relaxed_until; // nanoseconds of CLOCK_BOOTTIME: until then what its rules for
                               // programs, files and addresses deny is an audit
    bailiff_u64 spare;
};
#define BAILIFF_SESSION_KILL 1u // when it is over, the first denied call ends the process
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_session) == 64, "session");

// What a subject's slot holds.
struct bailiff_subject {
    struct bailiff_mask profiles; // the effective mask: the profiles that apply now
    bailiff_u32 session;          // session slot; 0 is "no session"
    bailiff_u32 session_epoch;    // must equal the session's, else everything is denied
    bailiff_u32 policy;           // policy slot whose bits `profiles` holds
    bailiff_u32 generation;       // must equal the task row's, else everything is denied
    bailiff_u32 agent;            // index of the agent in the policy, for people
    bailiff_u32 flags;            // BAILIFF_SUBJECT_*
    bailiff_u32 epoch;            // grows with each write: what was judged before is judged again;
                                  // a probe's: the generation of the programs it is for
    bailiff_u32 zero;
};
#define BAILIFF_SUBJECT_CANARY 1u // a probe's: denials are not reported
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_subject) == 64, "subject");

// Map "subjects": array, index subject slot. A hook reads several fields, one after the other, and
// must not see half of a new row: the writer fills the view that is not current, then names it.
struct bailiff_subject_slot {
    struct bailiff_subject view[2];
    bailiff_u32 current; // index of the view in force
    bailiff_u32 zero;
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_subject_slot) == 136, "subject slot");

// Map "agents": hash, key bailiff_object_key with policy and session 0. What makes a task that is
// no subject a subject: the agent, without a session. The value is the row that the task gets
// (struct bailiff_task below). A row with subject 0 stands for an interpreter: tasks that execute
// it are watched, and become the agent whose script they open.

// Map "config": array of one.
struct bailiff_config {
    bailiff_u32 abi_version;
    bailiff_u32 flags;       // BAILIFF_CONFIG_*
    bailiff_u64 name_key[2]; // secret key of bailiff_name_hash()
    bailiff_u64 loaded_at;   // nanoseconds of CLOCK_BOOTTIME
    bailiff_u64 spare[4];
};
#define BAILIFF_CONFIG_OBSERVE 1u      // policy mode observe: nothing is denied, all is reported
#define BAILIFF_CONFIG_MATCH_UID 2u    // "agents" holds uids
#define BAILIFF_CONFIG_MATCH_UNIT 4u   // "agents" holds units
#define BAILIFF_CONFIG_MATCH_CGROUP 8u // "agents" holds cgroups
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_config) == 64, "config");

// Map "attached": array of one, which no program reads. The programs that decide: bailiff-kernel
// writes it once they are attached and proven, so that links which are gone can be told by name.
struct bailiff_attached {
    bailiff_u32 generation; // their links are pinned below links_GENERATION; 0: never attached
    bailiff_u32 count;
    char name[BAILIFF_MAX_PROGRAMS][BAILIFF_PROGRAM_NAME]; // each with its NUL
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_attached) == 4104, "attached");

// What a remembered verdict rests on. It counts for nothing once one of them is another.
struct bailiff_basis {
    bailiff_u32 subject; // slot
    bailiff_u32 epoch;   // of the subject's row
    bailiff_u64 changes; // how often labels, subjects and sessions were changed: the last word of
                         // map "filter", which bailiffd counts after each change
};

// That the task's session was found to stand. So it does while nothing is changed and the clock
// does not tick: a session's time is over at most a tick late.
struct bailiff_standing {
    struct bailiff_basis basis;
    bailiff_u64 tick;  // of the kernel's clock (jiffies_64); 0: it does not stand
    bailiff_u64 flags; // BAILIFF_POLICY_* of its policy
};

// A descriptor that this task used and may use.
struct bailiff_seen {
    bailiff_u64 file; // struct file *; of a socket its struct sock *
    bailiff_u64
        inode; // struct inode *, of a socket its i_ino: `file` may be used again for another
    struct bailiff_basis basis;
    bailiff_u32 rights; // bits of enum bailiff_right
    bailiff_u32 zero;
};
#define BAILIFF_SEEN 8

// A directory below which rights are granted, by a walk from it to its root.
struct bailiff_granted {
    bailiff_u64 directory; // struct dentry *, and in case its memory is used again:
    bailiff_u64 ino;
    bailiff_u32 dev;
    bailiff_u32 generation;
    struct bailiff_basis basis;
    bailiff_u64 time;    // of the walk, nanoseconds of CLOCK_BOOTTIME
    bailiff_u32 renames; // rename_lock's sequence during the walk
    bailiff_u32 rights;  // bits of enum bailiff_right
};
#define BAILIFF_GRANTED 4

// An address that a right is granted to, by the rules for addresses alone.
struct bailiff_reached {
    bailiff_u64 address[2];
    bailiff_u16 port; // host byte order
    bailiff_u8 protocol;
    bailiff_u8 zero;
    bailiff_u32 rights; // bits of enum bailiff_right
    struct bailiff_basis basis;
};
#define BAILIFF_REACHED 4

// What a task waits for, or was approved: a call of several acts (a rename takes one name and
// replaces another) is one, and each of its rights passes once.
struct bailiff_held {
    bailiff_u64 id;  // key in maps "holds" and "answers"; 0: none
    bailiff_u64 act; // keyed hash of all that the act is
    bailiff_u64
        deadline;       // nanoseconds of CLOCK_BOOTTIME: also an approval is worth nothing after it
    bailiff_u32 passed; // bits of enum bailiff_right: let through since the approval
    bailiff_u32 approved; // not 0: the answer was taken; BAILIFF_VERDICT_PRESERVE: it was that
};

// What a task has kept before an act destroys it.
struct bailiff_keeping {
    bailiff_u64 act;   // keyed hash of the act, without what bailiff_held.act knows of content
    bailiff_u64 until; // nanoseconds of CLOCK_BOOTTIME: before, it does not stop, see "resumed"
    bailiff_u64 times; // how often that act was asked for, one after the other
    bailiff_u64 kept;  // keyed hash of the last act whose object was kept, with its content
};

// Strings that are read one after the other, in pieces: where the reading is.
struct bailiff_strings {
    bailiff_u64 at;    // user address of the next piece; 0: the next string begins
    bailiff_u64 array; // user address of the array of the strings' addresses; 0: they lie in a row
    bailiff_u64 end;   // of strings in a row: user address of what follows the last
    bailiff_u64 first; // keyed hash of the first string
    bailiff_u64 rest;  // keyed hash of those from the one with number `skip` on
    bailiff_u32 count; // read so far
    bailiff_u32 skip;
    bailiff_u32 inside; // not 0: the piece at `at` is not its string's first
    bailiff_u32 state;  // 0: there is more
    bailiff_u32 narrow; // not 0: addresses of 32 bits
    bailiff_u32 zero;
};

// The exec under way: with which arguments it was judged, to be compared with what the new image
// gets, and which files were approved for it: the one that is executed and what interprets it.
#define BAILIFF_EXEC_FILES 4
struct bailiff_exec {
    bailiff_u64 act; // keyed hash of all arguments and of the folder it starts in; 0: not judged
    struct bailiff_strings judged;
    struct bailiff_strings reading;
    struct bailiff_mask seen;                 // elements that its words are
    bailiff_u64 approved_for;                 // the `act` that the following is for
    bailiff_u64 approved[BAILIFF_EXEC_FILES]; // keyed hashes of files as they were
    bailiff_u64 until;                        // nanoseconds of CLOCK_BOOTTIME
    bailiff_u32 approvals;                    // how many
    bailiff_u32 matches;                      // commands that rules name and that it is
};

// A descriptor that was approved when it was opened or connected: its use is not asked for again.
struct bailiff_passed {
    bailiff_u64 open; // struct file * or struct sock *
    bailiff_u64 what; // struct inode *; of a socket the keyed hash of address, port and protocol
};
#define BAILIFF_PASSED 8

// Task storage "tasks": which subject a task is. `scratch` is the hooks' working memory: it lies
// here and not per CPU, because these programs are preempted. Subject 0: watched, see "agents".
struct bailiff_task {
    bailiff_u32 subject;
    bailiff_u32 generation;    // of the subject's slot
    bailiff_u64 file_system;   // last worked on (struct super_block *), and if it is an overlay:
    bailiff_u64 overlay_cred;  // its mounter's cred (struct cred *)
    bailiff_u64 overlay_upper; // its upper layer (struct super_block *)
    bailiff_u64 permitted;     // capabilities before the exec under way
    struct bailiff_standing standing;
    struct bailiff_seen seen[BAILIFF_SEEN];
    struct bailiff_granted granted[BAILIFF_GRANTED];
    struct bailiff_reached reached[BAILIFF_REACHED];
    struct bailiff_held held;
    struct bailiff_keeping keeping;
    struct bailiff_exec exec;
    struct bailiff_passed passed[BAILIFF_PASSED];
    bailiff_u64 truncates; // struct inode * that an opening is to truncate, and in its lowest two
                           // bits how that was answered (bpf/hold.h); or 0
    bailiff_u64 scratch[76];
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_task) == 1808, "task");

// Map "ipc": hash, key the address of a System V object (struct kern_ipc_perm *). Who made it.
struct bailiff_ipc {
    bailiff_u32 subject;
    bailiff_u32 generation;
};

// Map "control": array of one. What bailiff-kernel asks of the next iterator it reads.
struct bailiff_control {
    bailiff_u32 pid;     // enrol: root of the process tree, or 0; resolve: whose descriptors
    bailiff_u32 fd;      // resolve: the descriptor to describe
    bailiff_u32 subject; // count: whose tasks, of row.generation; 0: the subject of process `pid`,
                         // of every process where that is 0 too
    bailiff_u32 dry;     // enrol: not 0: print the tasks, and leave them as they are
    struct bailiff_task row; // enrol: what each task gets
    bailiff_u64 cgroup; // enrol, with pid 0: the tasks of the control group with that id, and below
};

// One inode, as the hooks see it.
struct bailiff_inode {
    bailiff_u64 ino;
    bailiff_u32 dev;
    bailiff_u32 generation;
    bailiff_u32 mode;    // i_mode
    bailiff_u32 is_root; // 1: the root of its file system
};

// What the iterators "resolve" and "examine" print: an inode, and the one that holds its content.
struct bailiff_file {
    struct bailiff_inode seen;   // the file, as the hooks see it
    struct bailiff_file_key key; // zeros where no one inode holds the content
    bailiff_u64 magic;           // of the file system of that inode (statfs(2))
    bailiff_u64 size;
    bailiff_s64 ctime; // seconds
    bailiff_u32 ctime_nanos;
    bailiff_s32 writers; // above 0: how many have it open to write now, mappings included
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_file) == 72, "file");

// What the "enrol", "adopt" and "count" iterators print, once for each task that counts.
struct bailiff_enrolled {
    bailiff_u32 pid;
    bailiff_u32 outcome; // 0: it was one already, 1: it is one now, 2: its row could not be made,
                         // 3: it is another session's and stays that; of "count" the subject
    bailiff_u32 generation; // of the subject
    bailiff_u32 subject;    // of "adopt": what it is one of now
    bailiff_u32 process;    // thread group id
    bailiff_u32 uid;        // real uid; ~0 where the effective one is another
    bailiff_u64 start_time; // of the process, nanoseconds of CLOCK_BOOTTIME
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_enrolled) == 32, "enrolled");

// Ring "events". One record a denial, an audit or a life-cycle step.
enum bailiff_event_kind {
    BAILIFF_EVENT_VERDICT = 1,
    BAILIFF_EVENT_EXEC = 2,
    BAILIFF_EVENT_EXIT = 3,
    BAILIFF_EVENT_FORK = 4,
    BAILIFF_EVENT_UNBOUND = 5, // a task was found to be an agent's, with no session
};
#define BAILIFF_EVENT_WOULD_DENY 1u // mode observe: denied, were it enforced
#define BAILIFF_EVENT_TRUNCATED 2u  // `text` did not hold all
#define BAILIFF_EVENT_RELAXED 4u    // denied, had break-glass not relaxed the session
#define BAILIFF_EVENT_TEXT 1024
#define BAILIFF_EVENT_BRIEF 136 // bytes of a record that has no `text`: it ends before that

struct bailiff_event {
    bailiff_u64 time;       // nanoseconds of CLOCK_BOOTTIME
    bailiff_u64 start_time; // of the process (group leader), nanoseconds of CLOCK_BOOTTIME
    bailiff_u32 kind;       // enum bailiff_event_kind
    bailiff_u32 pid;        // thread group id, initial pid namespace
    bailiff_u32 tid;
    bailiff_u32 parent_pid;
    bailiff_u32 uid;
    bailiff_u32 subject;
    bailiff_u32 session;
    bailiff_u32 session_epoch;
    bailiff_u32 hook;    // enum bailiff_hook
    bailiff_u32 label;   // label that decided; 0 with BAILIFF_REASON_DEFAULT
    bailiff_u16 profile; // bit of the profile that decided
    bailiff_u8 right;    // enum bailiff_right
    bailiff_u8 verdict;  // enum bailiff_verdict
    bailiff_u8 reason;   // enum bailiff_reason
    bailiff_u8 layer;    // enum bailiff_layer
    bailiff_u8 flags;    // BAILIFF_EVENT_*
    bailiff_u8 policy;   // policy slot
    bailiff_u32 dev;     // of the object, or 0
    bailiff_u32 generation;
    bailiff_u64 ino;
    bailiff_u8 address[16]; // network objects: v6, or v4 mapped; of an exec that was judged with
                            // its arguments: bailiff_exec.act
    bailiff_u16 port;       // host byte order
    bailiff_u8 protocol;
    bailiff_u8 family;
    bailiff_u32 text_length; // bytes of `text` in use
    bailiff_u32 number;      // the other process's id, the capability, or the ioctl's command
    bailiff_u32
        subject_generation; // with `subject`: whose task it is, also when the slot is reused
    bailiff_u64 hold;       // of an act that waits, or waited: its id
    char comm[16];
    char text[BAILIFF_EVENT_TEXT]; // a file: names, leaf first, each with its NUL, and behind one
                                   // NUL more those of the other end of a rename or link, or the
                                   // arguments of what is executed; an exec: argv
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_event) == BAILIFF_EVENT_BRIEF + BAILIFF_EVENT_TEXT,
                      "event");

// Map "holds": hash, key a seat of the session's: its slot * BAILIFF_MAX_HOLDS_OF_SESSION and a
// number below that. An act that waits: its task is stopped and its system call has not happened.
// The id, event.hold, is random above its seat. The task's row has the same id; it goes with the
// task.
struct bailiff_hold {
    bailiff_u64 deadline;       // nanoseconds of CLOCK_BOOTTIME
    bailiff_u64 size;           // of a file: bytes
    bailiff_u32 owner;          // uid, of the initial user namespace
    bailiff_u32 mode;           // i_mode; 0: it is no file, or not there yet
    struct bailiff_event event; // what it is, verdict hold
};
static inline bailiff_u32 bailiff_seat(bailiff_u64 hold) {
    return (bailiff_u32)hold;
}

// Map "answers": hash, key the id, value enum bailiff_verdict: allow, deny, or preserve where what
// the act destroys is kept. bailiffd writes it; the task takes it, once, when its call is
// restarted.

// Map "resumed": array of nanoseconds of CLOCK_BOOTTIME, index a process's id % BAILIFF_RESUMED.
// Until then a thread that still waits does not stop its process, with all its threads: one of them
// has an answer to take first.
#define BAILIFF_RESUMED 1024

// Which program decided. The order is the order of the tables in bpf/.
enum bailiff_hook {
    BAILIFF_HOOK_NONE = 0,
    BAILIFF_HOOK_BPRM_CHECK = 1,
    BAILIFF_HOOK_FILE_OPEN = 2,
    BAILIFF_HOOK_INODE_CREATE = 3,
    BAILIFF_HOOK_INODE_MKDIR = 4,
    BAILIFF_HOOK_INODE_MKNOD = 5,
    BAILIFF_HOOK_INODE_SYMLINK = 6,
    BAILIFF_HOOK_INODE_LINK = 7,
    BAILIFF_HOOK_INODE_UNLINK = 8,
    BAILIFF_HOOK_INODE_RMDIR = 9,
    BAILIFF_HOOK_INODE_RENAME = 10,
    BAILIFF_HOOK_INODE_SETATTR = 11,
    BAILIFF_HOOK_SOCKET_CREATE = 12,
    BAILIFF_HOOK_SOCKET_CONNECT = 13,
    BAILIFF_HOOK_SOCKET_BIND = 14,
    BAILIFF_HOOK_SOCKET_SENDMSG = 15,
    BAILIFF_HOOK_TASK_ALLOC = 16,
    BAILIFF_HOOK_TASK_KILL = 17,
    BAILIFF_HOOK_SCHED_EXEC = 18,
    BAILIFF_HOOK_SCHED_EXIT = 19,
    BAILIFF_HOOK_SCHED_FORK = 20,
    BAILIFF_HOOK_BPRM_CREDS_FROM_FILE = 21,
    BAILIFF_HOOK_FILE_PERMISSION = 22,
    BAILIFF_HOOK_FILE_RECEIVE = 23,
    BAILIFF_HOOK_FILE_IOCTL = 24,
    BAILIFF_HOOK_FILE_FCNTL = 25,
    BAILIFF_HOOK_MMAP_FILE = 26,
    BAILIFF_HOOK_FILE_MPROTECT = 27,
    BAILIFF_HOOK_INODE_SETXATTR = 28,
    BAILIFF_HOOK_INODE_REMOVEXATTR = 29,
    BAILIFF_HOOK_INODE_SET_ACL = 30,
    BAILIFF_HOOK_INODE_REMOVE_ACL = 31,
    BAILIFF_HOOK_INODE_FILE_SETATTR = 32,
    BAILIFF_HOOK_SOCKET_LISTEN = 33,
    BAILIFF_HOOK_SOCKET_ACCEPT = 34,
    BAILIFF_HOOK_SOCKET_RECVMSG = 35,
    BAILIFF_HOOK_UNIX_STREAM_CONNECT = 36,
    BAILIFF_HOOK_UNIX_MAY_SEND = 37,
    BAILIFF_HOOK_PTRACE_ACCESS_CHECK = 38,
    BAILIFF_HOOK_PTRACE_TRACEME = 39,
    BAILIFF_HOOK_TASK_SETNICE = 40,
    BAILIFF_HOOK_TASK_SETIOPRIO = 41,
    BAILIFF_HOOK_TASK_SETSCHEDULER = 42,
    BAILIFF_HOOK_TASK_SETRLIMIT = 43,
    BAILIFF_HOOK_USERNS_CREATE = 44,
    BAILIFF_HOOK_SB_MOUNT = 45,
    BAILIFF_HOOK_SB_UMOUNT = 46,
    BAILIFF_HOOK_SB_REMOUNT = 47,
    BAILIFF_HOOK_MOVE_MOUNT = 48,
    BAILIFF_HOOK_SB_PIVOTROOT = 49,
    BAILIFF_HOOK_BPF = 50,
    BAILIFF_HOOK_PERF_EVENT_OPEN = 51,
    BAILIFF_HOOK_KERNEL_MODULE_REQUEST = 52,
    BAILIFF_HOOK_KEY_ALLOC = 53,
    BAILIFF_HOOK_KEY_PERMISSION = 54,
    BAILIFF_HOOK_INODE_INIT_SECURITY_ANON = 55,
    BAILIFF_HOOK_URING_ALLOWED = 56,
    BAILIFF_HOOK_IPC_PERMISSION = 57,
    BAILIFF_HOOK_CAPABLE = 58,
    BAILIFF_HOOK_PATH_NOTIFY = 59,
    BAILIFF_HOOK_SOCKET_SETSOCKOPT = 60,
    BAILIFF_HOOK_PERSONALITY = 61,
    BAILIFF_HOOK_INODE_GETXATTR = 62,
    BAILIFF_HOOK_FILE_LOCK = 63,
    BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC = 64,
    BAILIFF_HOOKS = 65,
};

// Map "counters": per-CPU array, index enum bailiff_counter.
enum bailiff_counter {
    BAILIFF_COUNTER_EVENTS = 0,         // records written to the ring
    BAILIFF_COUNTER_EVENTS_LOST = 1,    // the ring was full
    BAILIFF_COUNTER_DENIED = 2,         // denials, reported or not; canaries not counted
    BAILIFF_COUNTER_STORAGE_FAILED = 3, // a task's row could not be made: its fork was refused
    BAILIFF_COUNTERS = 8,
};

#endif
