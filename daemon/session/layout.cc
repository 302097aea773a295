#include "session/layout.h"

#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "kernel/objects.h"

namespace bailiff::session {
namespace {

namespace fs = std::filesystem;
using policy::Label;

class Builder {
public:
    Builder(kernel::KernelPort& port, const policy::Image& image, std::uint8_t slot,
            const bailiff_config& config)
        : port_(port), image_(image), slot_(slot), config_(config) {}

    Status static_rules() {
        names(image_.names, BAILIFF_OBJECT_NAME);
        names(image_.suffixes, BAILIFF_OBJECT_SUFFIX);
        for (const auto& [path, label] : image_.paths)
            if (Status placed = place(path, label, 0); !placed) return placed;
        return {};
    }

    Status session_rules(std::uint16_t session, const policy::Variables& variables) {
        for (const auto& [path, label] : image_.templates) {
            const auto expanded = policy::expand(path, variables);
            if (!expanded) continue;
            if (Status placed = place(*expanded, label, session); !placed) return placed;
        }
        return {};
    }

    // What static rules say about an object counts for a session's own label of it as well.
    void merge_static_into_sessions() {
        for (auto& [key, placed] : layout_.objects) {
            if (key.session == 0) continue;
            bailiff_object_key common = key;
            common.session = 0;
            Placed& base = layout_.objects[common];
            placed.label.merge(base.label);
            base.flags |= BAILIFF_OBJECT_PER_SESSION;
        }
    }

    // The root of each mounted file system says what its mount points inherit.
    Status roots(const std::vector<Mount>& mounts, const Bindings& bindings) {
        std::map<bailiff_object_key, std::set<std::string>, KeyLess> points;
        for (const Mount& mount : mounts) {
            const Result<kernel::ResolvedPath> found = port_.resolve(mount.point);
            if (!found) {
                layout_.notes.push_back("mount " + mount.point + ": " + found.error().message());
                continue;
            }
            if (found->inode.is_root == 0) continue; // a part of a file system bound elsewhere
            points[kernel::inode_key(found->inode, slot_)].insert(found->path);
        }
        for (const auto& [key, paths] : points) root(key, paths, bindings);
        return {};
    }

    Layout take() { return std::move(layout_); }

private:
    using ByPath = std::map<std::string, Label>;

    void names(const std::map<std::string, Label>& rules, std::uint8_t kind) {
        for (const auto& [name, label] : rules) {
            bailiff_object_key key = {};
            key.kind = kind;
            key.policy = slot_;
            key.name = hash_name(config_, name);
            layout_.objects[key].label.merge(label);
        }
    }

    Status place(const std::string& path, const Label& label, std::uint16_t session) {
        const Result<kernel::ResolvedPath> found = port_.resolve(path);
        if (!found && found.error().code() == ErrorCode::kNotFound)
            return place_missing(path, label, session);
        if (!found) return tl::unexpected(found.error());
        const Label given = trusted(label, session, path, found->path);
        if (given.empty()) return {};
        if (given.lists_contents()) note_contents(path, given, *found);
        put(kernel::inode_key(found->inode, slot_), given, session);
        by_path_[session][found->path].merge(given);
        return found->path == "/" ? Status() : place_entry(found->path, given, session);
    }

    // A label that lists contents denies below a folder: what is there has no content of its own
    // that could be listed.
    void note_contents(const std::string& path, const Label& label,
                       const kernel::ResolvedPath& found) {
        if (S_ISREG(found.inode.mode)) {
            layout_.to_hash.insert(found.path);
            return;
        }
        for (const policy::Saying& saying : label.sayings()) {
            if (saying.contents.empty()) continue;
            layout_.not_files.push_back(image_.rules[saying.rule].at.text() + ": " + path +
                                        " is no regular file, and a rule with sha256 is for such "
                                        "files: name each of them");
            return;
        }
    }

    // A session's own paths lie where its agent can make symbolic links: what it is allowed does
    // not follow them. What it is denied does.
    Label trusted(const Label& label, std::uint16_t session, const fs::path& path,
                  const std::string& real) {
        if (session == 0 || policy::leads_to_itself(path.string(), real)) return label;
        layout_.notes.push_back(path.string() + " leads to " + real +
                                " by a symbolic link: nothing is allowed there");
        return label.denials();
    }

    // The name keeps its rule when the file is deleted and made again.
    Status place_entry(const fs::path& path, const Label& label, std::uint16_t session) {
        const Result<kernel::ResolvedPath> parent = port_.resolve(path.parent_path());
        if (!parent) return tl::unexpected(parent.error());
        bailiff_object_key key = kernel::inode_key(parent->inode, slot_);
        layout_.objects[key].flags |= BAILIFF_OBJECT_HAS_ENTRIES;
        if (session != 0) {
            bailiff_object_key own = key;
            own.session = session;
            if (const auto at = layout_.objects.find(own); at != layout_.objects.end())
                at->second.flags |= BAILIFF_OBJECT_HAS_ENTRIES;
        }
        key.kind = BAILIFF_OBJECT_ENTRY;
        key.name = hash_name(config_, path.filename());
        put(key, label, session);
        return {};
    }

    // A path that is not there: its name in the folder that is. Where more than the last part is
    // missing the first missing one takes the denials, so that nobody can make the rest unwatched.
    Status place_missing(const fs::path& path, const Label& label, std::uint16_t session) {
        fs::path missing = path;
        Result<kernel::ResolvedPath> above = port_.resolve(missing.parent_path());
        while (!above && above.error().code() == ErrorCode::kNotFound &&
               missing != missing.parent_path()) {
            missing = missing.parent_path();
            above = port_.resolve(missing.parent_path());
        }
        if (!above) return tl::unexpected(above.error());
        const Label given = trusted(label, session, missing.parent_path(), above->path);
        const Label kept = missing == path ? given : given.denials();
        layout_.notes.push_back(path.string() + " does not exist" +
                                (missing == path ? "" : "; its denials cover " + missing.string()));
        if (kept.empty()) return {};
        const fs::path real = fs::path(above->path) / missing.filename();
        by_path_[session][real].merge(kept);
        return place_entry(real, kept, session);
    }

    void put(bailiff_object_key key, const Label& label, std::uint16_t session) {
        key.session = session;
        layout_.objects[key].label.merge(label);
    }

    void root(const bailiff_object_key& key, const std::set<std::string>& points,
              const Bindings& bindings) {
        Placed& placed = layout_.objects[key];
        placed.flags |= BAILIFF_OBJECT_ROOT;
        placed.label = strictest(placed.label, points, 0);
        note_difference(points);
        for (const auto& [session, variables] : bindings) {
            bailiff_object_key session_key = key;
            session_key.session = session;
            const auto given = layout_.objects.find(session_key);
            const bool own = given != layout_.objects.end();
            Label label = strictest(own ? given->second.label : Label(), points, session);
            if (!own && label == placed.label) continue;
            layout_.objects[session_key].label = std::move(label);
            placed.flags |= BAILIFF_OBJECT_PER_SESSION;
        }
    }

    // A hook does not see by which of its mount points a file system was reached, so that the
    // strictest of what is said at each counts. `label` is said about the root itself.
    Label strictest(Label label, const std::set<std::string>& points, std::uint16_t session) const {
        for (const std::string& point : points) label.merge(inherited(Label(), point, session));
        return label;
    }

    void note_difference(const std::set<std::string>& points) {
        const std::string& first = *points.begin();
        for (const std::string& point : points) {
            if (inherited(Label(), point, 0) == inherited(Label(), first, 0)) continue;
            layout_.notes.push_back(first + " and " + point +
                                    " are one file system: of what is said about them the "
                                    "strictest counts at both");
            return;
        }
    }

    // What the ancestors of a mount point say, nearest first; session 0 hears static rules alone.
    Label inherited(Label label, const fs::path& point, std::uint16_t session) const {
        for (fs::path at = point;; at = at.parent_path()) {
            label.inherit(said_at(at, session));
            if (at == at.parent_path()) return label;
        }
    }

    Label said_at(const fs::path& path, std::uint16_t session) const {
        Label label;
        for (const std::uint16_t owner : {std::uint16_t{0}, session}) {
            const auto rules = by_path_.find(owner);
            if (rules == by_path_.end()) continue;
            const auto said = rules->second.find(path.string());
            if (said != rules->second.end()) label.merge(said->second);
        }
        return label;
    }

    kernel::KernelPort& port_;
    const policy::Image& image_;
    std::uint8_t slot_;
    const bailiff_config& config_;
    Layout layout_;
    std::map<std::uint16_t, ByPath> by_path_; // rules by real path; session 0: static ones
};

} // namespace

std::uint64_t hash_name(const bailiff_config& config, const std::string& name) {
    std::uint64_t words[BAILIFF_NAME_MAX / 8] = {};
    const std::size_t length = std::min<std::size_t>(name.size(), BAILIFF_NAME_MAX - 1);
    std::memcpy(words, name.data(), length);
    return bailiff_name_hash(words, static_cast<std::uint32_t>(length), config.name_key[0],
                             config.name_key[1]);
}

Result<Layout> make_layout(kernel::KernelPort& port, const policy::Image& image,
                           std::uint8_t policy_slot, const Bindings& bindings,
                           const std::vector<Mount>& mounts) {
    const Result<bailiff_config> config = port.get_config();
    if (!config) return tl::unexpected(config.error());
    Builder builder(port, image, policy_slot, *config);
    if (Status done = builder.static_rules(); !done) return tl::unexpected(done.error());
    for (const auto& [session, variables] : bindings)
        if (Status done = builder.session_rules(session, variables); !done)
            return tl::unexpected(done.error());
    builder.merge_static_into_sessions();
    if (Status done = builder.roots(mounts, bindings); !done) return tl::unexpected(done.error());
    return builder.take();
}

} // namespace bailiff::session
