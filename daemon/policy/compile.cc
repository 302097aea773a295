#include "policy/compile.h"

#include <algorithm>
#include <set>

#include "policy/limits.h"

namespace bailiff::policy {
namespace {

constexpr std::uint8_t kFirstFileRight = BAILIFF_RIGHT_READ;
constexpr std::uint8_t kLastFileRight = BAILIFF_RIGHT_METADATA;

std::uint8_t verdict_of(v1::Verdict verdict) {
    if (verdict == v1::allow) return BAILIFF_VERDICT_ALLOW;
    return verdict == v1::audit ? BAILIFF_VERDICT_AUDIT : BAILIFF_VERDICT_DENY;
}

std::vector<std::uint8_t> rights_of(const v1::FileRule& rule, bool exec) {
    if (exec) return {BAILIFF_RIGHT_EXEC};
    std::vector<std::uint8_t> rights;
    for (const int right : rule.rights())
        rights.push_back(static_cast<std::uint8_t>(BAILIFF_RIGHT_READ + right - v1::read));
    if (rights.empty())
        for (std::uint8_t right = kFirstFileRight; right <= kLastFileRight; right++)
            rights.push_back(right);
    return rights;
}

std::string join(const google::protobuf::RepeatedPtrField<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string describe(const v1::FileRule& rule, bool exec) {
    std::string text = std::string(verdict_name(verdict_of(rule.verdict()))) + " ";
    std::string rights;
    for (const std::uint8_t right : rights_of(rule, exec))
        rights += (rights.empty() ? "" : ", ") + std::string(right_name(right));
    text += rule.rights_size() == 0 && !exec ? "files" : rights;
    if (rule.path_size() > 0) text += " path " + join(rule.path());
    if (rule.name_size() > 0) text += " name " + join(rule.name());
    if (rule.suffix_size() > 0) text += " suffix " + join(rule.suffix());
    return text;
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
        if (used_.size() > BAILIFF_MAX_PROFILES)
            return fail(ErrorCode::kInvalidArgument,
                        over_.text() + ": " + std::to_string(used_.size()) +
                            " profiles are in use, counted once for each layer they are used in; "
                            "at most " +
                            std::to_string(BAILIFF_MAX_PROFILES) + " can be");
        for (std::size_t bit = 0; bit < image_.bits.size(); bit++)
            set_bit(image_.policy.layer[image_.bits[bit].layer], static_cast<std::uint16_t>(bit));
        for (const v1::Profile& profile : document_.policy.profiles()) compile_profile(profile);
        if (Status done = compile_network(document_, image_); !done)
            return tl::unexpected(done.error());
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
            if (used_.size() == BAILIFF_MAX_PROFILES + 1) over_ = document_.at(where, field, i);
            if (used_.size() <= BAILIFF_MAX_PROFILES) image_.bits.push_back({layer, profiles[i]});
        }
    }

    void compile_profile(const v1::Profile& profile) {
        const std::vector<std::uint16_t> bits = bits_of(image_, profile.name());
        if (profile.mode() == v1::observe)
            for (const std::uint16_t bit : bits) set_bit(image_.policy.observe, bit);
        defaults(profile, bits);
        for (const v1::FileRule& rule : profile.exec()) file_rule(profile, rule, bits, true);
        for (const v1::FileRule& rule : profile.files()) file_rule(profile, rule, bits, false);
    }

    void defaults(const v1::Profile& profile, const std::vector<std::uint16_t>& bits) {
        if (bits.empty()) return; // no layer uses the profile
        const v1::Defaults& given = profile.default_();
        for (std::uint8_t right = 0; right < BAILIFF_RIGHTS; right++) {
            int field = 2;
            v1::Verdict verdict = given.files();
            if (right == BAILIFF_RIGHT_EXEC) {
                field = 1;
                verdict = given.exec();
            } else if (right > kLastFileRight) {
                field = 3;
                verdict = given.network();
            }
            Position at = document_.at(given, field);
            if (at.line == 0) at = document_.at(profile, 1);
            const std::uint8_t says = verdict_of(verdict);
            const std::uint32_t rule =
                add_rule(image_, at, profile.name(),
                         std::string("default ") + verdict_name(says) + " " + right_name(right));
            for (const std::uint16_t bit : bits) image_.defaults.add({right, says, bit, rule});
        }
    }

    void file_rule(const v1::Profile& profile, const v1::FileRule& rule,
                   const std::vector<std::uint16_t>& bits, bool exec) {
        const std::uint32_t source =
            add_rule(image_, document_.at(rule, 1, -1), profile.name(), describe(rule, exec));
        Label label;
        for (const std::uint8_t right : rights_of(rule, exec))
            for (const std::uint16_t bit : bits)
                label.add({right, verdict_of(rule.verdict()), bit, source});
        if (label.empty()) return; // no layer uses the profile
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
