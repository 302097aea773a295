#include "kernel/request.h"

#include <cstring>

namespace bailiff::kernel {

Request request_for(Operation operation) {
    Request request{};
    request.magic = kWireMagic;
    request.operation = operation;
    return request;
}

Status set_path(Request& request, const std::string& path) {
    if (path.empty() || path[0] != '/' || path.size() >= sizeof(request.path))
        return fail(
            ErrorCode::kInvalidArgument,
            "path \"" + path.substr(0, 200) + "\": expected an absolute path below 4096 bytes");
    std::memcpy(request.path, path.c_str(), path.size());
    return {};
}

Result<Request> request_for(Operation operation, const std::string& path) {
    Request request = request_for(operation);
    if (Status set = set_path(request, path); !set) return tl::unexpected(set.error());
    return request;
}

} // namespace bailiff::kernel
