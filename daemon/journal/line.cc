#include "journal/line.h"

#include <google/protobuf/util/json_util.h>

#include <charconv>

#include "journal/utf8_message.h"

namespace bailiff::journal {

namespace pb = google::protobuf;

Result<std::string> to_line(v1::Record record) {
    make_utf8(record);
    pb::util::JsonPrintOptions options;
    options.add_whitespace = false;
    options.preserve_proto_field_names = true;
    std::string line;
    const auto status = pb::util::MessageToJsonString(record, &line, options);
    if (!status.ok())
        return fail(ErrorCode::kInternal, "write the record as JSON: " + status.ToString());
    return line;
}

Result<v1::Record> from_line(std::string_view line) {
    pb::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    v1::Record record;
    const auto status = pb::util::JsonStringToMessage({line.data(), line.size()}, &record, options);
    if (!status.ok()) return fail(ErrorCode::kDataLoss, "not a record: " + status.ToString());
    if (record.sequence() == 0) return fail(ErrorCode::kDataLoss, "a record without a sequence");
    return record;
}

std::optional<std::uint64_t> sequence_of(std::string_view line) {
    // Quotes inside a JSON string are escaped: this can only be the field itself.
    constexpr std::string_view kField = "\"sequence\":\"";
    if (line.size() < 2 || line.front() != '{' || line.back() != '}') return std::nullopt;
    const std::size_t found = line.find(kField);
    if (found == std::string_view::npos) return std::nullopt;
    std::uint64_t sequence = 0;
    const char* first = line.data() + found + kField.size();
    const auto [end, error] = std::from_chars(first, line.data() + line.size(), sequence);
    if (error != std::errc() || end == first || *end != '"' || sequence == 0) return std::nullopt;
    return sequence;
}

} // namespace bailiff::journal
