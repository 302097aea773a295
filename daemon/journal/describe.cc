#include "journal/describe.h"

#include <algorithm>

#include "journal/utf8.h"

namespace bailiff::journal {
namespace {

constexpr std::size_t kShortId = 12; // of a container, as podman and docker print it

bool within(char32_t code, char32_t first, char32_t last) {
    return code >= first && code <= last;
}

bool is_control(char32_t code) {
    return code < 0x20 || within(code, 0x7f, 0x9f);
}

// Characters that a terminal does not show, or that move others: Unicode Cf and the separators.
bool misleads(char32_t code) {
    return code == 0xad || code == 0x61c || code == 0x180e || within(code, 0x200b, 0x200f) ||
           within(code, 0x2028, 0x202e) || within(code, 0x2060, 0x206f) || code == 0xfeff ||
           code == 0xa0 || within(code, 0x2000, 0x200a) || code == 0x205f || code == 0x3000 ||
           code == 0x2800 || within(code, 0xfff9, 0xfffb) || within(code, 0xe0000, 0xe007f);
}

std::string quoted(std::string_view safe) {
    std::string text = "\"";
    for (const char c : safe) text += c == '"' ? std::string("\\x22") : std::string(1, c);
    return text + '"';
}

// Escaped, and quoted where it could pass for more than one word of the sentence.
std::string word(std::string_view text) {
    std::string safe = escape(text);
    if (safe.find_first_of(" \"'(),;") == std::string::npos) return safe;
    return quoted(safe);
}

// One argument is one word, whatever is in it: quoted unless it is plain.
std::string argument_text(const std::string& argument) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_./=+:,@%^~").find(c) != std::string_view::npos;
    };
    const bool plain = !argument.empty() && std::all_of(argument.begin(), argument.end(), is_plain);
    return plain ? argument : quoted(escape(argument));
}

// With what a program is to be started: "git push --force"; empty for other objects.
std::string argv_text(const v1::Object& object) {
    std::string text;
    for (const std::string& argument : object.argv())
        text += (text.empty() ? "" : " ") + argument_text(argument);
    return text + (object.argv_truncated() ? " ..." : "");
}

// "/srv/data (other name: /srv/old)", "/usr/bin/git (as: git push --force)"
std::string file_text(const v1::Object& object) {
    // With arguments behind it the path is a word as well.
    std::string text = (object.path_truncated() ? "..." : "") +
                       (object.argv().empty() ? escape(object.path()) : word(object.path()));
    if (!object.other_path().empty()) text += " (other name: " + escape(object.other_path()) + ")";
    const std::string argv = argv_text(object);
    return argv.empty() ? text : text + " (as: " + argv + ")";
}

std::string object_word(const v1::Record& record) {
    const v1::Object& object = record.object();
    if (object.path().empty()) return object_text(record);
    const std::string path = word((object.path_truncated() ? "..." : "") + object.path());
    const std::string argv = argv_text(object);
    return argv.empty() ? path : path + " as " + word(argv);
}

std::string verdict_words(const v1::Record& record) {
    if (record.relaxed()) return "would have denied (break-glass)";
    if (record.would_deny()) return "would have denied (mode observe)";
    if (record.reason() == "preserved") return "kept first, then let through,";
    if (record.verdict() == "deny") return "denied";
    if (record.verdict() == "hold") return "holds";
    if (record.verdict() == "preserve") return "preserves";
    if (record.verdict() == "audit") return "observed";
    return record.verdict().empty() ? "saw" : "allowed";
}

// "agent:code-fixer <- svc:orchestrator for alice"; the process's owner where no token named
// anyone.
std::string who(const v1::Record& record) {
    std::string text = actor_chain(record);
    if (text.empty() && !record.agent().empty()) text = "agent entry " + word(record.agent());
    if (!record.user().empty()) text += (text.empty() ? "" : " for ") + word(record.user());
    if (text.empty() && record.has_process())
        text = "uid " + std::to_string(record.process().uid());
    return text;
}

void add(std::string& sentence, std::string_view before, const std::string& text) {
    if (!text.empty()) sentence += std::string(before) + text;
}

// "web of busybox:latest"; the beginning of its id where it has no name that is known.
std::string container_text(const v1::Container& container) {
    std::string text =
        word(container.name().empty() ? container.id().substr(0, kShortId) : container.name());
    add(text, " of ", word(container.image()));
    return text;
}

std::string process_text(const v1::Record& record) {
    if (!record.has_process()) return {};
    const v1::Process& process = record.process();
    const std::string& name = process.executable().empty() ? process.comm() : process.executable();
    std::string text = name.empty() ? std::string("process") : word(name);
    text += " (pid " + std::to_string(process.pid()) + ")";
    add(text, " in container ", container_text(process.container()));
    return text;
}

std::string times_text(const v1::Record& record) {
    if (event_count(record) == 1) return {};
    std::string text = std::to_string(event_count(record)) + " times";
    if (!record.first_time().empty())
        text += " from " + escape(record.first_time()) + " to " + escape(record.last_time());
    return text;
}

// The part all sentences end with: where to look next.
void add_where(std::string& sentence, const v1::Record& record) {
    add(sentence, "; approval ", word(record.approval()));
    add(sentence, ", ", escape(record.terms()));
    add(sentence, "; session ", word(record.session()));
    add(sentence, ", task ", word(record.task()));
}

// "denied agent:fixer for alice: write /etc/passwd by /usr/bin/python3 (pid 41), rule
// /etc/bailiff/policy.yaml:12:5 "deny write /etc/**"; session s-1, task T-1"
std::string verdict_line(const v1::Record& record) {
    std::string sentence = verdict_words(record);
    add(sentence, " ", who(record));
    sentence += ": ";
    sentence += act_text(record);
    add(sentence, " ", object_word(record));
    add(sentence, " by ", process_text(record));
    add(sentence, ", rule ", rule_place(record));
    if (!record.rule().text().empty()) sentence += " \"" + escape(record.rule().text()) + '"';
    add(sentence, ", reason ", word(record.reason()));
    add(sentence, ", content sha256 ", word(record.object().sha256()));
    add(sentence, ", ", times_text(record));
    add(sentence, ": ", escape(record.message()));
    add_where(sentence, record);
    return sentence;
}

// "session.revoked: agent:fixer for alice, by uid 1000 (alice), reason stolen: ...; session s-1"
std::string event_line(const v1::Record& record) {
    std::string sentence = escape(record.kind());
    add(sentence, ": ", who(record));
    add(sentence, ", ran ", process_text(record));
    add(sentence, ", by ", escape(record.by()));
    add(sentence, ", reason ", word(record.reason()));
    add(sentence, ", expires ", escape(record.expires()));
    add(sentence, ", ", times_text(record));
    add(sentence, ": ", escape(record.message()));
    add_where(sentence, record);
    return sentence;
}

} // namespace

std::string escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto character = first_character(text);
        const std::size_t bytes = character ? character->bytes : 1;
        if (!character || (bytes == 1 && (is_control(character->code) || text[0] == '\\')))
            out += escaped_byte(text[0]);
        else if (is_control(character->code) || misleads(character->code))
            out += escaped_code(character->code);
        else
            out += text.substr(0, bytes);
        text.remove_prefix(bytes);
    }
    return out;
}

std::string act_text(const v1::Record& record) {
    const std::string& right = record.right();
    if (right.empty()) return escape(record.hook().empty() ? record.kind() : record.hook());
    const bool by_rename = record.hook() == "inode_rename" && right != "rename";
    return escape(right) + (by_rename ? " by rename" : "");
}

std::string object_text(const v1::Record& record) {
    const v1::Object& object = record.object();
    if (object.pid() != 0)
        return "pid " + std::to_string(object.pid()) +
               (object.signal() == 0 ? "" : " (signal " + std::to_string(object.signal()) + ")");
    if (!object.path().empty()) return file_text(object);
    if (!object.address().empty()) {
        const bool v6 = object.address().find(':') != std::string::npos;
        const std::string address = escape(object.address());
        return (v6 ? '[' + address + ']' : address) + ':' + std::to_string(object.port()) +
               (object.protocol().empty() ? "" : '/' + escape(object.protocol()));
    }
    if (object.inode() == 0) return escape(object.protocol());
    return "inode " + std::to_string(object.inode()) + " on device " +
           std::to_string(object.device());
}

std::string command_text(const v1::Process& process) {
    std::string text;
    for (const std::string& argument : process.argv())
        text += (text.empty() ? "" : " ") + escape(argument);
    return text;
}

std::string actor_chain(const v1::Record& record) {
    std::string chain;
    for (const v1::Actor& actor : record.actors()) {
        if (!chain.empty()) chain += " <- ";
        chain += word(actor.subject());
    }
    return chain;
}

std::string rule_place(const v1::Record& record) {
    const v1::Rule& rule = record.rule();
    if (rule.line() == 0 || rule.file().empty())
        return rule.profile().empty() ? std::string()
                                      : "default of profile " + word(rule.profile());
    return word(rule.file()) + ':' + std::to_string(rule.line()) + ':' +
           std::to_string(rule.column());
}

std::uint64_t event_count(const v1::Record& record) {
    return std::max<std::uint64_t>(record.count(), 1);
}

std::string one_line(const v1::Record& record) {
    return record.verdict().empty() ? event_line(record) : verdict_line(record);
}

} // namespace bailiff::journal
