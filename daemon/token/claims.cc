#include "token/claims.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/strict_json.h"

namespace bailiff::token {
namespace {

constexpr std::size_t kMaxQuotedBytes = 64;
constexpr std::size_t kMaxDepth = 16;
constexpr std::int64_t kMaxSeconds = (std::int64_t{1} << 53) - 1; // exact in every JSON reader

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

// Empty: the string is as it should be.
std::string text_problem(const boost::json::value& value, std::size_t max_bytes) {
    const boost::json::string* text = value.if_string();
    if (text == nullptr) return "a string";
    if (text->empty()) return "a string that is not empty";
    if (text->size() > max_bytes) return "at most " + std::to_string(max_bytes) + " bytes";
    if (std::any_of(text->begin(), text->end(), is_control))
        return "a string without control characters";
    return {};
}

} // namespace

tl::unexpected<Error> refuse(std::string message) {
    return fail(ErrorCode::kUnauthenticated, std::move(message));
}

std::string quoted(std::string_view text) {
    std::string safe = "\"";
    for (const char c : text.substr(0, kMaxQuotedBytes))
        safe += c >= 0x20 && c < 0x7f && c != '"' ? c : '?';
    return safe + (text.size() > kMaxQuotedBytes ? "...\"" : "\"");
}

Result<boost::json::object> parse_object(std::string_view bytes, std::string_view what) {
    auto value = parse_strict_json(bytes, kMaxDepth);
    if (!value)
        return refuse(std::string(what) + " is not strict JSON: " + value.error().message());
    boost::json::object* object = value->if_object();
    if (object == nullptr) return refuse(std::string(what) + " is not a JSON object");
    return std::move(*object);
}

bool Claims::has(std::string_view name) const {
    return object_.contains({name.data(), name.size()});
}

tl::unexpected<Error> Claims::wrong(std::string_view name, std::string_view expected) const {
    const boost::json::value* value = object_.if_contains({name.data(), name.size()});
    if (value == nullptr)
        return refuse(owner_ + " has no \"" + std::string(name) + "\"; expected " +
                      std::string(expected));
    const boost::json::string_view kind = boost::json::to_string(value->kind());
    return refuse("\"" + std::string(name) + "\" of " + owner_ + " is not acceptable (" +
                  std::string(kind.data(), kind.size()) + "); expected " + std::string(expected));
}

Result<std::string> Claims::text(std::string_view name, std::size_t max_bytes) const {
    const boost::json::value* value = object_.if_contains({name.data(), name.size()});
    if (value == nullptr) return wrong(name, "a string");
    const std::string problem = text_problem(*value, max_bytes);
    if (!problem.empty()) return wrong(name, problem);
    const boost::json::string& text = value->get_string();
    return std::string(text.data(), text.size());
}

Result<std::string> Claims::optional_text(std::string_view name, std::size_t max_bytes) const {
    if (!has(name)) return std::string();
    return text(name, max_bytes);
}

Result<std::vector<std::string>> Claims::texts(std::string_view name) const {
    std::vector<std::string> list;
    const boost::json::value* value = object_.if_contains({name.data(), name.size()});
    if (value == nullptr) return list;
    const boost::json::array* array = value->if_array();
    if (array == nullptr) return wrong(name, "an array of strings");
    if (array->size() > kMaxListItems)
        return wrong(name, "at most " + std::to_string(kMaxListItems) + " elements");
    for (const boost::json::value& item : *array) {
        const std::string problem = text_problem(item, kMaxTextBytes);
        if (!problem.empty()) return wrong(name, "each element to be " + problem);
        list.emplace_back(item.get_string().data(), item.get_string().size());
    }
    return list;
}

Result<std::int64_t> Claims::seconds(std::string_view name) const {
    constexpr std::string_view kExpected = "whole seconds since 1970, below 2^53";
    const boost::json::value* value = object_.if_contains({name.data(), name.size()});
    if (value == nullptr || !value->is_number()) return wrong(name, kExpected);
    std::int64_t seconds = -1;
    if (const std::int64_t* whole = value->if_int64()) seconds = *whole;
    if (const double* real = value->if_double()) {
        if (!(*real >= 0 && *real <= static_cast<double>(kMaxSeconds)))
            return wrong(name, kExpected);
        seconds = static_cast<std::int64_t>(*real);
        if (static_cast<double>(seconds) != *real) return wrong(name, kExpected);
    }
    // A uint64 is above what an int64 holds, and leaves -1.
    if (seconds < 0 || seconds > kMaxSeconds) return wrong(name, kExpected);
    return seconds;
}

Result<std::optional<std::int64_t>> Claims::optional_seconds(std::string_view name) const {
    if (!has(name)) return std::nullopt;
    auto value = seconds(name);
    if (!value) return tl::unexpected(value.error());
    return *value;
}

} // namespace bailiff::token
