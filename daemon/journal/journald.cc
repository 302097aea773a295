#include "journal/journald.h"

#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include <system_error>

#include "journal/describe.h"

namespace bailiff::journal {
namespace {

int priority(const v1::Record& record) {
    const std::string& kind = record.kind();
    if (kind == "gap") return LOG_ERR;
    if (kind == "posture") return record.reason() == "enforcing" ? LOG_NOTICE : LOG_ERR;
    if (record.verdict() == "deny" || record.would_deny() || kind.ends_with(".refused"))
        return LOG_WARNING;
    if (kind.starts_with("session.") || kind.starts_with("policy.") || kind.starts_with("daemon."))
        return LOG_NOTICE;
    return LOG_INFO;
}

} // namespace

JournaldFields journald_fields(const v1::Record& record) {
    JournaldFields fields;
    const auto add = [&fields](const char* name, std::string value) {
        if (!value.empty()) fields.emplace_back(name, std::move(value));
    };
    add("MESSAGE", one_line(record));
    add("PRIORITY", std::to_string(priority(record)));
    add("SYSLOG_IDENTIFIER", "bailiffd");
    add("BAILIFF_KIND", record.kind());
    add("BAILIFF_SESSION", record.session());
    add("BAILIFF_USER", record.user());
    add("BAILIFF_ACTOR", actor_chain(record));
    add("BAILIFF_TASK", record.task());
    add("BAILIFF_VERDICT", record.verdict());
    add("BAILIFF_HOOK", record.hook());
    add("BAILIFF_RIGHT", record.right());
    add("BAILIFF_OBJECT", object_text(record));
    add("BAILIFF_RULE", rule_place(record));
    if (record.has_process()) add("BAILIFF_PID", std::to_string(record.process().pid()));
    add("BAILIFF_EXE", record.process().executable());
    add("BAILIFF_REASON", record.reason());
    return fields;
}

Status send_to_journald(const v1::Record& record) {
    std::vector<std::string> lines;
    for (const auto& [name, value] : journald_fields(record)) lines.push_back(name + '=' + value);
    std::vector<iovec> parts;
    for (std::string& line : lines) parts.push_back({line.data(), line.size()});
    const int sent = sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
    if (sent >= 0) return {};
    return fail(ErrorCode::kUnavailable,
                "send a record to journald: " + std::generic_category().message(-sent));
}

} // namespace bailiff::journal
