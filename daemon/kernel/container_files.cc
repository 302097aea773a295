#include "kernel/container_files.h"

#include <boost/json/object.hpp>

#include "base/file.h"
#include "base/strict_json.h"
#include "kernel/container_id.h"

namespace bailiff::kernel {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxFile = 16U << 20;

// The text at `key` of an object; empty where there is none.
std::string text_at(const json::value& from, const char* key) {
    const json::object* object = from.if_object();
    const json::value* found = object == nullptr ? nullptr : object->if_contains(key);
    const json::string* text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? std::string() : std::string(*text);
}

Result<json::value> read_json(const std::string& path) {
    const Result<std::string> text = read_regular_file(path, kMaxFile);
    if (!text) return tl::unexpected(text.error());
    Result<json::value> value = parse_strict_json(*text);
    if (!value) return fail(ErrorCode::kInternal, path + ": " + value.error().message());
    return value;
}

// One entry of containers-storage's containers.json. Podman's own words on it are JSON in a string.
ContainerInfo podman_entry(const json::value& entry) {
    ContainerInfo info;
    const json::object& object = entry.as_object();
    const json::value* names = object.if_contains("names");
    if (names != nullptr && names->is_array() && !names->as_array().empty() &&
        names->as_array().front().is_string())
        info.name = std::string(names->as_array().front().as_string());
    if (const auto metadata = parse_strict_json(text_at(entry, "metadata")))
        info.image = text_at(*metadata, "image-name");
    if (info.image.empty()) info.image = text_at(entry, "image");
    return info;
}

Result<ContainerInfo> podman_container(const std::string& folder, std::string_view id) {
    // The second is of containers that are not to outlast a reboot.
    for (const char* list :
         {"/overlay-containers/containers.json", "/overlay-containers/volatile-containers.json"}) {
        const Result<json::value> value = read_json(folder + list);
        if (!value && value.error().code() == ErrorCode::kNotFound) continue;
        if (!value) return tl::unexpected(value.error());
        if (!value->is_array()) continue;
        for (const json::value& entry : value->as_array())
            if (text_at(entry, "id") == id) return podman_entry(entry);
    }
    return fail(ErrorCode::kNotFound, "podman's files name no such container");
}

Result<ContainerInfo> docker_container(const std::string& folder, const std::string& id) {
    const Result<json::value> value = read_json(folder + "/containers/" + id + "/config.v2.json");
    if (!value) return tl::unexpected(value.error());
    ContainerInfo info;
    info.name = text_at(*value, "Name");
    if (info.name.starts_with("/")) info.name.erase(0, 1);
    const json::object* object = value->if_object();
    const json::value* config = object == nullptr ? nullptr : object->if_contains("Config");
    if (config != nullptr) info.image = text_at(*config, "Image");
    if (info.image.empty()) info.image = text_at(*value, "Image");
    return info;
}

} // namespace

Result<ContainerInfo> find_container(std::string_view name, const ContainerFolders& folders) {
    const std::size_t slash = name.find('/');
    const std::string_view runtime = name.substr(0, slash);
    const std::string id(slash == std::string_view::npos ? "" : name.substr(slash + 1));
    if (is_container_id(id) && runtime == "podman") return podman_container(folders.podman, id);
    if (is_container_id(id) && runtime == "docker") return docker_container(folders.docker, id);
    return fail(ErrorCode::kInvalidArgument,
                "expected podman/ or docker/ and the 64 digits of a container's id");
}

} // namespace bailiff::kernel
