#include "bench/program_stats.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include "bench/measure.h"

namespace bailiff::bench {

int enable_program_stats() {
    const int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
    must(fd >= 0, "bpf_enable_stats");
    return fd;
}

std::map<std::string, ProgramCount> read_program_stats() {
    std::map<std::string, ProgramCount> counts;
    for (std::uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
        const int fd = bpf_prog_get_fd_by_id(id);
        must(fd >= 0, "open program " + std::to_string(id));
        bpf_prog_info info = {};
        std::uint32_t size = sizeof(info);
        must(bpf_obj_get_info_by_fd(fd, &info, &size) == 0, "bpf_prog_info");
        close(fd);
        counts[info.name].runs += info.run_cnt;
        counts[info.name].instructions += info.run_time_ns;
    }
    return counts;
}

} // namespace bailiff::bench
