#include "bailiffd/posture.h"

namespace bailiff::daemon {

namespace {

Posture judge_probes(const Result<kernel::KernelPosture>& probes, bool observe) {
    Posture posture;
    if (!probes) {
        posture.state = "DEGRADED";
        posture.detail = "enforcement cannot be proven: " + probes.error().message() +
                         "; rules that are in force stay so, no session can be opened";
        posture.remedy = "systemctl status bailiff-kernel";
        return posture;
    }
    posture.kernel = *probes;
    posture.remedy = probes->remedy;
    std::string failing;
    std::size_t enforcing = 0;
    for (const kernel::FamilyPosture& family : probes->families) {
        if (family.enforcing)
            enforcing++;
        else
            failing += (failing.empty() ? "" : ", ") + family.family + " (" + family.detail + ")";
    }
    if (enforcing == 0) {
        posture.state = "DOWN";
        posture.detail = "nothing is enforced: " + failing;
    } else if (!failing.empty()) {
        posture.state = "DEGRADED";
        posture.detail = "not enforced: " + failing;
    } else if (!probes->sound_attachment) {
        posture.state = "DEGRADED";
        posture.detail =
            "enforced, but attachment " + probes->attachment + " can be skipped on this kernel";
    } else if (probes->unpinned_pins != 0) {
        posture.state = "DEGRADED";
        posture.detail =
            "enforced only while bailiff-kernel runs: " + std::to_string(probes->unpinned_pins) +
            " pins are gone and cannot be made again: " + probes->pins;
    } else if (observe) {
        posture.state = "OBSERVING";
        posture.detail = "mode observe: would-be denials are recorded and let through";
    } else {
        posture.state = "ENFORCING";
        posture.detail = "a denied probe came back with EPERM for every hook family";
    }
    return posture;
}

void append(std::string& text, const std::string& more) {
    text += (text.empty() ? "" : "; ") + more;
}

} // namespace

Posture judge_posture(const Result<kernel::KernelPosture>& probes, bool observe,
                      const Writing& writing, const std::string& detachment) {
    Posture posture = judge_probes(probes, observe);
    if (!probes && !detachment.empty()) {
        posture.state = "DOWN";
        posture.detail = detachment + "; nothing is enforced, no session can be opened";
        posture.remedy = "systemctl restart bailiff-kernel bailiffd";
    }
    if (writing.same_as({})) return posture;
    if (posture.state == "ENFORCING") posture.detail = "enforced";
    if (posture.state != "DOWN") posture.state = "DEGRADED";
    if (writing.journal != "ok") append(posture.detail, "not recorded: " + writing.journal);
    if (writing.used_tokens != "ok")
        append(posture.detail, "no session can be opened: " + writing.used_tokens);
    append(posture.remedy, "make room in the state folder");
    return posture;
}

std::string describe_pins(const kernel::KernelPosture& probes, const std::string& before,
                          const std::string& time) {
    if (probes.unpinned_pins != 0)
        return std::to_string(probes.unpinned_pins) + " are missing: " + probes.pins;
    if (probes.mended_pins != 0)
        return std::to_string(probes.mended_pins) + " had been removed, made again " + time + ": " +
               probes.pins;
    return before.find("are missing") == std::string::npos ? before : "ok";
}

std::string mended_text(const kernel::KernelPosture& probes) {
    return std::to_string(probes.mended_pins) +
           " pins of bailiff's programs had been removed, which only root can do, and were made "
           "again: " +
           (probes.unpinned_pins == 0 ? probes.pins : "all but " + probes.pins);
}

} // namespace bailiff::daemon
