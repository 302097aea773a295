// A small file system in memory: folders, files, symbolic links and mounts. Owned by
// FakeKernelPort, which looks its paths up in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bailiff/abi.h"

namespace bailiff::tests {

class FakeFileSystem {
public:
    struct Node {
        bailiff_inode inode{};
        std::string link; // where a symbolic link leads
    };
    static constexpr std::uint32_t kRootDevice = 1;

    FakeFileSystem();
    FakeFileSystem(const FakeFileSystem&) = delete;
    FakeFileSystem& operator=(const FakeFileSystem&) = delete;
    ~FakeFileSystem();

    // Folders above are made where they are missing.
    bailiff_inode add_folder(const std::string& path);
    bailiff_inode add_file(const std::string& path);
    void add_link(const std::string& path, const std::string& target);
    void add_mount(const std::string& path, std::uint32_t device);
    void remove(const std::string& path);

    // The same path with no symbolic link in it; nothing where it leads nowhere.
    [[nodiscard]] std::optional<std::string> follow(const std::string& path) const {
        return follow(path, 0);
    }

    std::map<std::string, Node> nodes; // by path, with no link on the way

private:
    bailiff_inode& make_node(const std::string& path, std::uint32_t type, std::uint32_t device);
    bailiff_inode add(const std::string& path, std::uint32_t type);
    [[nodiscard]] std::optional<std::string> follow(const std::string& path, int depth) const;

    std::uint64_t next_inode_ = 100;
};

} // namespace bailiff::tests
