#include "token/jwks.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "base/clock.h"
#include "base/file.h"
#include "base/strict_json.h"
#include "token/claims.h"

namespace bailiff::token {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kMaxKeys = 256;

tl::unexpected<Error> broken(std::string reason) {
    return fail(ErrorCode::kInvalidArgument, std::move(reason));
}

// Adds one key, or the reason why it is left out. Fails where the set as a whole is in doubt.
Status add_key(const boost::json::value& element, std::size_t position,
               const std::vector<std::string>& allowed, std::set<std::string>& kids, KeySet& set) {
    const std::string where = "key " + std::to_string(position);
    const boost::json::object* jwk = element.if_object();
    if (jwk == nullptr) return broken(where + " is not an object");
    std::string kid;
    if (jwk->contains("kid")) {
        auto text = Claims(*jwk, where).text("kid");
        if (!text) return broken(text.error().message());
        kid = std::move(*text);
        if (!kids.insert(kid).second)
            return broken("kid " + quoted(kid) + " comes twice; expected one key for each kid");
    }
    if (kid.empty()) {
        set.skipped.push_back(where + " is left out: it has no \"kid\"");
        return {};
    }
    auto key = parse_jwk(*jwk, allowed);
    if (!key && key.error().code() == ErrorCode::kInternal) return tl::unexpected(key.error());
    if (!key)
        set.skipped.push_back(where + " (kid " + quoted(kid) +
                              ") is left out: " + key.error().message());
    else
        set.keys.emplace(kid, std::move(*key));
    return {};
}

} // namespace

Result<KeySet> parse_jwks(std::string_view text, const std::vector<std::string>& allowed) {
    const auto document = parse_strict_json(text);
    if (!document) return tl::unexpected(document.error());
    const boost::json::object* object = document->if_object();
    const boost::json::value* keys = object == nullptr ? nullptr : object->if_contains("keys");
    if (keys == nullptr || !keys->is_array())
        return broken("it is not a JWK set; expected an object with an array \"keys\"");
    const boost::json::array& list = keys->get_array();
    if (list.size() > kMaxKeys)
        return broken("it has " + std::to_string(list.size()) + " keys; expected at most " +
                      std::to_string(kMaxKeys));
    KeySet set;
    std::set<std::string> kids;
    for (std::size_t i = 0; i < list.size(); i++) {
        if (auto added = add_key(list[i], i + 1, allowed, kids, set); !added)
            return tl::unexpected(added.error());
    }
    if (set.keys.empty()) {
        std::string reasons;
        for (const std::string& reason : set.skipped) reasons += "; " + reason;
        return broken("it has no usable key" + reasons);
    }
    return set;
}

Result<std::unique_ptr<KeyStore>> KeyStore::open(std::string path,
                                                 std::vector<std::string> algorithms) {
    std::unique_ptr<KeyStore> store(new KeyStore(std::move(path), std::move(algorithms)));
    if (auto loaded = store->load(); !loaded) return tl::unexpected(loaded.error());
    return store;
}

KeyStore::Stamp KeyStore::stamp() const {
    struct stat info {};
    if (stat(path_.c_str(), &info) != 0) return {};
    return {info.st_ino, info.st_size, unix_nanos(info.st_mtim), unix_nanos(info.st_ctim)};
}

Status KeyStore::load() {
    // Before the read: a file that is replaced meanwhile is read again at the next lookup.
    loaded_ = stamp();
    const auto text = read_regular_file(path_, kMaxFileBytes);
    if (!text) return tl::unexpected(text.error());
    auto set = parse_jwks(*text, algorithms_);
    if (!set) return tl::unexpected(std::move(set).error().with_context("key set " + path_));
    set_ = std::move(*set);
    for (const std::string& reason : set_.skipped)
        notices_.push_back("key set " + path_ + ": " + reason);
    return {};
}

const Jwk* KeyStore::find(std::string_view kid) {
    if (stamp() != loaded_) {
        if (const auto loaded = load(); !loaded)
            notices_.push_back(loaded.error().message() + "; the keys read before stay in use");
    }
    const auto found = set_.keys.find(kid);
    return found == set_.keys.end() ? nullptr : &found->second;
}

std::vector<std::string> KeyStore::take_notices() {
    return std::exchange(notices_, {});
}

} // namespace bailiff::token
