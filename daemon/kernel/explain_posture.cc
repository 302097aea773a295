#include <cstring>
#include <sstream>

#include "kernel/client.h"
#include "kernel/optional.h"

namespace bailiff::kernel {
namespace {

// What a subject can do for want of that family's programs; empty where nothing.
std::string gaps_of(Family family, const std::string& missing, const std::string& waived) {
    std::string text;
    const auto add = [&](const std::string& names, const char* why) {
        std::istringstream words(names);
        for (std::string name; std::getline(words >> std::ws, name, ',');) {
            const OptionalProgram* program = find_optional(name);
            if (program == nullptr || program->family != family) continue;
            text += (text.empty() ? "" : "; ") + std::string("without ") + name + why +
                    " a subject can " + std::string(program->gap);
        }
    };
    add(missing, ", which this kernel does not take,");
    add(waived, " (--without)");
    return text;
}

} // namespace

KernelPosture explain_posture(const WirePosture& wire) {
    KernelPosture posture;
    posture.attachment = wire.attachment == 0 ? "lsm" : "fmod_ret";
    posture.checked_at = wire.checked_at;
    const bool weak = wire.attachment != 0 && (wire.preemptible != 0 || wire.recursion_misses != 0);
    posture.sound_attachment = !weak && wire.storage_busy == 0;
    posture.mended_pins = wire.mended_pins;
    posture.unpinned_pins = wire.unpinned_pins;
    posture.pins.assign(wire.pins, strnlen(wire.pins, sizeof(wire.pins)));
    if (wire.unpinned_pins != 0)
        posture.remedy =
            "mount a bpffs on /sys/fs/bpf (mount -t bpf bpf /sys/fs/bpf): bailiff-kernel pins all "
            "again within a minute";
    if (wire.storage_busy != 0)
        posture.remedy =
            "boot with preempt=voluntary, or a kernel of 6.2 or newer: on this one a task that is "
            "preempted in its BPF storage hides that of others";
    if (weak)
        posture.remedy =
            "boot with bpf in the lsm= list (kernel command line): this kernel preempts programs, "
            "and an fmod_ret program that is preempted is skipped for the next task";
    if (wire.ftrace_enabled == 0)
        posture.remedy =
            "kernel.ftrace_enabled is 0, which switches every program off: run "
            "sysctl kernel.ftrace_enabled=1";
    const std::string missing(wire.missing, strnlen(wire.missing, sizeof(wire.missing)));
    const std::string waived(wire.waived, strnlen(wire.waived, sizeof(wire.waived)));
    if (!missing.empty())
        posture.remedy =
            "no session is opened: run a kernel that takes them, or accept the gap "
            "with an option --without NAME of bailiff-kernel for each";
    for (std::size_t i = 0; i < kFamilyNames.size(); i++) {
        FamilyPosture family;
        family.family = kFamilyNames[i];
        family.detail = gaps_of(static_cast<Family>(i), missing, waived);
        family.enforcing = wire.enforcing[i] != 0 && family.detail.empty();
        if (wire.enforcing[i] == 0) family.detail = "a probe that must be denied was not";
        posture.families.push_back(std::move(family));
    }
    return posture;
}

} // namespace bailiff::kernel
