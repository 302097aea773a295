#include "tests/unit/support/fake_file_system.h"

#include <sys/stat.h>

#include <filesystem>
#include <iterator>

namespace bailiff::tests {

FakeFileSystem::FakeFileSystem() {
    make_node("/", S_IFDIR, kRootDevice).is_root = 1;
}

FakeFileSystem::~FakeFileSystem() = default;

bailiff_inode FakeFileSystem::add_folder(const std::string& path) {
    return add(path, S_IFDIR);
}

bailiff_inode FakeFileSystem::add_file(const std::string& path) {
    return add(path, S_IFREG);
}

void FakeFileSystem::add_link(const std::string& path, const std::string& target) {
    add(path, S_IFLNK);
    nodes[path].link = target;
}

void FakeFileSystem::add_mount(const std::string& path, std::uint32_t device) {
    add(path, S_IFDIR);
    make_node(path, S_IFDIR, device).is_root = 1;
}

void FakeFileSystem::remove(const std::string& path) {
    std::erase_if(nodes, [&](const auto& node) {
        return node.first == path || node.first.starts_with(path + "/");
    });
}

bailiff_inode& FakeFileSystem::make_node(const std::string& path, std::uint32_t type,
                                         std::uint32_t device) {
    bailiff_inode& inode = nodes[path].inode;
    inode = {next_inode_++, device, 1, type | 0755, 0};
    return inode;
}

bailiff_inode FakeFileSystem::add(const std::string& path, std::uint32_t type) {
    const auto known = nodes.find(path);
    if (known != nodes.end() && type == S_IFDIR) return known->second.inode;
    const bailiff_inode above = add(std::filesystem::path(path).parent_path().string(), S_IFDIR);
    return make_node(path, type, above.dev);
}

std::optional<std::string> FakeFileSystem::follow(const std::string& path, int depth) const {
    const std::filesystem::path whole = path;
    std::filesystem::path real = "/";
    for (auto part = std::next(whole.begin()); part != whole.end(); ++part) {
        if (part->empty()) continue;
        const auto node = nodes.find((real / *part).string());
        if (node == nodes.end() || depth > 8) return std::nullopt;
        real /= *part;
        if (node->second.link.empty()) continue;
        const auto target = follow(node->second.link, depth + 1);
        if (!target) return std::nullopt;
        real = *target;
    }
    return real.string();
}

} // namespace bailiff::tests
