#include "base/strict_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <set>
#include <string>
#include <vector>

namespace bailiff {
namespace {

// Only looks for a name that comes twice in one object; the value is built by the library's own
// parser, which would silently keep the last one.
struct DuplicateFinder {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);
    using ErrorCodeRef = boost::json::error_code&;
    using Text = boost::json::string_view;

    std::vector<std::set<std::string, std::less<>>> open;
    std::string key;
    std::string duplicate;

    bool on_document_begin(ErrorCodeRef) { return true; }
    bool on_document_end(ErrorCodeRef) { return true; }
    bool on_object_begin(ErrorCodeRef) {
        open.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, ErrorCodeRef) {
        open.pop_back();
        return true;
    }
    bool on_array_begin(ErrorCodeRef) { return true; }
    bool on_array_end(std::size_t, ErrorCodeRef) { return true; }
    bool on_key_part(Text part, std::size_t, ErrorCodeRef) {
        key.append(part.data(), part.size());
        return true;
    }
    bool on_key(Text part, std::size_t, ErrorCodeRef error) {
        key.append(part.data(), part.size());
        const bool fresh = open.back().insert(key).second;
        if (!fresh) {
            duplicate = key;
            error = boost::json::error::extra_data;
        }
        key.clear();
        return fresh;
    }
    bool on_string_part(Text, std::size_t, ErrorCodeRef) { return true; }
    bool on_string(Text, std::size_t, ErrorCodeRef) { return true; }
    bool on_number_part(Text, ErrorCodeRef) { return true; }
    bool on_int64(std::int64_t, Text, ErrorCodeRef) { return true; }
    bool on_uint64(std::uint64_t, Text, ErrorCodeRef) { return true; }
    bool on_double(double, Text, ErrorCodeRef) { return true; }
    bool on_bool(bool, ErrorCodeRef) { return true; }
    bool on_null(ErrorCodeRef) { return true; }
    bool on_comment_part(Text, ErrorCodeRef) { return true; }
    bool on_comment(Text, ErrorCodeRef) { return true; }
};

} // namespace

Result<boost::json::value> parse_strict_json(std::string_view text, std::size_t max_depth) {
    boost::json::parse_options options;
    options.max_depth = max_depth;
    boost::json::basic_parser<DuplicateFinder> finder(options);
    boost::json::error_code error;
    const std::size_t consumed = finder.write_some(false, text.data(), text.size(), error);
    if (!finder.handler().duplicate.empty() ||
        (error && !finder.handler().open.empty() && error == boost::json::error::extra_data))
        return fail(ErrorCode::kInvalidArgument,
                    "JSON: name \"" + finder.handler().duplicate + "\" comes twice in one object");
    if (!error && consumed < text.size()) error = boost::json::error::extra_data;
    if (error)
        return fail(ErrorCode::kInvalidArgument,
                    "JSON: " + error.message() + " at byte " + std::to_string(consumed));
    boost::json::value value =
        boost::json::parse({text.data(), text.size()}, error, boost::json::storage_ptr(), options);
    if (error) return fail(ErrorCode::kInvalidArgument, "JSON: " + error.message());
    return value;
}

} // namespace bailiff
