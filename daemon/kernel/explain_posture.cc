#include <cstring>

#include "kernel/client.h"

namespace bailiff::kernel {

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
    for (std::size_t i = 0; i < kFamilyNames.size(); i++) {
        FamilyPosture family;
        family.family = kFamilyNames[i];
        family.enforcing = wire.enforcing[i] != 0;
        if (!family.enforcing) family.detail = "a probe that must be denied was not";
        posture.families.push_back(std::move(family));
    }
    return posture;
}

} // namespace bailiff::kernel
