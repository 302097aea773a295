#include "session/event_reader.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/ids.h"
#include "kernel/event_text.h"
#include "session/hook_names.h"

namespace bailiff::session {
namespace {

constexpr std::size_t kLongPath = 512; // bytes of names, of which the kernel's record has no more
constexpr std::uint32_t kSetsMode = 1; // struct iattr, ia_valid (include/linux/fs.h)
constexpr std::uint32_t kSetsOwner = 2;
constexpr std::uint32_t kSetsGroup = 4;
constexpr std::uint32_t kSetsSize = 8;
constexpr std::uint32_t kSetsTimes = 0x180;

// What setattr is to set, as the hook packs it (bpf/file.h).
std::string change_text(const bailiff_event& event) {
    std::uint32_t ids[2];
    std::uint64_t size = 0;
    std::memcpy(ids, event.address, sizeof(ids));
    std::memcpy(&size, event.address + sizeof(ids), sizeof(size));
    char mode[16];
    std::snprintf(mode, sizeof(mode), "%04o", event.port & 07777U);
    std::string text;
    const auto add = [&](std::uint32_t bits, const std::string& what) {
        if ((event.number & bits) != 0) text += (text.empty() ? "" : ", ") + what;
    };
    add(kSetsMode, std::string("mode ") + mode);
    add(kSetsOwner, "owner uid " + std::to_string(ids[0]));
    add(kSetsGroup, "group gid " + std::to_string(ids[1]));
    add(kSetsSize, "size " + std::to_string(size));
    add(kSetsTimes, "times");
    return text;
}

// Is it about a string too, that comes behind the names? See bpf/identity.h.
bool names_text(const bailiff_event& event) {
    return event.hook == BAILIFF_HOOK_INODE_SYMLINK || event.hook == BAILIFF_HOOK_INODE_SETXATTR ||
           event.hook == BAILIFF_HOOK_INODE_REMOVEXATTR ||
           event.hook == BAILIFF_HOOK_INODE_REMOVE_ACL;
}

std::string text_change(const bailiff_event& event, const std::string& text) {
    if (event.hook == BAILIFF_HOOK_INODE_SYMLINK) return "symbolic link to " + text;
    if (event.hook == BAILIFF_HOOK_INODE_SETXATTR) return "set attribute " + text;
    return "remove attribute " + text;
}

// What the text of an event about a file says.
struct Names {
    std::vector<std::string> object; // its names, leaf first
    std::size_t bytes = 0;           // of them, each with its NUL
    bool has_more = false;           // more comes behind an empty name:
    std::vector<std::string> behind; // a program's arguments, a string, or another object's names
};

Names names_of(const bailiff_event& event) {
    Names names;
    for (std::string& text : kernel::strings_of(event)) {
        if (names.has_more) {
            names.behind.push_back(std::move(text));
        } else if (text.empty()) {
            names.has_more = true;
        } else {
            names.bytes += text.size() + 1;
            names.object.push_back(std::move(text));
        }
    }
    return names;
}

// Of an act that waited the label is the one of the rule that held it; a default's is not kept.
bool names_rule(const bailiff_event& event) {
    const std::uint8_t reason = event.reason;
    if (reason >= BAILIFF_REASON_APPROVED && reason <= BAILIFF_REASON_TOO_MANY_HOLDS)
        return event.label != 0;
    if (reason == BAILIFF_REASON_PRESERVED) return event.label != 0;
    return reason == BAILIFF_REASON_WITHIN_BUDGET || reason == BAILIFF_REASON_RULE ||
           reason == BAILIFF_REASON_DEFAULT || reason == BAILIFF_REASON_NOT_HASHED ||
           reason == BAILIFF_REASON_CHANGED || reason == BAILIFF_REASON_CONTENT;
}

bool is_about_a_process(std::uint8_t right) {
    return right == BAILIFF_RIGHT_SIGNAL || right == BAILIFF_RIGHT_PTRACE ||
           right == BAILIFF_RIGHT_SCHEDULE;
}

// Behind the names of the file are its arguments.
bool starts_program(const bailiff_event& event) {
    return event.hook == BAILIFF_HOOK_BPRM_CHECK ||
           event.hook == BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC ||
           event.hook == BAILIFF_HOOK_BPRM_CREDS_FROM_FILE ||
           (event.hook == BAILIFF_HOOK_FILE_OPEN && event.right == BAILIFF_RIGHT_EXEC);
}

std::string protocol_name(std::uint8_t protocol) {
    if (protocol == 6) return "tcp";
    if (protocol == 17) return "udp";
    return protocol == 0 ? "" : std::to_string(protocol);
}

// "inet socket", "family 40 protocol 0 socket"
std::string socket_text(const bailiff_event& event) {
    if (event.family == AF_UNIX) return "unix socket";
    if (event.family == AF_INET) return "inet socket";
    if (event.family == AF_INET6) return "inet6 socket";
    return "family " + std::to_string(event.family) + " protocol " +
           std::to_string(event.protocol) + " socket";
}

std::string address_text(const bailiff_event& event) {
    char text[INET6_ADDRSTRLEN] = {};
    static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(event.address, kMapped, sizeof(kMapped)) == 0)
        inet_ntop(AF_INET, event.address + 12, text, sizeof(text));
    else
        inet_ntop(AF_INET6, event.address, text, sizeof(text));
    return text;
}

} // namespace

void EventReader::set_mounts(const std::vector<Mount>& mounts) {
    mount_points_.clear();
    for (const Mount& mount : mounts) {
        if (mount.root != "/") continue;
        // A container's paths are those that are seen in it; the record names the container.
        const std::string point = is_container_root(mount.point) ? "/" : mount.point;
        const auto [at, fresh] = mount_points_.try_emplace(mount.dev, point);
        if (!fresh && point.size() < at->second.size()) at->second = point;
    }
}

void EventReader::fill_process(const bailiff_event& event, v1::Process& process) {
    process.set_pid(event.pid);
    process.set_start_time_ns(event.start_time);
    process.set_parent_pid(event.parent_pid);
    process.set_uid(event.uid);
    process.set_comm(std::string(event.comm, strnlen(event.comm, sizeof(event.comm))));
    if (const v1::Container* container =
            containers_.find(event.pid, event.start_time, event.parent_pid))
        *process.mutable_container() = *container;
    const Image* image = images_.find(event);
    if (image == nullptr) return;
    process.set_executable(image->executable);
    for (const std::string& argument : image->argv) process.add_argv(argument);
    process.set_argv_truncated(image->truncated);
}

void EventReader::fill_object(const bailiff_event& event, v1::Object& object) const {
    if (is_about_a_process(event.right)) object.set_pid(event.number);
    if (event.right == BAILIFF_RIGHT_SIGNAL) object.set_signal(event.port);
    if (event.right == BAILIFF_RIGHT_IOCTL) object.set_ioctl(event.number);
    if (event.hook == BAILIFF_HOOK_SOCKET_CREATE) {
        object.set_protocol(socket_text(event));
        return;
    }
    if (event.family == AF_INET || event.family == AF_INET6) {
        object.set_address(address_text(event));
        object.set_port(event.port);
        object.set_protocol(protocol_name(event.protocol));
        return;
    }
    if (event.dev == 0) return;
    const auto mount = mount_points_.find(event.dev);
    const Names names = names_of(event);
    const bool truncated = (event.flags & BAILIFF_EVENT_TRUNCATED) != 0;
    const bool nameless = mount == mount_points_.end() && names.object.empty();
    if (nameless) { // a pipe, a socket, a descriptor of the kernel's own
        object.set_protocol("a descriptor without a name");
        return;
    }
    const bool below = mount != mount_points_.end() && mount->second != "/";
    const std::string point = below ? mount->second : "";
    object.set_path(below && names.object.empty() ? point
                                                  : point + kernel::join_names(names.object));
    object.set_path_truncated(truncated && (!starts_program(event) || names.bytes >= kLongPath));
    if (starts_program(event)) {
        object.mutable_argv()->Assign(names.behind.begin(), names.behind.end());
        object.set_argv_truncated(truncated);
    } else if (names_text(event)) {
        const bool waits = event.verdict == BAILIFF_VERDICT_HOLD && event.hold != 0;
        const bool lacks = waits && names.behind.empty();
        if (lacks) object.set_change(text_change(event, "(its path leaves no room to show it)"));
        if (!names.behind.empty()) object.set_change(text_change(event, names.behind[0]));
    } else if (names.has_more) {
        object.set_other_path(point + kernel::join_names(names.behind));
    }
    object.set_device(event.dev);
    object.set_inode(event.ino);
    object.set_generation(event.generation);
    if (event.hook == BAILIFF_HOOK_INODE_SETATTR) object.set_change(change_text(event));
    if (event.reason != BAILIFF_REASON_CONTENT) return;
    if (const Sha256* held = manager_.contents().find(event.dev, event.ino, event.generation))
        object.set_sha256(hex(*held));
}

void EventReader::fill_rule(const bailiff_event& event, v1::Rule& rule) const {
    const Manager::Explanation found = manager_.explain(event);
    rule.set_file(found.rule.at.file);
    rule.set_line(found.rule.at.line);
    rule.set_column(found.rule.at.column);
    rule.set_text(found.rule.text);
    rule.set_profile(found.profile);
    rule.set_layer(policy::layer_name(event.layer));
}

std::string EventReader::time_of(const bailiff_event& event) const {
    const auto age = static_cast<std::int64_t>(clock_.boot_nanos() - event.time);
    return TimeText(clock_.unix_nanos() - age).c_str();
}

std::optional<v1::Record> EventReader::read(const bailiff_event& event) {
    if (event.kind == BAILIFF_EVENT_EXIT) {
        images_.leave(event);
        return std::nullopt;
    }
    if (event.kind == BAILIFF_EVENT_EXEC) images_.learn(event);
    // A task whose session's slots are another's by now has no session of its own in the kernel.
    const std::string agent =
        event.session == 0 ? manager_.unbound_agent(event.subject, event.subject_generation) : "";
    const Session* session = nullptr;
    if (event.session != 0)
        session = manager_.find_slot(event.session, event.session_epoch);
    else if (agent.empty())
        session = manager_.find_subject(event.subject, event.subject_generation);
    v1::Record record;
    if (session != nullptr) {
        record = record_of("verdict", *session, "");
        record.clear_token_digest();
        record.clear_expires();
    } else {
        record.set_agent(agent);
    }
    record.set_time(time_of(event));
    record.set_hook(hook_name(event.hook));
    fill_process(event, *record.mutable_process());
    if (event.kind == BAILIFF_EVENT_EXEC) {
        record.set_kind(session == nullptr ? "unbound" : "exec");
        return record;
    }
    if (event.kind == BAILIFF_EVENT_UNBOUND) {
        record.set_kind("unbound");
        fill_object(event, *record.mutable_object());
        return record;
    }
    record.set_kind("verdict");
    record.set_right(policy::right_name(event.right));
    record.set_verdict(policy::verdict_name(event.verdict));
    record.set_reason(reason_name(event.reason));
    record.set_relaxed((event.flags & BAILIFF_EVENT_RELAXED) != 0);
    record.set_would_deny((event.flags & BAILIFF_EVENT_WOULD_DENY) != 0);
    fill_object(event, *record.mutable_object());
    if (event.hold != 0) record.set_approval(approval_id(event.hold));
    if (names_rule(event)) fill_rule(event, *record.mutable_rule());
    return record;
}

} // namespace bailiff::session
