#include <new>

#include "base/file.h"
#include "base/sha256.h"
#include "policy/compile.h"
#include "policy/document.h"
#include "policy/limits.h"
#include "policy/lint.h"
#include "policy/policy.h"

namespace bailiff::policy {

Result<std::shared_ptr<const Policy>> load(const std::string& path) {
    Result<std::string> text = read_regular_file(path, kMaxPolicyBytes);
    if (!text) return propagate(std::move(text), "policy");
    return load_text(*text, path);
}

namespace {

Result<std::shared_ptr<const Policy>> read_policy(std::string_view text, const std::string& name) {
    Document document;
    document.file = name;
    Problems problems;
    parse(text, document, problems);
    if (problems.empty()) check_limits(document, problems);
    if (problems.empty()) lint(document, problems);
    if (!problems.empty()) return tl::unexpected<Error>(problems.error());
    auto policy = std::make_shared<Policy>();
    policy->file = name;
    policy->digest = hex(sha256(text));
    policy->settings = make_settings(document);
    policy->settings.advice = class_advice(document);
    Result<Image> image = compile(document);
    if (!image) return tl::unexpected(image.error());
    policy->image = std::move(*image);
    return policy;
}

} // namespace

// The limits keep a policy small; the daemon must outlive also what they do not foresee.
Result<std::shared_ptr<const Policy>> load_text(std::string_view text, const std::string& name) {
    try {
        return read_policy(text, name);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kResourceExhausted,
                    name + ": reading it takes more memory than there is");
    }
}

} // namespace bailiff::policy
