#include "kernel/detachment.h"

#include <unistd.h>

#include <boost/json.hpp>

#include "base/file.h"
#include "base/strict_json.h"

namespace bailiff::kernel {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxBytes = 64U << 10;

std::string file_in(const std::string& state_folder) {
    return state_folder + "/detached.json";
}

std::string text(const json::object& from, const char* key) {
    const json::value* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

} // namespace

Result<Detachment> load_detachment(const std::string& state_folder) {
    const std::string file = file_in(state_folder);
    const Result<std::string> content = read_regular_file(file, kMaxBytes);
    if (!content) return tl::unexpected(content.error());
    const Result<json::value> value = parse_strict_json(*content);
    const json::object* object = value ? value->if_object() : nullptr;
    if (object == nullptr)
        return fail(ErrorCode::kDataLoss, file + " is not what bailiffctl detach writes");
    Detachment what{text(*object, "time"), text(*object, "by"), text(*object, "reason")};
    const json::value* recorded = object->if_contains("recorded");
    what.recorded = recorded != nullptr && recorded->is_bool() && recorded->get_bool();
    return what;
}

// The folder is the daemon's own, and so is the file from then on: it takes over what root wrote.
Status save_detachment(const std::string& state_folder, const Detachment& what) {
    const json::object object = {
        {"time", what.time}, {"by", what.by}, {"reason", what.reason}, {"recorded", what.recorded}};
    return write_file_atomic(file_in(state_folder), json::serialize(object) + "\n", 0644);
}

bool is_new_detachment(const std::string& state_folder) {
    if (access(file_in(state_folder).c_str(), F_OK) != 0) return false; // nearly always
    const Result<Detachment> found = load_detachment(state_folder);
    return found && !found->recorded;
}

void forget_detachment(const std::string& state_folder) {
    unlink(file_in(state_folder).c_str());
}

std::string describe(const Detachment& what) {
    return "detached by " + what.by + " at " + what.time + ": " + what.reason;
}

} // namespace bailiff::kernel
