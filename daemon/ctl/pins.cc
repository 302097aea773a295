#include "ctl/pins.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/kernel_argument.h"
#include "ctl/output.h"
#include "kernel/detachment.h"

namespace bailiff::ctl {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kLabelWidth = 12;
constexpr const char* kStateFolder = "/var/lib/bailiff";

std::string line(const std::string& label, const std::string& text) {
    return pad(label, kLabelWidth) + text + "\n";
}

// Enforcement that nothing pins ends with bailiff-kernel, and has ended where that does not run.
std::string missing_text(const kernel::Pins& pins) {
    if (pins.missing.empty()) return "";
    std::string names;
    for (const std::string& name : pins.missing) names += (names.empty() ? "" : ", ") + name;
    return line("missing", names) +
           line("",
                "somebody removed these links: where bailiff-kernel does not run, these hooks "
                "decide nothing") +
           line("remedy", "systemctl restart bailiff-kernel attaches and pins all of them");
}

std::string links_text(const kernel::Pins& pins) {
    std::string text = std::to_string(pins.links);
    if (!pins.missing.empty()) text += " of " + std::to_string(pins.attached);
    text += " pinned";
    if (pins.other_links > 0)
        text += ", " + std::to_string(pins.other_links) + " more of a start that was not finished";
    return line("links", text) + missing_text(pins);
}

std::string loaded_text(std::uint64_t loaded_at, std::uint64_t boot_nanos,
                        std::int64_t unix_nanos) {
    if (loaded_at == 0 || loaded_at > boot_nanos) return "at an unknown time";
    const std::uint64_t age = boot_nanos - loaded_at;
    return std::string("since ") + TimeText(unix_nanos - static_cast<std::int64_t>(age)).c_str() +
           ", " + time_left(static_cast<std::int64_t>(age / kSecond)) + " ago";
}

std::string left_text(const kernel::PinnedSession& session, std::uint64_t boot_nanos) {
    return time_left(static_cast<std::int64_t>((session.expires_at - boot_nanos) / kSecond));
}

std::string sessions_text(const kernel::Pins& pins, std::uint64_t boot_nanos) {
    std::vector<kernel::PinnedSession> sessions = pins.sessions;
    std::stable_sort(sessions.begin(), sessions.end(), [](const auto& one, const auto& other) {
        return one.expires_at < other.expires_at;
    });
    const auto first_active =
        std::find_if(sessions.begin(), sessions.end(),
                     [&](const auto& session) { return session.expires_at > boot_nanos; });
    const auto expired = first_active - sessions.begin();
    std::string text = std::to_string(sessions.end() - first_active) + " active";
    if (expired > 0) text += ", " + std::to_string(expired) + " expired";
    if (first_active != sessions.end())
        text += ", the next expires in " + left_text(*first_active, boot_nanos);
    text = line("sessions", text);
    for (auto session = sessions.begin(); session != sessions.end(); ++session) {
        const std::string words = session < first_active
                                      ? "expired  all it does is denied"
                                      : "active   " + left_text(*session, boot_nanos) + " left";
        text += line("", session_name(session->id) + "  " + words +
                             (session->subjects == 0 ? ", no subject" : ""));
    }
    return text;
}

} // namespace

Result<std::string> pins_text(const kernel::Pins& pins, std::uint64_t boot_nanos,
                              std::int64_t unix_nanos) {
    if (pins.links + pins.other_links == 0 && pins.attached > 0)
        return fail(ErrorCode::kNotFound,
                    "nothing is enforced: all " + std::to_string(pins.attached) +
                        " links were removed; start bailiff-kernel, which attaches and pins them "
                        "again, and bailiffd");
    if (pins.links + pins.other_links == 0)
        return fail(ErrorCode::kNotFound,
                    "nothing is loaded: maps of an earlier run are pinned, but no program is "
                    "attached; start bailiff-kernel and bailiffd");
    std::string text =
        "bailiffd does not answer; its programs are pinned and attached, and go on "
        "deciding\n" +
        links_text(pins);
    if (!pins.maps || pins.other_version)
        return text + line("maps", pins.maps ? "of another version than this bailiffctl: not read"
                                             : "not pinned: sessions cannot be read");
    text += line("loaded", loaded_text(pins.loaded_at, boot_nanos, unix_nanos));
    text += line("mode", pins.observe ? "observe: nothing is denied" : "enforce");
    text += line("policy", pins.policy ? "loaded" : "none loaded: subjects get nothing");
    text += sessions_text(pins, boot_nanos);
    text += line("denials", std::to_string(pins.denied) + ", " + std::to_string(pins.events_lost) +
                                " events lost");
    return text;
}

std::string why_nothing(const std::string& state_folder, const std::string& otherwise) {
    const Result<kernel::Detachment> detachment = kernel::load_detachment(state_folder);
    const std::string start = "; start bailiff-kernel and bailiffd";
    if (detachment) return kernel::describe(*detachment) + "; nothing is enforced" + start;
    return "nothing is loaded: " + otherwise + start;
}

Result<std::string> describe_pins() {
    if (is_switched_off()) return fail(ErrorCode::kNotFound, kOffMessage);
    const Result<kernel::Pins> pins = kernel::read_pins(kernel::kPinRoot);
    if (!pins && pins.error().code() == ErrorCode::kNotFound)
        return fail(ErrorCode::kNotFound, why_nothing(kStateFolder, pins.error().message()));
    if (!pins) return tl::unexpected(pins.error());
    const SystemClock clock;
    return pins_text(*pins, clock.boot_nanos(), clock.unix_nanos());
}

std::string describe_missing() {
    const Result<kernel::Pins> pins = kernel::read_pins(kernel::kPinRoot);
    return pins && !pins->missing.empty() ? links_text(*pins) : "";
}

} // namespace bailiff::ctl
