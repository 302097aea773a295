// LintReport: what the lint of every section needs, to say where a problem is and of what. Internal
// to policy/; any thread, one owner.
#pragma once

#include <set>
#include <string>

#include "policy/document.h"

namespace bailiff::policy {

inline constexpr const char* kCleanPath =
    "expected an absolute path with no .., of at most 4095 bytes and 255 a name, found ";

using Names = google::protobuf::RepeatedPtrField<std::string>;

[[nodiscard]] std::string quoted(const std::string& text);

// Absolute, no empty name, no . or .. in it, and of a length that the kernel takes.
[[nodiscard]] bool is_clean_path(const std::string& path);

// Names from the root to `path`, which is clean.
[[nodiscard]] std::size_t levels_of(const std::string& path);

// What to say of a path with more than kMaxLevels.
[[nodiscard]] std::string too_deep(const std::string& path);

class LintReport {
public:
    LintReport(const Document& document, Problems& problems);

    // At a field of `where`, or at an element of it; index -1 is the field's name.
    void add(const google::protobuf::Message& where, int field, int index,
             const std::string& message);
    // At the first thing that is written of `where`.
    void add(const google::protobuf::Message& where, const std::string& message);

    // A field that must be there: `what` says what it is.
    void required(const google::protobuf::Message& where, int field, const std::string& value,
                  const std::string& what);
    // A * stands for any ending, and so at the end only.
    void pattern(const google::protobuf::Message& where, int field, const std::string& text);
    // Names of profiles must be those of some.
    void known(const google::protobuf::Message& where, int field, const Names& profiles);

private:
    const Document& document_;
    Problems& problems_;
    std::set<std::string> profiles_;
};

} // namespace bailiff::policy
