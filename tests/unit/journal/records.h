// Records and a folder for the journal's tests.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "bailiff/journal.pb.h"

namespace bailiff::tests {

// Gone, with what is in it, at the end of the test.
class Folder {
public:
    Folder() : path_(std::filesystem::temp_directory_path() / "journal-test-XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr) std::abort();
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string journal() const { return path_ + "/journal.jsonl"; }
    [[nodiscard]] std::string text() const {
        const std::ifstream in(journal(), std::ios::binary);
        std::ostringstream all;
        all << in.rdbuf();
        return all.str();
    }
    void append(const std::string& bytes) const {
        std::ofstream(journal(), std::ios::binary | std::ios::app) << bytes;
    }

private:
    std::string path_;
};

inline v1::Record verdict(const std::string& verdict, const std::string& path = "/etc/passwd") {
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

inline v1::Record denial(const std::string& path = "/etc/passwd") {
    return verdict("deny", path);
}

inline v1::Record observation(const std::string& path = "/etc/passwd") {
    return verdict("audit", path);
}

inline v1::Record opened(const std::string& session) {
    v1::Record record;
    record.set_time("2026-11-24T02:00:00.000Z");
    record.set_kind("session.opened");
    record.set_session(session);
    return record;
}

} // namespace bailiff::tests
