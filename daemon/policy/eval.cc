#include "policy/eval.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/sha256.h"
#include "base/unique_fd.h"
#include "policy/argv.h"

namespace bailiff::policy {
namespace {

namespace fs = std::filesystem;

std::string canonical(const std::string& path) {
    std::error_code error;
    const fs::path resolved = fs::weakly_canonical(path, error);
    return error ? path : resolved.string();
}

std::string suffix_of(const std::string& name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos || dot == 0 || name.size() - dot > 15) return "";
    return name.substr(dot);
}

// Runs one settling; labels are numbered as they are met.
class Settling {
public:
    Settling(const Policy& policy, const bailiff_mask& profiles, const Question& question)
        : policy_(policy), profiles_(profiles), right_(question.right), path_(question.path) {
        bailiff_settle_begin(&state_, &profiles_, &policy_.image.policy);
    }

    // True when nothing is left to decide.
    bool apply(const Label* label) {
        if (label == nullptr || label->empty() || settled_) return settled_;
        met_.push_back(label);
        const auto number = static_cast<bailiff_u32>(met_.size());
        const bailiff_mask unmet = unmet_by_content(*label);
        settled_ = bailiff_mask_any(&unmet) != 0 &&
                   bailiff_settle_denies(&state_, &unmet, number, content().reason) != 0;
        if (settled_) return true;
        const auto rows = label->rows();
        settled_ = bailiff_settle_label(&state_, &rows[right_], number) != 0;
        return settled_;
    }

    Answer finish() {
        Answer answer;
        const auto defaults = policy_.image.defaults.rows();
        bailiff_settle_end(&state_, &profiles_, &policy_.image.policy, &defaults[right_],
                           &answer.decision);
        name_rule_of_allow(defaults[right_], answer.decision);
        const std::size_t label = answer.decision.label;
        answer.rule = explain(policy_.image, label == 0 ? nearest_allow(answer) : met_[label - 1],
                              answer.decision, right_);
        return answer;
    }

private:
    // What the file holds now, as bailiff-kernel would find.
    struct Content {
        std::optional<Sha256> digest;
        std::uint8_t reason = BAILIFF_REASON_NOT_HASHED; // to deny with
    };
    const Content& content() {
        if (content_) return *content_;
        content_.emplace();
        const UniqueFd file(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        struct stat info {};
        if (!file || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return *content_;
        const Result<Sha256> found = sha256_of(file.get());
        if (found) content_ = Content{*found, BAILIFF_REASON_CONTENT};
        return *content_;
    }

    // The undecided profiles whose rule here lists contents, and not that of the file.
    bailiff_mask unmet_by_content(const Label& label) {
        bailiff_mask unmet{};
        for (const Saying& saying : label.sayings()) {
            if (saying.right != right_ || saying.contents.empty() ||
                !has_bit(state_.undecided, saying.bit))
                continue;
            const std::optional<Sha256>& digest = content().digest;
            if (!digest ||
                !std::binary_search(saying.contents.begin(), saying.contents.end(), *digest))
                set_bit(unmet, saying.bit);
        }
        return unmet;
    }

    // Every layer allows, and the kernel names the first: for people the most specific layer that
    // has a rule for it says more than a default.
    void name_rule_of_allow(const bailiff_row& defaults, bailiff_decision& decision) const {
        if (decision.verdict != BAILIFF_VERDICT_ALLOW) return;
        for (int layer = BAILIFF_LAYERS - 1; layer >= 0; layer--) {
            const bailiff_mask applies =
                bailiff_mask_and(&policy_.image.policy.layer[layer], &profiles_);
            if (!bailiff_mask_any(&applies)) continue;
            const bailiff_u32 here = bailiff_settle_layer(&state_, &applies, &defaults);
            if (static_cast<std::uint8_t>(here >> 8) != BAILIFF_REASON_RULE) continue;
            decision.layer = static_cast<bailiff_u8>(layer);
            decision.reason = BAILIFF_REASON_RULE;
            decision.profile = static_cast<bailiff_u16>(here >> 24);
            return;
        }
        name_default_of_allow(defaults, decision);
    }

    // The first of what the policy itself gives.
    void name_default_of_allow(const bailiff_row& defaults, bailiff_decision& decision) const {
        const bailiff_mask given = policy_.image.given(profiles_);
        for (std::uint8_t layer = 0; layer < BAILIFF_LAYERS; layer++) {
            const bailiff_mask applies =
                bailiff_mask_and(&policy_.image.policy.layer[layer], &given);
            if (!bailiff_mask_any(&applies)) continue;
            decision.layer = layer;
            decision.profile =
                static_cast<bailiff_u16>(bailiff_settle_layer(&state_, &applies, &defaults) >> 24);
            return;
        }
    }

    // The kernel does not keep the label of a plain allow: find the nearest that says it.
    const Label* nearest_allow(const Answer& answer) const {
        if (answer.decision.reason != BAILIFF_REASON_RULE) return nullptr;
        for (const Label* label : met_)
            if (label->find(right_, answer.decision.profile) != nullptr) return label;
        return nullptr;
    }

    const Policy& policy_;
    const bailiff_mask profiles_;
    const std::uint8_t right_;
    const std::string path_;
    std::optional<Content> content_;
    bailiff_settle state_{};
    bool settled_ = false;
    std::vector<const Label*> met_;
};

const Label* find(const std::map<std::string, Label>& labels, const std::string& key) {
    const auto found = labels.find(key);
    return found == labels.end() ? nullptr : &found->second;
}

// `labels` are of path_labels(), `guards` are theirs; the settling keeps pointers into both.
void walk(Settling& settling, const Image& image, const std::map<std::string, Label>& labels,
          const std::map<std::string, Label>& guards, const std::string& path) {
    fs::path at = canonical(path);
    const std::string name = at.filename().string();
    if (settling.apply(find(image.names, name))) return;
    if (settling.apply(find(image.suffixes, suffix_of(name)))) return;
    if (settling.apply(find(guards, at.string()))) return;
    while (true) {
        if (settling.apply(find(labels, at.string())) || at == at.parent_path()) return;
        at = at.parent_path();
    }
}

// As the kernel sees it: a symbolic link is not what is executed. Of a file that is not there only
// its name says whether it is a carrier.
Command command_of(const Question& question) {
    const std::string real = canonical(question.path);
    struct stat info {};
    std::optional<uid_t> owner;
    if (stat(real.c_str(), &info) == 0) owner = info.st_uid;
    const std::string name = fs::path(real).filename().string();
    return {name, carrier_of(name, owner), question.argv};
}

std::string describe(const Answer& answer, const Image& image) {
    const bailiff_decision& decision = answer.decision;
    if (decision.reason == BAILIFF_REASON_NO_PROFILE)
        return "deny: no profile applies, so nothing is granted";
    std::string text = verdict_name(decision.verdict);
    if ((decision.flags & BAILIFF_EVENT_WOULD_DENY) != 0) text = "audit (would deny, mode observe)";
    text += ": " + answer.rule.at.text() + " " + answer.rule.text;
    if (decision.profile < image.bits.size())
        text += ", profile " + image.bits[decision.profile].profile + ", layer " +
                layer_name(decision.layer);
    if (decision.reason == BAILIFF_REASON_CONTENT) text += "; the file's content is not listed";
    if (decision.reason == BAILIFF_REASON_NOT_HASHED) text += "; the file cannot be read";
    return text;
}

} // namespace

std::optional<std::string> expand(const std::string& path, const Variables& variables) {
    for (const auto& [name, value] : {std::pair{std::string("${workspace}"), variables.workspace},
                                      std::pair{std::string("${home}"), variables.home}}) {
        if (!path.starts_with(name)) continue;
        if (value.empty()) return std::nullopt;
        return value + path.substr(name.size());
    }
    return path;
}

std::map<std::string, Label> path_labels(const Image& image, const Variables& variables) {
    std::map<std::string, Label> labels;
    for (const auto& [path, label] : image.paths) labels[canonical(path)].merge(label);
    for (const auto& [path, label] : image.templates) {
        const auto expanded = expand(path, variables);
        if (!expanded) continue;
        const std::string real = canonical(*expanded);
        labels[real].merge(leads_to_itself(*expanded, real) ? label : label.denials());
    }
    return labels;
}

bool leads_to_itself(const std::string& path, const std::string& real) {
    return fs::path(path).lexically_normal() == real;
}

const Label* network_label(const Image& image, const Prefix& address, std::uint8_t protocol,
                           std::uint16_t port) {
    const AddressClass* longest = nullptr;
    for (const AddressClass& entry : image.addresses)
        if (entry.prefix.covers(address) &&
            (longest == nullptr || entry.prefix.length > longest->prefix.length))
            longest = &entry;
    if (longest == nullptr) return nullptr;
    for (const auto& [want_protocol, want_port] :
         {std::pair<int, int>{protocol, port}, {protocol, 0}, {0, 0}})
        for (const PortLabel& entry : image.ports)
            if (entry.address_class == longest->number && entry.protocol == want_protocol &&
                entry.port == want_port)
                return &entry.label;
    return nullptr;
}

RuleSource explain(const Image& image, const Label* label, const bailiff_decision& decision,
                   std::uint8_t right) {
    const Label* said = decision.reason == BAILIFF_REASON_DEFAULT ? &image.defaults : label;
    const Saying* saying = said == nullptr ? nullptr : said->find(right, decision.profile);
    return saying == nullptr ? RuleSource{} : image.rules[saying->rule];
}

Answer evaluate(const Policy& policy, const bailiff_mask& profiles, const Variables& variables,
                const Question& question) {
    const std::map<std::string, Label> labels = path_labels(policy.image, variables);
    std::map<std::string, Label> guards;
    if (question.right == BAILIFF_RIGHT_DELETE || question.right == BAILIFF_RIGHT_RENAME)
        for (const auto& [path, label] : labels) add_guards(guards, path, label);
    Settling settling(policy, profiles, question);
    if (question.right == BAILIFF_RIGHT_ARGV)
        for (const Pattern* pattern : matching(policy.image.commands, command_of(question)))
            settling.apply(&pattern->label);
    else if (question.right < BAILIFF_RIGHT_CONNECT)
        walk(settling, policy.image, labels, guards, question.path);
    else if (question.right < BAILIFF_RIGHTS)
        settling.apply(
            network_label(policy.image, question.address, question.protocol, question.port));
    Answer answer = settling.finish();
    if (policy.settings.observe && answer.decision.verdict > BAILIFF_VERDICT_AUDIT) {
        if (answer.decision.verdict != BAILIFF_VERDICT_PRESERVE)
            answer.decision.flags |= BAILIFF_EVENT_WOULD_DENY;
        answer.decision.verdict = BAILIFF_VERDICT_AUDIT;
    }
    answer.sentence = describe(answer, policy.image);
    return answer;
}

} // namespace bailiff::policy
