#include "bench/map_memory.h"

#include <bpf/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "bench/measure.h"

namespace bailiff::bench {
namespace {

const std::string kCgroups = "/sys/fs/cgroup";
const std::string kOwnCgroup = kCgroups + "/bailiff_bench";

void write_text(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text << std::flush;
    must(file.good(), "write " + path);
}

void enter_cgroup() {
    write_text(kCgroups + "/cgroup.subtree_control", "+memory");
    must(mkdir(kOwnCgroup.c_str(), 0755) == 0 || errno == EEXIST, kOwnCgroup);
    write_text(kOwnCgroup + "/cgroup.procs", std::to_string(getpid()));
}

void leave_cgroup() {
    write_text(kCgroups + "/cgroup.procs", std::to_string(getpid()));
}

// Kernel memory charged to the cgroup. The kernel brings the figure up to date every two seconds.
std::uint64_t charged() {
    sleep(5);
    std::ifstream file(kOwnCgroup + "/memory.stat");
    std::string name;
    std::uint64_t value = 0;
    while (file >> name >> value)
        if (name == "kernel") return value;
    die(kOwnCgroup + "/memory.stat has no line \"kernel\"");
}

std::uint64_t memlock(int fd) {
    std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd));
    std::string name;
    std::string value;
    while (file >> name && std::getline(file, value))
        if (name == "memlock:") return std::stoull(value);
    return 0;
}

bool is_keyed(std::uint32_t type) {
    return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LPM_TRIE;
}

// An equal map with equal entries; an array has them all from the start.
int make_again(int original, const bpf_map_info& info) {
    bpf_map_create_opts options = {};
    options.sz = sizeof(options);
    options.map_flags = info.map_flags;
    const int copy = bpf_map_create(static_cast<bpf_map_type>(info.type), "again", info.key_size,
                                    info.value_size, info.max_entries, &options);
    must(copy >= 0, std::string("make again map ") + info.name);
    if (!is_keyed(info.type)) return copy;
    std::vector<char> key(info.key_size);
    std::vector<char> next(info.key_size);
    std::vector<char> value(info.value_size);
    const void* from = nullptr;
    while (bpf_map_get_next_key(original, from, next.data()) == 0) {
        key = next;
        from = key.data();
        must(bpf_map_lookup_elem(original, key.data(), value.data()) == 0 &&
                 bpf_map_update_elem(copy, key.data(), value.data(), BPF_ANY) == 0,
             std::string("copy map ") + info.name);
    }
    return copy;
}

bool can_be_made_again(std::uint32_t type) {
    switch (type) {
        case BPF_MAP_TYPE_ARRAY:
        case BPF_MAP_TYPE_PERCPU_ARRAY:
        case BPF_MAP_TYPE_RINGBUF:
            return true;
        default:
            return is_keyed(type);
    }
}

} // namespace

std::vector<MapMemory> map_memory() {
    std::vector<int> originals;
    for (std::uint32_t id = 0; bpf_map_get_next_id(id, &id) == 0;) {
        originals.push_back(bpf_map_get_fd_by_id(id));
        must(originals.back() >= 0, "open map " + std::to_string(id));
    }
    std::vector<MapMemory> maps;
    std::vector<int> copies; // closed at the end: what is freed late would be missing elsewhere
    enter_cgroup();
    std::uint64_t before = charged();
    for (const int original : originals) {
        bpf_map_info info = {};
        std::uint32_t size = sizeof(info);
        must(bpf_obj_get_info_by_fd(original, &info, &size) == 0, "bpf_map_info");
        MapMemory map{.name = info.name, .memlock = memlock(original)};
        map.declared = std::uint64_t{info.max_entries} *
                       (info.type == BPF_MAP_TYPE_RINGBUF ? 1 : info.key_size + info.value_size);
        if (can_be_made_again(info.type)) {
            copies.push_back(make_again(original, info));
            const std::uint64_t after = charged();
            map.measured = after > before ? after - before : 0; // what is freed late is more
            before = after;
        }
        maps.push_back(std::move(map));
    }
    leave_cgroup();
    for (const int fd : originals) close(fd);
    for (const int fd : copies) close(fd);
    return maps;
}

} // namespace bailiff::bench
