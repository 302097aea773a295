// A policy file as it was written: the message, and where in the file each part of it stands.
// Internal to policy/. Any thread.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "bailiff/policy.pb.h"
#include "base/result.h"
#include "policy/position.h"

namespace bailiff::policy {

inline constexpr std::size_t kMaxPolicyBytes = 1U << 20;

class Document {
public:
    v1::Policy policy;
    std::string file;

    static constexpr int kItself = 0; // in place of a field's number: the message

    void note(const google::protobuf::Message& parent, int field, int index, Position at) {
        at_[{&parent, field, index}] = std::move(at);
    }
    // Where a field of a message stands; for an element of a list give its index.
    [[nodiscard]] Position at(const google::protobuf::Message& parent, int field,
                              int index = 0) const;

private:
    std::map<std::tuple<const void*, int, int>, Position> at_;
};

// Everything wrong with a policy, in the order found.
class Problems {
public:
    static constexpr std::size_t kMax = 100; // more are counted only

    void add(const Position& at, const std::string& message) {
        if (lines_.size() < kMax)
            lines_.push_back(at.text() + ": " + message);
        else
            more_++;
    }
    [[nodiscard]] bool full() const { return lines_.size() == kMax; }
    [[nodiscard]] bool empty() const { return lines_.empty(); }
    // One line a problem.
    [[nodiscard]] Error error() const;

private:
    std::vector<std::string> lines_;
    std::size_t more_ = 0;
};

// What people call an entry of that kind: "user", "rule", "roles".
[[nodiscard]] std::string word_for(const google::protobuf::Descriptor* type);

// Reads YAML, or JSON as its subset, into `document` by the schema. Unknown fields, fields that
// come twice and values of the wrong kind are problems with file:line:column.
void parse(std::string_view text, Document& document, Problems& problems);

} // namespace bailiff::policy
