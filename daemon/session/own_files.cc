#include "session/own_files.h"

#include "kernel/objects.h"

namespace bailiff::session {

Status check_own_files(kernel::KernelPort& port, const AgentTable& table,
                       const std::vector<policy::HostFile>& own) {
    if (table.files.empty()) return {};
    for (const policy::HostFile& file : own) {
        const Result<kernel::ResolvedPath> found = port.resolve(file.path);
        if (!found && found.error().code() == ErrorCode::kNotFound) continue;
        if (!found) return tl::unexpected(found.error());
        const auto agents = table.files.find(kernel::inode_key(found->inode, 0));
        if (agents != table.files.end())
            return fail(ErrorCode::kInvalidArgument,
                        agents->second + file.why + " (it is the file " + file.path + ")");
    }
    return {};
}

} // namespace bailiff::session
