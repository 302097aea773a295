// Records and a folder for the journal's tests.
#pragma once

#include <string>

#include "bailiff/journal.pb.h"

namespace bailiff::tests {

// Gone, with what is in it, at the end of the test.
class Folder {
public:
    Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string journal() const { return path_ + "/journal.jsonl"; }
    [[nodiscard]] std::string text() const;
    void append(const std::string& bytes) const;

private:
    std::string path_;
};

v1::Record verdict(const std::string& verdict, const std::string& path = "/etc/passwd");
v1::Record denial(const std::string& path = "/etc/passwd");
v1::Record observation(const std::string& path = "/etc/passwd");
v1::Record opened(const std::string& session);

} // namespace bailiff::tests
