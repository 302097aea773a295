#include "bailiffd/posture.h"

namespace bailiff::daemon {

Posture judge_posture(const Result<kernel::KernelPosture>& probes, bool observe,
                      const std::string& journal) {
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
    } else if (journal != "ok") {
        posture.state = "DEGRADED";
        posture.detail = "enforced, but not recorded: " + journal;
        posture.remedy = "make room for the journal";
    } else if (observe) {
        posture.state = "OBSERVING";
        posture.detail = "mode observe: would-be denials are recorded and let through";
    } else {
        posture.state = "ENFORCING";
        posture.detail = "a denied probe came back with EPERM for every hook family";
    }
    return posture;
}

} // namespace bailiff::daemon
