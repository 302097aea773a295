#include "tests/unit/journal/records.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace bailiff::tests {

Folder::Folder() : path_(std::filesystem::temp_directory_path() / "journal-test-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
}

Folder::~Folder() {
    std::filesystem::remove_all(path_);
}

std::string Folder::text() const {
    const std::ifstream in(journal(), std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
}

void Folder::append(const std::string& bytes) const {
    std::ofstream(journal(), std::ios::binary | std::ios::app) << bytes;
}

v1::Record verdict(const std::string& verdict, const std::string& path) {
    v1::Record record;
    record.set_time("2026-11-24T02:00:00.000Z");
    record.set_kind("verdict");
    record.set_session("s-1");
    record.set_user("alice");
    record.add_actors()->set_subject("agent:code-fixer");
    record.add_actors()->set_subject("svc:orchestrator");
    record.set_task("T-1");
    record.mutable_process()->set_pid(41);
    record.mutable_process()->set_executable("/usr/bin/python3");
    record.mutable_object()->set_path(path);
    record.set_hook("file_open");
    record.set_right("write");
    record.set_verdict(verdict);
    record.set_reason("rule");
    record.mutable_rule()->set_file("/etc/bailiff/policy.yaml");
    record.mutable_rule()->set_line(12);
    record.mutable_rule()->set_column(5);
    record.mutable_rule()->set_profile("base");
    record.mutable_rule()->set_text("deny write /etc/**");
    return record;
}

v1::Record denial(const std::string& path) {
    return verdict("deny", path);
}

v1::Record observation(const std::string& path) {
    return verdict("audit", path);
}

v1::Record opened(const std::string& session) {
    v1::Record record;
    record.set_time("2026-11-24T02:00:00.000Z");
    record.set_kind("session.opened");
    record.set_session(session);
    return record;
}

} // namespace bailiff::tests
