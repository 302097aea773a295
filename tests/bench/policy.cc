#include "bench/policy.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>

#include <algorithm>
#include <string>

#include "bailiff/abi.h"
#include "bench/measure.h"
#include "kernel/enrolment.h"
#include "kernel/objects.h"
#include "kernel/subject_slot.h"

namespace bailiff::bench {
namespace {

using kernel::Programs;

constexpr std::uint32_t kTreeLabel = 1;
constexpr std::uint32_t kAuditLabel = 2;
constexpr std::uint32_t kFirstOtherLabel = 4;
constexpr std::uint32_t kAddressClass = 1;
constexpr std::uint64_t kFirstOtherInode = 1'000'000; // no file of the scene has such a number

template <typename Key, typename Value>
void put(Programs& programs, const char* map, const Key& key, const Value& value) {
    must(bpf_map_update_elem(*programs.map_fd(map), &key, &value, BPF_ANY) == 0, map);
}

// What the one profile says at a label, for every right.
void write_label(Programs& programs, std::uint32_t label, bailiff_verdict verdict) {
    const auto number = static_cast<bailiff_u16>(1 + verdict);
    bailiff_row row = {};
    row.says[verdict].word[0] = 1;
    put(programs, "rows", std::uint32_t{number}, row);
    bailiff_label rows = {};
    std::fill(std::begin(rows.row), std::end(rows.row), number);
    put(programs, "labels", label, rows);
}

// What it says where no rule matches.
void write_defaults(Programs& programs, bailiff_verdict verdict) {
    bailiff_row row = {};
    row.says[verdict].word[0] = 1;
    for (std::uint32_t right = 0; right < BAILIFF_ALL_RIGHTS; right++)
        put(programs, "defaults", kPolicy * BAILIFF_ALL_RIGHTS + right, row);
}

void write_rule(Programs& programs, const bailiff_object_key& key, const bailiff_object& object) {
    const Status written =
        kernel::write_object(*programs.map_fd("objects"), *programs.map_fd("filter"), key, object);
    if (!written) die(written.error().message());
}

bailiff_inode inode_of(Programs& programs, const std::string& path) {
    const Result<kernel::Resolved> resolved = kernel::resolve(programs, path);
    if (!resolved) die(resolved.error().message());
    return resolved->inode;
}

void write_path_rule(Programs& programs, const std::string& path, std::uint32_t label) {
    const bailiff_inode inode = inode_of(programs, path);
    write_rule(programs, kernel::inode_key(inode, kPolicy),
               bailiff_object{label, inode.is_root != 0 ? BAILIFF_OBJECT_ROOT : 0U});
}

// A rule about a file that nobody opens.
bailiff_object_key other_key(Programs& programs, std::uint32_t number) {
    static const bailiff_inode tree = inode_of(programs, kTree);
    bailiff_inode inode = tree;
    inode.ino = kFirstOtherInode + number;
    return kernel::inode_key(inode, kPolicy);
}

void write_port_rule(Programs& programs, std::uint16_t port, std::uint32_t label) {
    bailiff_port_key key = {};
    key.address_class = kAddressClass;
    key.port = port;
    key.protocol = IPPROTO_UDP;
    key.policy = kPolicy;
    put(programs, "ports", key, label);
}

void write_network_rules(Programs& programs) {
    bailiff_address_key address = {};
    address.prefix_length = 32 + 128;
    address.policy = htonl(kPolicy);
    const std::uint8_t loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    std::copy(std::begin(loopback), std::end(loopback), std::begin(address.address));
    put(programs, "addresses", address, kAddressClass);
    write_port_rule(programs, kPort, kTreeLabel);
    write_port_rule(programs, kAuditedPort, kAuditLabel);
}

void write_other_rules(Programs& programs, std::uint32_t rules) {
    const std::uint32_t labels = std::min(rules, BAILIFF_MAX_LABELS - kFirstOtherLabel);
    for (std::uint32_t i = 0; i < labels; i++)
        write_label(programs, kFirstOtherLabel + i, BAILIFF_VERDICT_ALLOW);
    for (std::uint32_t i = 0; i < rules; i++)
        write_rule(programs, other_key(programs, i),
                   bailiff_object{kFirstOtherLabel + i % labels, 0});
}

void write_header(Programs& programs, std::uint32_t flags) {
    bailiff_policy policy = {};
    policy.layer[BAILIFF_LAYER_AGENT].word[0] = 1;
    policy.flags = flags;
    policy.hold_seconds = 60;
    put(programs, "policies", kPolicy, policy);
}

void write_subject(Programs& programs, std::uint32_t slot, std::uint32_t session) {
    bailiff_subject subject = {};
    subject.profiles.word[0] = 1;
    subject.session = session;
    subject.policy = kPolicy;
    subject.generation = kGeneration;
    const Status written = kernel::write_subject(*programs.map_fd("subjects"), slot, subject);
    if (!written) die(written.error().message());
}

void write_session(Programs& programs, std::uint32_t slot) {
    bailiff_session session = {};
    session.state = BAILIFF_SESSION_ACTIVE;
    session.expires_at = ~0ULL;
    put(programs, "sessions", slot, session);
}

// A session with a workspace of its own, and its subject.
void write_other_session(Programs& programs, std::uint32_t slot) {
    write_session(programs, slot);
    write_subject(programs, kSubject + slot, slot);
    bailiff_object_key workspace = other_key(programs, BAILIFF_MAX_OBJECTS + slot);
    workspace.session = static_cast<std::uint16_t>(slot);
    write_rule(programs, workspace, bailiff_object{kTreeLabel, 0});
}

} // namespace

void write_policy(Programs& programs, std::uint32_t rules, std::uint32_t sessions) {
    write_defaults(programs, BAILIFF_VERDICT_DENY);
    write_label(programs, kTreeLabel, BAILIFF_VERDICT_ALLOW);
    write_label(programs, kAuditLabel, BAILIFF_VERDICT_AUDIT);
    write_header(programs, 0);
    for (const char* root : {"/", "/proc", "/sys", "/dev", "/tmp", "/run"})
        write_path_rule(programs, root, 0);
    write_path_rule(programs, kTree, kTreeLabel);
    write_network_rules(programs);
    if (rules > 1) write_other_rules(programs, rules - 1);
    const std::uint32_t last = std::min(sessions, BAILIFF_MAX_SESSIONS - 1U); // 0 is built in
    for (std::uint32_t slot = 1; slot < last; slot++) write_other_session(programs, slot);
    if (last > 0) write_session(programs, last);
    write_subject(programs, kSubject, last);
}

void hold_deletions(Programs& programs) {
    constexpr bailiff_u16 kHoldRow = 1 + BAILIFF_VERDICT_HOLD;
    constexpr bailiff_u16 kAllowRow = 1 + BAILIFF_VERDICT_ALLOW;
    bailiff_row row = {};
    row.says[BAILIFF_VERDICT_HOLD].word[0] = 1;
    put(programs, "rows", std::uint32_t{kHoldRow}, row);
    bailiff_label label = {};
    std::fill(std::begin(label.row), std::end(label.row), kAllowRow);
    label.row[BAILIFF_RIGHT_DELETE] = kHoldRow;
    put(programs, "labels", kHoldLabel, label);
    write_path_rule(programs, kTree, kHoldLabel);
    write_header(programs, BAILIFF_POLICY_HAS_HOLDS);
}

// One program that everything is, and a word for each that nothing has.
void look_for_commands(Programs& programs, std::uint32_t commands) {
    write_label(programs, kHoldLabel, BAILIFF_VERDICT_DENY);
    bailiff_argv argv{};
    argv.patterns = commands;
    argv.prefixes = 1U << 1;
    for (std::uint32_t number = 0; number < commands; number++) {
        bailiff_pattern pattern{};
        pattern.needs.word[0] = 1ULL | 1ULL << (1 + number % 63);
        pattern.label = kHoldLabel;
        put(programs, "argv_patterns", kPolicy * std::uint32_t{BAILIFF_MAX_PATTERNS} + number,
            pattern);
    }
    put(programs, "argv", kPolicy, argv);
    bailiff_row allow = {};
    allow.says[BAILIFF_VERDICT_ALLOW].word[0] = 1; // as each profile's default for commands is
    put(programs, "defaults", kPolicy * BAILIFF_ALL_RIGHTS + BAILIFF_RIGHT_ARGV, allow);
    write_header(programs, BAILIFF_POLICY_HAS_ARGV);
}

} // namespace bailiff::bench
