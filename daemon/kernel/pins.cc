#include "kernel/pins.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>

#include "bailiff/abi.h"
#include "base/unique_fd.h"
#include "kernel/canary.h"

namespace bailiff::kernel {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> fail_look(const std::string& what, int error) {
    if (error == EACCES || error == EPERM)
        return fail(ErrorCode::kPermissionDenied,
                    what + ": " + std::generic_category().message(error) +
                        "; only root may read what is pinned, run bailiffctl with sudo");
    return fail_errno(what, error);
}

// One pinned array. The size of its rows tells versions apart before any row is read.
class PinnedArray {
public:
    static Result<PinnedArray> open(const std::string& path) {
        LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = BPF_F_RDONLY);
        PinnedArray array;
        array.path_ = path;
        array.fd_.reset(bpf_obj_get_opts(path.c_str(), &options));
        if (!array.fd_) return fail_look("open " + path, errno);
        __u32 size = sizeof(array.info_);
        if (bpf_obj_get_info_by_fd(array.fd_.get(), &array.info_, &size) != 0)
            return fail_look("describe " + path, errno);
        return array;
    }

    [[nodiscard]] bool has(std::size_t row_bytes, std::uint32_t rows) const {
        return info_.value_size == row_bytes && info_.max_entries >= rows;
    }
    [[nodiscard]] Status read(std::uint32_t index, void* row) const {
        if (bpf_map_lookup_elem(fd_.get(), &index, row) == 0) return {};
        return fail_look("read " + path_, errno);
    }

private:
    std::string path_;
    UniqueFd fd_;
    bpf_map_info info_{};
};

struct Arrays {
    PinnedArray config, attached, sessions, subjects, policies, counters;

    static Result<Arrays> open(const std::string& folder) {
        Arrays arrays;
        for (const auto& [name, array] :
             {std::pair{"config", &arrays.config}, std::pair{"attached", &arrays.attached},
              std::pair{"sessions", &arrays.sessions}, std::pair{"subjects", &arrays.subjects},
              std::pair{"policies", &arrays.policies}, std::pair{"counters", &arrays.counters}}) {
            Result<PinnedArray> opened = PinnedArray::open(folder + "/" + name);
            if (!opened) return tl::unexpected(opened.error());
            *array = std::move(*opened);
        }
        return arrays;
    }
    [[nodiscard]] bool ours() const {
        return config.has(sizeof(bailiff_config), 1) && attached.has(sizeof(bailiff_attached), 1) &&
               sessions.has(sizeof(bailiff_session), BAILIFF_MAX_SESSIONS) &&
               subjects.has(sizeof(bailiff_subject_slot), BAILIFF_MAX_SUBJECTS) &&
               policies.has(sizeof(bailiff_policy), BAILIFF_MAX_POLICIES) &&
               counters.has(sizeof(std::uint64_t), BAILIFF_COUNTERS);
    }
};

// The names of the links of every start that are still pinned, by their folder.
using Links = std::map<std::string, std::set<std::string>>;

Result<Links> list_links(const std::string& pin_root) {
    Links links;
    std::error_code error;
    for (fs::directory_iterator at(pin_root, error), end; !error && at != end;
         at.increment(error)) {
        const std::string folder = at->path().filename();
        if (!folder.starts_with("links_")) continue;
        std::error_code inner;
        for (fs::directory_iterator link(at->path(), inner); !inner && link != end;
             link.increment(inner))
            links[folder].insert(link->path().filename());
        if (inner) return fail_look("list " + at->path().string(), inner.value());
    }
    if (error.value() == ENOENT) return fail(ErrorCode::kNotFound, pin_root + " does not exist");
    if (error) return fail_look("list " + pin_root, error.value());
    return links;
}

std::size_t count(const Links& links) {
    std::size_t sum = 0;
    for (const auto& [folder, names] : links) sum += names.size();
    return sum;
}

// Of all links, which decide and which of these are gone.
Status read_attached(const Arrays& arrays, Links links, Pins& pins) {
    const auto row = std::make_unique<bailiff_attached>();
    if (Status read = arrays.attached.read(0, row.get()); !read) return read;
    if (row->generation == 0) return {};
    const std::set<std::string> pinned = links["links_" + std::to_string(row->generation)];
    pins.other_links = pins.links - pinned.size();
    pins.links = pinned.size();
    pins.attached = std::min<std::size_t>(row->count, BAILIFF_MAX_PROGRAMS);
    for (std::size_t i = 0; i < pins.attached; i++) {
        const std::string name(row->name[i], strnlen(row->name[i], BAILIFF_PROGRAM_NAME));
        if (!pinned.contains(name)) pins.missing.push_back(name);
    }
    return {};
}

Status read_config(const Arrays& arrays, Pins& pins) {
    bailiff_config config{};
    if (Status read = arrays.config.read(0, &config); !read) return read;
    pins.other_version = config.abi_version != 0 && config.abi_version != BAILIFF_ABI_VERSION;
    pins.loaded_at = config.loaded_at;
    pins.observe = (config.flags & BAILIFF_CONFIG_OBSERVE) != 0;
    return {};
}

Status read_sessions(const Arrays& arrays, Pins& pins) {
    struct Slot {
        std::size_t session;
        std::uint32_t epoch;
    };
    std::vector<std::optional<Slot>> slots(BAILIFF_MAX_SESSIONS);
    for (std::uint32_t slot = 1; slot < kCanarySession; slot++) {
        bailiff_session row{};
        if (Status read = arrays.sessions.read(slot, &row); !read) return read;
        if (row.state != BAILIFF_SESSION_ACTIVE) continue;
        slots[slot] = Slot{pins.sessions.size(), row.epoch};
        PinnedSession session;
        std::copy(std::begin(row.id), std::end(row.id), session.id.begin());
        session.expires_at = row.expires_at;
        pins.sessions.push_back(session);
    }
    for (std::uint32_t slot = 1; slot < kCanarySubject && !pins.sessions.empty(); slot++) {
        bailiff_subject_slot held{};
        if (Status read = arrays.subjects.read(slot, &held); !read) return read;
        const bailiff_subject& row = held.view[held.current & 1U];
        if (row.session >= BAILIFF_MAX_SESSIONS || !slots[row.session]) continue;
        if (slots[row.session]->epoch == row.session_epoch)
            pins.sessions[slots[row.session]->session].subjects++;
    }
    return {};
}

Status read_policy(const Arrays& arrays, Pins& pins) {
    for (std::uint32_t slot = 0; slot < kCanaryPolicy; slot++) {
        bailiff_policy row{};
        if (Status read = arrays.policies.read(slot, &row); !read) return read;
        const bool used =
            std::any_of(std::begin(row.layer), std::end(row.layer), [](const bailiff_mask& layer) {
                return std::any_of(std::begin(layer.word), std::end(layer.word),
                                   [](std::uint64_t word) { return word != 0; });
            });
        pins.policy = pins.policy || used;
    }
    return {};
}

Status read_counters(const Arrays& arrays, Pins& pins) {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus <= 0) return fail(ErrorCode::kInternal, "the number of CPUs cannot be read");
    std::vector<std::uint64_t> values(static_cast<std::size_t>(cpus));
    for (const auto& [index, sum] :
         {std::pair<std::uint32_t, std::uint64_t*>{BAILIFF_COUNTER_DENIED, &pins.denied},
          {BAILIFF_COUNTER_EVENTS_LOST, &pins.events_lost}}) {
        if (Status read = arrays.counters.read(index, values.data()); !read) return read;
        for (const std::uint64_t value : values) *sum += value;
    }
    return {};
}

} // namespace

Result<Pins> read_pins(const std::string& pin_root) {
    const Result<Links> links = list_links(pin_root);
    if (!links) return tl::unexpected(links.error());
    Pins pins;
    pins.links = count(*links);
    std::error_code error;
    pins.maps = fs::exists(pin_root + "/maps/config", error);
    if (!pins.maps && pins.links == 0)
        return fail(ErrorCode::kNotFound, "nothing is pinned below " + pin_root);
    if (!pins.maps) return pins;
    const Result<Arrays> arrays = Arrays::open(pin_root + "/maps");
    if (!arrays) return tl::unexpected(arrays.error());
    pins.other_version = !arrays->ours();
    if (pins.other_version) return pins;
    if (Status read = read_config(*arrays, pins); !read) return tl::unexpected(read.error());
    if (pins.other_version) return pins;
    if (Status read = read_attached(*arrays, *links, pins); !read)
        return tl::unexpected(read.error());
    for (const auto& step : {read_sessions, read_policy, read_counters})
        if (Status read = step(*arrays, pins); !read) return tl::unexpected(read.error());
    return pins;
}

} // namespace bailiff::kernel
