// A denial as the daemon reports it, for tests to change.
#pragma once

#include "bailiff/journal.pb.h"

namespace bailiff::ctl {

inline v1::Record denied_write() {
    v1::Record record;
    record.set_time("2026-11-24T02:03:04.005Z");
    record.set_sequence(7);
    record.set_kind("verdict");
    record.set_session("s-01ARZ3NDEKTSV4RRFFQ69G5FAV");
    record.set_user("user:alice");
    record.add_actors()->set_subject("agent:fixer");
    record.mutable_process()->set_pid(123);
    record.mutable_process()->set_comm("git");
    record.mutable_object()->set_path("/etc/passwd");
    record.set_right("write");
    record.set_verdict("deny");
    record.set_reason("default");
    record.mutable_rule()->set_file("policy.yaml");
    record.mutable_rule()->set_line(41);
    record.mutable_rule()->set_profile("workspace");
    return record;
}

} // namespace bailiff::ctl
