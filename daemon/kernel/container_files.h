// What podman and docker wrote down about a container, in files that root alone can read. Root; any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kernel/port.h"

namespace bailiff::kernel {

// Where they keep their files.
struct ContainerFolders {
    std::string podman = "/var/lib/containers/storage";
    std::string docker = "/var/lib/docker";
};

// `name` is RUNTIME/ID, "podman/3f..." or "docker/3f...": 64 hexadecimal digits. kInvalidArgument
// for anything else; kNotFound where the runtime's files do not name the container, kInternal and
// the like where they cannot be read or understood.
[[nodiscard]] Result<ContainerInfo> find_container(std::string_view name,
                                                   const ContainerFolders& folders = {});

} // namespace bailiff::kernel
