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

} // namespace bailiff::daemon
