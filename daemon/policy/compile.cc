#include "policy/compile.h"

#include <algorithm>
#include <array>
#include <set>

#include "policy/class_rules.h"
#include "policy/limits.h"
#include "policy/self_protection.h"

namespace bailiff::policy {
namespace {

constexpr int kNoField = -1;

// The kernel's number of a right as the schema names it.
std::uint8_t right_of(int right) {
    return right_by_name(v1::Right_Name(static_cast<v1::Right>(right))).value_or(0);
}

std::vector<std::uint8_t> rights_of(const v1::FileRule& rule, bool exec) {
    std::vector<std::uint8_t> rights;
    for (const int right : rule.rights()) rights.push_back(right_of(right));
    if (!rights.empty()) return rights;
    if (exec) return {BAILIFF_RIGHT_EXEC, BAILIFF_RIGHT_LOAD};
    for (std::uint8_t right = BAILIFF_RIGHT_READ; right <= BAILIFF_RIGHT_CONNECT_UNIX; right++)
        rights.push_back(right);
    return rights;
}

// Which default speaks for a right: its field in Defaults. None speaks for commands: what no rule
// names is judged by its effects alone.
int default_field(std::uint8_t right) {
    if (right == BAILIFF_RIGHT_ARGV) return kNoField;
    if (right == BAILIFF_RIGHT_EXEC || right == BAILIFF_RIGHT_LOAD)
        return v1::Defaults::kExecFieldNumber;
    if (right <= BAILIFF_RIGHT_CONNECT_UNIX) return v1::Defaults::kFilesFieldNumber;
    return right < BAILIFF_RIGHTS ? v1::Defaults::kNetworkFieldNumber
                                  : v1::Defaults::kSystemFieldNumber;
}

v1::Verdict default_verdict(const v1::Defaults& given, int field) {
    switch (field) {
        case kNoField:
            return v1::allow;
        case v1::Defaults::kExecFieldNumber:
            return given.exec();
        case v1::Defaults::kFilesFieldNumber:
            return given.files();
        case v1::Defaults::kNetworkFieldNumber:
            return given.network();
        default:
            return given.system();
    }
}

std::string join(const google::protobuf::RepeatedPtrField<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// The first of them, and how many more.
std::string digests(const v1::FileRule& rule) {
    const int more = rule.sha256_size() - 1;
    return rule.sha256(0) + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

std::string describe(const Given<v1::FileRule>& given, bool exec) {
    const v1::FileRule& rule = *given.rule;
    std::string text = given.says + " ";
    std::string rights;
    for (const std::uint8_t right : rights_of(rule, exec))
        rights += (rights.empty() ? "" : ", ") + std::string(right_name(right));
    text += rule.rights_size() > 0 ? rights : exec ? "exec" : "files";
    if (rule.path_size() > 0) text += " path " + join(rule.path());
    if (rule.name_size() > 0) text += " name " + join(rule.name());
    if (rule.suffix_size() > 0) text += " suffix " + join(rule.suffix());
    if (rule.sha256_size() > 0) text += " sha256 " + digests(rule);
    return text;
}

// The rule's digests; the lint has seen that each is one.
Contents contents_of(const v1::FileRule& rule) {
    Contents contents;
    for (const std::string& digest : rule.sha256())
        contents.push_back(parse_sha256(digest).value_or(Sha256{}));
    std::sort(contents.begin(), contents.end());
    contents.erase(std::unique(contents.begin(), contents.end()), contents.end());
    return contents;
}

class Compiler {
public:
    explicit Compiler(const Document& document) : document_(document) {}

    Result<Image> run() {
        const v1::Policy& from = document_.policy;
        layer(BAILIFF_LAYER_HOST, from.host(), 1, from.host().profiles());
        for (const v1::User& user : from.users())
            layer(BAILIFF_LAYER_USER, user, 5, user.profiles());
        for (const v1::Agent& agent : from.agents()) {
            layer(BAILIFF_LAYER_AGENT, agent, 5, agent.profiles());
            layer(BAILIFF_LAYER_AGENT, agent, 6, agent.unbound());
        }
        for (const v1::Task& task : from.tasks())
            layer(BAILIFF_LAYER_TASK, task, 2, task.profiles());
        for (const v1::Scope& scope : from.scopes())
            layer(BAILIFF_LAYER_TOKEN, scope, 2, scope.profiles());
        if (used_.size() > kMaxProfiles)
            return fail(ErrorCode::kInvalidArgument,
                        over_.text() + ": " + std::to_string(used_.size()) +
                            " profiles are in use, counted once for each layer they are used in; "
                            "at most " +
                            std::to_string(kMaxProfiles) + " can be");
        for (std::size_t bit = 0; bit < image_.bits.size(); bit++)
            set_bit(image_.policy.layer[image_.bits[bit].layer], static_cast<std::uint16_t>(bit));
        compile_holds(document_, image_);
        compile_budgets(document_, image_);
        for (const v1::Profile& profile : document_.policy.profiles()) compile_profile(profile);
        if (Status done = compile_network(document_, image_); !done)
            return tl::unexpected(done.error());
        if (Status done = compile_argv(document_, image_); !done)
            return tl::unexpected(done.error());
        add_self_protection(document_, image_);
        if (!image_.names.empty()) image_.policy.flags |= BAILIFF_POLICY_HAS_NAMES;
        if (!image_.suffixes.empty()) image_.policy.flags |= BAILIFF_POLICY_HAS_SUFFIXES;
        Problems problems;
        check_limits(image_, problems);
        if (!problems.empty()) return tl::unexpected<Error>(problems.error());
        return std::move(image_);
    }

private:
    void layer(std::uint8_t layer, const google::protobuf::Message& where, int field,
               const google::protobuf::RepeatedPtrField<std::string>& profiles) {
        for (int i = 0; i < profiles.size(); i++) {
            if (!used_.emplace(layer, profiles[i]).second) continue;
            if (used_.size() == kMaxProfiles + 1) over_ = document_.at(where, field, i);
            if (used_.size() <= kMaxProfiles) image_.bits.push_back({layer, profiles[i]});
        }
    }

    void compile_profile(const v1::Profile& profile) {
        const std::vector<std::uint16_t> bits = bits_of(image_, profile.name());
        if (profile.mode() == v1::observe)
            for (const std::uint16_t bit : bits) set_bit(image_.policy.observe, bit);
        // Mode observe takes nothing from anybody, and no process its life.
        const bool observed =
            profile.mode() == v1::observe || document_.policy.mode() == v1::observe;
        if (profile.on_end() == v1::Profile::kill && !observed)
            for (const std::uint16_t bit : bits) set_bit(image_.kill, bit);
        defaults(profile, bits);
        for (const Given<v1::FileRule>& given :
             rules_of(document_, profile, &v1::Profile::exec, &v1::Class::exec))
            file_rule(profile, given, bits, true);
        for (const Given<v1::FileRule>& given :
             rules_of(document_, profile, &v1::Profile::files, &v1::Class::files))
            file_rule(profile, given, bits, false);
    }

    void defaults(const v1::Profile& profile, const std::vector<std::uint16_t>& bits) {
        if (bits.empty()) return; // no layer uses the profile
        const v1::Defaults& given = profile.default_();
        const std::vector<Given<v1::SystemRule>> rules =
            rules_of(document_, profile, &v1::Profile::system, &v1::Class::system);
        const auto granted = strictest(profile, rules);
        for (std::uint8_t right = 0; right < BAILIFF_ALL_RIGHTS; right++) {
            if (right_name(right) == std::string_view("none")) continue;
            const int field = default_field(right);
            Position at = document_.at(given, field);
            std::uint8_t says = verdict_of(profile, default_verdict(given, field));
            std::string text = std::string("default ") + verdict_name(says);
            if (const Given<v1::SystemRule>* rule = granted[right]; rule != nullptr) {
                at = rule->at;
                says = verdict_of(profile, rule->verdict);
                text = rule->says;
            }
            if (at.line == 0) at = document_.at(profile, 1);
            const std::uint32_t rule =
                add_rule(image_, at, profile.name(), text + " " + right_name(right));
            for (const std::uint16_t bit : bits) image_.defaults.add({right, says, bit, rule});
        }
    }

    // For each right over the system.
    static std::array<const Given<v1::SystemRule>*, BAILIFF_ALL_RIGHTS> strictest(
        const v1::Profile& profile, const std::vector<Given<v1::SystemRule>>& rules) {
        std::array<const Given<v1::SystemRule>*, BAILIFF_ALL_RIGHTS> found{};
        for (const Given<v1::SystemRule>& given : rules)
            for (const int right : given.rule->rights()) {
                const auto name = v1::SystemRight_Name(static_cast<v1::SystemRight>(right));
                const Given<v1::SystemRule>*& known = found[right_by_name(name).value_or(0)];
                if (known == nullptr ||
                    verdict_of(profile, given.verdict) > verdict_of(profile, known->verdict))
                    known = &given;
            }
        return found;
    }

    void file_rule(const v1::Profile& profile, const Given<v1::FileRule>& given,
                   const std::vector<std::uint16_t>& bits, bool exec) {
        const v1::FileRule& rule = *given.rule;
        const std::uint32_t source =
            add_rule(image_, given.at, profile.name(), describe(given, exec));
        if (bits.empty()) return; // no layer uses the profile
        Label label;
        const Contents contents = contents_of(rule);
        const Unasked unasked = unasked_of(image_, profile, given);
        for (const std::uint8_t right : rights_of(rule, exec))
            for (const std::uint16_t bit : bits)
                label.add(
                    {right, verdict_of(profile, given.verdict), bit, source, contents, unasked});
        if (!contents.empty()) image_.policy.flags |= BAILIFF_POLICY_HAS_CONTENTS;
        for (const std::string& path : rule.path()) {
            std::string clean = path;
            while (clean.size() > 1 && clean.ends_with('/')) clean.pop_back();
            (clean.starts_with("$") ? image_.templates : image_.paths)[clean].merge(label);
        }
        for (const std::string& name : rule.name()) image_.names[name].merge(label);
        for (const std::string& suffix : rule.suffix()) image_.suffixes[suffix].merge(label);
    }

    const Document& document_;
    Image image_;
    std::set<std::pair<std::uint8_t, std::string>> used_;
    Position over_; // the first use that is one too many
};

} // namespace

std::uint8_t verdict_of(const v1::Profile& profile, v1::Verdict verdict) {
    switch (verdict) {
        case v1::allow:
            return BAILIFF_VERDICT_ALLOW;
        case v1::audit:
            return BAILIFF_VERDICT_AUDIT;
        case v1::preserve:
            return profile.mode() == v1::observe ? BAILIFF_VERDICT_AUDIT : BAILIFF_VERDICT_PRESERVE;
        case v1::hold:
            return profile.mode() == v1::observe ? BAILIFF_VERDICT_AUDIT : BAILIFF_VERDICT_HOLD;
        default:
            return BAILIFF_VERDICT_DENY;
    }
}

std::uint32_t add_rule(Image& image, Position at, const std::string& profile, std::string text) {
    image.rules.push_back({std::move(at), profile, std::move(text)});
    return static_cast<std::uint32_t>(image.rules.size() - 1);
}

std::vector<std::uint16_t> bits_of(const Image& image, const std::string& profile) {
    std::vector<std::uint16_t> bits;
    for (std::size_t bit = 0; bit < image.bits.size(); bit++)
        if (image.bits[bit].profile == profile) bits.push_back(static_cast<std::uint16_t>(bit));
    return bits;
}

Result<Image> compile(const Document& document) {
    return Compiler(document).run();
}

} // namespace bailiff::policy
