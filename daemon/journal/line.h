// One record as one line of the journal: its protobuf JSON form with the field names of
// journal.proto, no white space, no newline inside or at the end. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bailiff/journal.pb.h"
#include "base/result.h"

namespace bailiff::journal {

// Bytes that are not UTF-8, which JSON cannot hold, are written as \xNN (see utf8.h): a kernel
// object may have any name. kInternal where the library refuses the record.
[[nodiscard]] Result<std::string> to_line(v1::Record record);

// Fields that this version does not know are ignored. kDataLoss where the line is not a record
// with a sequence.
[[nodiscard]] Result<v1::Record> from_line(std::string_view line);

// The sequence, found without parsing the line; empty where the line is visibly not a record.
[[nodiscard]] std::optional<std::uint64_t> sequence_of(std::string_view line);

} // namespace bailiff::journal
