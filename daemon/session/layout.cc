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

    // Every path from here on is one of that view.
    void look_from(const kernel::View& view) { view_ = view; }
    // The file systems that the host has mounted.
    void set_host(const std::vector<Mount>& mounts) {
        for (const Mount& mount : mounts) host_devices_.insert(mount.dev);
    }

    // Rules that hold wherever a name lies.
    void name_rules() {
        names(image_.names, BAILIFF_OBJECT_NAME);
        names(image_.suffixes, BAILIFF_OBJECT_SUFFIX);
    }

    Status static_rules() {
        for (const auto& [path, label] : image_.paths)
            if (Status placed = place(path, label, 0); !placed) return placed;
        return place_guards(0);
    }

    // Of the sessions that have this view.
    Status session_rules(const Bindings& bindings) {
        for (const auto& [session, binding] : bindings)
            if (binding.view == view_)
                if (Status done = session_rules(session, binding.variables); !done) return done;
        return {};
    }

    Status session_rules(std::uint16_t session, const policy::Variables& variables) {
        for (const auto& [path, label] : image_.templates) {
            const auto expanded = policy::expand(path, variables);
            if (!expanded) continue;
            if (Status placed = place(*expanded, label, session); !placed) return placed;
        }
        return place_guards(session);
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
            const Result<kernel::ResolvedPath> found = look(mount.point);
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
    [[nodiscard]] const Layout& layout() const { return layout_; }
    void give_up(Layout before, const std::string& why) {
        layout_ = std::move(before);
        layout_.notes.push_back("a container's files are all denied: " + why);
    }

private:
    using ByPath = std::map<std::string, Label>;

    [[nodiscard]] Result<kernel::ResolvedPath> look(const std::string& path) {
        return view_.is_host() ? port_.resolve(path) : port_.resolve_in(view_, path);
    }

    // What a container's names can say about an object.
    [[nodiscard]] Label bounded(const Label& label, std::uint16_t session,
                                std::uint32_t dev) const {
        return session == 0 && is_shared(dev) ? label.denials() : label;
    }
    [[nodiscard]] bool is_shared(std::uint32_t dev) const {
        return !view_.is_host() && host_devices_.contains(dev);
    }

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
        const Result<kernel::ResolvedPath> found = look(path);
        if (!found && found.error().code() == ErrorCode::kNotFound)
            return place_missing(path, label, session);
        if (!found) return tl::unexpected(found.error());
        const Label given =
            bounded(trusted(label, session, path, found->path), session, found->inode.dev);
        if (given.empty()) return {};
        if (given.lists_contents()) note_contents(path, given, *found);
        guard(path, found->path, given);
        put(kernel::inode_key(found->inode, slot_), given, session);
        seen_[view_][session][found->path].merge(given);
        return found->path == "/" ? Status() : place_entry(found->path, given, session);
    }

    // A label that lists contents denies below a folder: what is there has no content of its own
    // that could be listed.
    void note_contents(const std::string& path, const Label& label,
                       const kernel::ResolvedPath& found) {
        if (!view_.is_host()) {
            layout_.notes.push_back(path +
                                    " in a container has its content not looked at: what a "
                                    "rule with sha256 allows is denied there");
            return;
        }
        if (S_ISREG(found.inode.mode)) {
            layout_.to_hash.insert(found.path);
            return;
        }
        for (const policy::Saying& saying : label.sayings()) {
            if (saying.contents.empty()) continue;
            layout_.notes.push_back(image_.rules[saying.rule].at.text() + ": " + path +
                                    " is no regular file, for which a rule with sha256 is: what "
                                    "the rule allows is denied there");
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
        const Result<kernel::ResolvedPath> parent = look(path.parent_path());
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
        Result<kernel::ResolvedPath> above = look(missing.parent_path());
        while (!above && above.error().code() == ErrorCode::kNotFound &&
               missing != missing.parent_path()) {
            missing = missing.parent_path();
            above = look(missing.parent_path());
        }
        if (!above) return tl::unexpected(above.error());
        const Label given = bounded(trusted(label, session, missing.parent_path(), above->path),
                                    session, above->inode.dev);
        const Label kept = missing == path ? given : given.denials().always_asking();
        if (view_.is_host()) // no container has all that a policy for hosts names
            layout_.notes.push_back(
                path.string() + " does not exist" +
                (missing == path ? "" : "; its denials cover " + missing.string()));
        if (kept.empty()) return {};
        const fs::path real = fs::path(above->path) / missing.filename();
        guard(missing.string(), real.string(), kept);
        seen_[view_][session][real].merge(kept);
        return place_entry(real, kept, session);
    }

    // The folders above, as the path is written and as it is found, and the links on the way.
    void guard(const std::string& written, const std::string& real, const Label& label) {
        policy::add_guards(guards_, real, label);
        if (policy::leads_to_itself(written, real)) return;
        const std::string plain = fs::path(written).lexically_normal().string();
        policy::add_guards(guards_, plain, label);
        guards_[plain].merge(label.guard());
    }

    // Once all rules of the session, 0 for static ones, are placed.
    Status place_guards(std::uint16_t session) {
        const auto guards = std::exchange(guards_, {});
        for (const auto& [path, label] : guards)
            if (Status placed = place_guard(path, label, session); !placed) return placed;
        return {};
    }

    Status place_guard(const fs::path& path, const Label& label, std::uint16_t session) {
        if (label.empty()) return {};
        const Result<kernel::ResolvedPath> found = look(path);
        if (!found && found.error().code() == ErrorCode::kNotFound) return {};
        if (!found) return tl::unexpected(found.error());
        if (found->path == path) {
            bailiff_object_key key = kernel::inode_key(found->inode, slot_);
            layout_.objects[key].flags |= BAILIFF_OBJECT_HAS_SELF;
            key.kind = BAILIFF_OBJECT_SELF;
            put(key, label, session);
            return {};
        }
        const Result<kernel::ResolvedPath> above = look(path.parent_path());
        if (!above) return tl::unexpected(above.error());
        const fs::path real = fs::path(above->path) / path.filename();
        return real == found->path ? Status() : place_entry(real, label, session); // a link
    }

    void put(bailiff_object_key key, const Label& label, std::uint16_t session) {
        key.session = session;
        layout_.objects[key].label.merge(label);
    }

    void root(const bailiff_object_key& key, const std::set<std::string>& points,
              const Bindings& bindings) {
        Placed& placed = layout_.objects[key];
        placed.flags |= BAILIFF_OBJECT_ROOT;
        placed.label.merge(bounded(strictest(Label(), points, 0), 0, key.dev));
        note_difference(points);
        for (const auto& [session, binding] : bindings) {
            if (binding.view != view_) continue;
            bailiff_object_key session_key = key;
            session_key.session = session;
            const auto given = layout_.objects.find(session_key);
            const bool own = given != layout_.objects.end();
            Label label = strictest(own ? given->second.label : Label(), points, session);
            if (is_shared(key.dev)) label.merge(placed.label); // the host's names count too
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
        const auto seen = seen_.find(view_);
        if (seen == seen_.end()) return label;
        for (const std::uint16_t owner : {std::uint16_t{0}, session}) {
            const auto rules = seen->second.find(owner);
            if (rules == seen->second.end()) continue;
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
    kernel::View view_;
    std::map<std::string, Label> guards_; // by path, of the rules that are being placed
    std::set<std::uint32_t> host_devices_;
    // Rules by real path, of each view and session; session 0: static ones.
    std::map<kernel::View, std::map<std::uint16_t, ByPath>> seen_;
};

} // namespace

std::uint64_t hash_name(const bailiff_config& config, const std::string& name) {
    std::uint64_t words[BAILIFF_NAME_MAX / 8] = {};
    const std::size_t length = std::min<std::size_t>(name.size(), BAILIFF_NAME_MAX - 1);
    std::memcpy(words, name.data(), length);
    return bailiff_name_hash(words, static_cast<std::uint32_t>(length), config.name_key[0],
                             config.name_key[1]);
}

Sights sights_of(const std::vector<Mount>& host_mounts) {
    Sights sights{{}};
    for (const Mount& mount : host_mounts) {
        if (!is_container_root(mount.point)) {
            sights.host.push_back(mount);
            continue;
        }
        kernel::View view;
        view.root = mount.point;
        sights.containers.push_back({view, {{mount.dev, "/", "/"}}});
    }
    return sights;
}

Result<Layout> make_layout(kernel::KernelPort& port, const policy::Image& image,
                           std::uint8_t policy_slot, const Bindings& bindings,
                           const Sights& sights) {
    const Result<bailiff_config> config = port.get_config();
    if (!config) return tl::unexpected(config.error());
    Builder builder(port, image, policy_slot, *config);
    builder.set_host(sights.host);
    builder.name_rules();
    if (Status done = builder.static_rules(); !done) return tl::unexpected(done.error());
    if (Status done = builder.session_rules(bindings); !done) return tl::unexpected(done.error());
    std::vector<const Sight*> seen;
    for (const Sight& sight : sights.containers) {
        Layout before = builder.layout();
        builder.look_from(sight.view);
        Status done = builder.static_rules();
        if (done) done = builder.session_rules(bindings);
        if (done)
            seen.push_back(&sight);
        else
            builder.give_up(std::move(before), done.error().message());
    }
    builder.merge_static_into_sessions();
    builder.look_from({});
    if (Status done = builder.roots(sights.host, bindings); !done)
        return tl::unexpected(done.error());
    for (const Sight* sight : seen) {
        builder.look_from(sight->view);
        if (Status done = builder.roots(sight->mounts, bindings); !done)
            return tl::unexpected(done.error());
    }
    return builder.take();
}

} // namespace bailiff::session
