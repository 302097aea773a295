#include "kernel/enrol_target.h"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "kernel/enrolment.h"

namespace bailiff::kernel {
namespace {

std::string text_of(const Target& target) {
    return target.pid != 0 ? "process " + std::to_string(target.pid) : "the control group";
}

bailiff_control control_for(const Target& target, std::uint32_t subject, std::uint32_t generation) {
    bailiff_control control = {};
    control.pid = target.pid;
    control.cgroup = target.cgroup;
    control.row.subject = subject;
    control.row.generation = generation;
    return control;
}

Status check_task(const bailiff_enrolled& task, const Target& target, std::uint32_t daemon) {
    const std::string which =
        text_of(target) + " cannot be bound: process " + std::to_string(task.process);
    if (task.process == static_cast<std::uint32_t>(getpid()) || task.process == daemon)
        return fail(ErrorCode::kPermissionDenied, which + " in it is bailiff's own");
    if (task.process == 1)
        return fail(ErrorCode::kPermissionDenied, which + " in it is the host's init");
    if (task.outcome == 3)
        return fail(ErrorCode::kFailedPrecondition,
                    which + " in it is of a session already, or of one that is over");
    if (target.owner != kAnyOwner && task.uid != target.owner)
        return fail(ErrorCode::kPermissionDenied,
                    which + " in it is not of uid " + std::to_string(target.owner) +
                        " alone; processes of other accounts need the role operator");
    return {};
}

// Subject slot 0 cannot be asked for, and the probes' own is nobody else's.
constexpr std::uint32_t kNobody = BAILIFF_MAX_SUBJECTS;

} // namespace

Result<std::uint32_t> check_target(Programs& programs, const Target& target, std::uint32_t daemon) {
    if (target.pid != 0)
        if (Status same = check_started(target.pid, target.start_time); !same)
            return tl::unexpected(same.error());
    bailiff_control control = control_for(target, kNobody, 0);
    control.dry = 1;
    const auto tasks = enrol_pass(programs, control);
    if (!tasks) return tl::unexpected(tasks.error());
    for (const bailiff_enrolled& task : *tasks)
        if (Status fit = check_task(task, target, daemon); !fit) return tl::unexpected(fit.error());
    if (tasks->empty())
        return fail(ErrorCode::kNotFound, target.pid != 0
                                              ? text_of(target) + " is gone"
                                              : "no process is in the control group or below it");
    return static_cast<std::uint32_t>(tasks->size());
}

Result<std::uint32_t> enrol_target(Programs& programs, const Target& target, std::uint32_t daemon,
                                   std::uint32_t subject, std::uint32_t generation) {
    const Result<std::uint32_t> fit = check_target(programs, target, daemon);
    if (!fit) return fit;
    const auto tasks =
        enrol_all(programs, control_for(target, subject, generation), text_of(target));
    if (!tasks) return tl::unexpected(tasks.error());
    const auto count = std::count_if(tasks->begin(), tasks->end(),
                                     [](const auto& task) { return task.outcome == 0; });
    if (count == 0) return fail(ErrorCode::kNotFound, text_of(target) + " is gone");
    return static_cast<std::uint32_t>(count);
}

} // namespace bailiff::kernel
