#include "token/dev_issuer.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>

#include "base/file.h"
#include "base/ids.h"
#include "token/claims.h"
#include "token/signing_key.h"
#include "token/verifier.h"

namespace bailiff::token {
namespace {

constexpr std::size_t kMaxPemBytes = 65536;
constexpr const char* kReadme =
    "A development issuer of bailiff tokens, made by `bailiffctl dev issuer init`.\n"
    "\n"
    "key.pem    the private key. Whoever reads it can act for every user that a policy\n"
    "           accepts from this issuer. Never trust this issuer on a host that matters.\n"
    "jwks.json  the public key. bailiffd cannot read it here; give it a copy:\n"
    "           install -m 644 jwks.json /etc/bailiff/dev-issuer.jwks.json\n"
    "           and name that as jwks_file of the issuer\n"
    "           https://dev-issuer.bailiff.invalid in the policy.\n";

std::string key_path(const std::string& folder) {
    return folder + "/key.pem";
}

// One that is there stays as it is: it may be somebody's home.
Status make_folder(const std::string& folder) {
    if (mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return fail_errno("make the folder " + folder, errno);
}

tl::unexpected<Error> wrong(const std::string& reason) {
    return fail(ErrorCode::kInvalidArgument, reason);
}

Status check_text(const std::string& what, const std::string& text) {
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (text.empty()) return wrong(what + " is empty");
    if (text.size() > kMaxTextBytes)
        return wrong(what + " has " + std::to_string(text.size()) + " bytes; expected at most " +
                     std::to_string(kMaxTextBytes));
    if (std::any_of(text.begin(), text.end(), is_control))
        return wrong(what + " has a control character in it");
    return {};
}

Status check_actor(const std::string& what, const std::string& actor,
                   const DevTokenRequest& request) {
    if (auto sound = check_text(what, actor); !sound) return sound;
    if (actor == request.subject)
        return wrong(what + " is " + quoted(actor) +
                     ", the user of the token; expected someone who acts for the user");
    return {};
}

// RFC 6749 section 3.3: words with one space between.
Status check_scope(const std::string& scope) {
    if (scope.empty()) return {};
    const bool spaced =
        scope.starts_with(' ') || scope.ends_with(' ') || scope.find("  ") != std::string::npos;
    if (!spaced) return {};
    return wrong("the scope " + quoted(scope) +
                 " has spaces in a row or at an end; expected words with one space between");
}

// RFC 8693 section 4.1: the outermost is the one who acts now.
boost::json::object actor_chain(const DevTokenRequest& request) {
    boost::json::object inner;
    for (auto actor = request.via.rbegin(); actor != request.via.rend(); ++actor) {
        boost::json::object outer = {{"iss", kDevIssuer}, {"sub", *actor}};
        if (!inner.empty()) outer["act"] = std::move(inner);
        inner = std::move(outer);
    }
    boost::json::object act = {{"iss", kDevIssuer}, {"sub", request.actor}};
    if (!inner.empty()) act["act"] = std::move(inner);
    return act;
}

boost::json::object claims_of(const DevTokenRequest& request, const std::string& id,
                              std::int64_t now) {
    boost::json::object claims = {{"iss", kDevIssuer},
                                  {"sub", request.subject},
                                  {"aud", request.audience},
                                  {"client_id", request.actor},
                                  {"iat", now},
                                  {"nbf", now},
                                  {"exp", now + request.lifetime},
                                  {"jti", id},
                                  {"act", actor_chain(request)},
                                  {"bailiff_dev", true}};
    if (!request.scope.empty()) claims["scope"] = request.scope;
    if (!request.task.empty()) claims["task"] = request.task;
    if (!request.groups.empty())
        claims["groups"] = boost::json::array(request.groups.begin(), request.groups.end());
    if (!request.key_thumbprint.empty())
        claims["cnf"] = boost::json::object{{"jkt", request.key_thumbprint}};
    return claims;
}

Result<std::string> token_id(const std::string& wanted, const Clock& clock) {
    if (!wanted.empty()) return wanted;
    const auto id = new_id(clock.unix_nanos());
    if (!id) return tl::unexpected(id.error());
    return "dev-" + session_name(*id).substr(2);
}

Result<std::string> sign(const std::string& folder, const char* type,
                         const boost::json::object& claims) {
    const auto pem = read_file(key_path(folder), kMaxPemBytes);
    if (!pem) return tl::unexpected(pem.error());
    const auto key = SigningKey::from_pem(*pem);
    if (!key) return tl::unexpected(Error(key.error()).with_context(key_path(folder)));
    return key->sign({{"typ", type}, {"kid", key->thumbprint()}}, boost::json::serialize(claims));
}

} // namespace

Status init_dev_issuer(const std::string& folder) {
    if (auto made = make_folder(folder); !made) return made;
    struct stat info {};
    if (lstat(key_path(folder).c_str(), &info) == 0)
        return fail(ErrorCode::kAlreadyExists,
                    folder + " holds a key already; remove the folder to begin anew");
    const auto key = SigningKey::generate();
    if (!key) return tl::unexpected(key.error());
    const auto pem = key->pem();
    if (!pem) return tl::unexpected(pem.error());
    boost::json::object jwk = key->public_jwk();
    jwk["kid"] = key->thumbprint();
    jwk["alg"] = "ES256";
    jwk["use"] = "sig";
    const boost::json::object set = {{"keys", boost::json::array{jwk}}};
    if (auto written = write_file_atomic(folder + "/README", kReadme, 0644); !written)
        return written;
    if (auto written =
            write_file_atomic(folder + "/jwks.json", boost::json::serialize(set) + "\n", 0644);
        !written)
        return written;
    // Last: a folder with a key is complete.
    return write_file_atomic(key_path(folder), *pem, 0600);
}

Status check_dev_token(const DevTokenRequest& request) {
    if (auto sound = check_text("the user", request.subject); !sound) return sound;
    if (auto sound = check_text("the audience", request.audience); !sound) return sound;
    if (auto sound = check_actor("the actor", request.actor, request); !sound) return sound;
    for (const std::string& actor : request.via)
        if (auto sound = check_actor("an actor of the chain", actor, request); !sound) return sound;
    if (request.via.size() >= kMaxChain)
        return wrong("the chain has " + std::to_string(request.via.size() + 1) +
                     " actors; expected at most " + std::to_string(kMaxChain));
    for (const std::string& group : request.groups)
        if (auto sound = check_text("a group", group); !sound) return sound;
    if (!request.task.empty())
        if (auto sound = check_text("the task", request.task); !sound) return sound;
    if (request.lifetime < 1) return wrong("the lifetime is below 1 s");
    return check_scope(request.scope);
}

Result<std::string> sign_dev_token(const std::string& folder, const DevTokenRequest& request,
                                   const Clock& clock) {
    if (auto sound = check_dev_token(request); !sound) return tl::unexpected(sound.error());
    auto id = token_id(request.id, clock);
    if (!id) return id;
    return sign(folder, "at+jwt", claims_of(request, *id, clock.unix_seconds()));
}

Result<std::string> sign_dev_break_glass(const std::string& folder,
                                         const DevBreakGlassRequest& request, const Clock& clock) {
    for (const auto& [what, text] : {std::pair{"the session", &request.session},
                                     {"who vouches for it", &request.subject},
                                     {"the audience", &request.audience}})
        if (auto sound = check_text(what, *text); !sound) return tl::unexpected(sound.error());
    if (request.lifetime < 1) return wrong("the lifetime is below 1 s");
    const auto id = token_id("", clock);
    if (!id) return id;
    const std::int64_t now = clock.unix_seconds();
    return sign(folder, kBreakGlassType,
                {{"iss", kDevIssuer},
                 {"sub", request.subject},
                 {"aud", request.audience},
                 {"iat", now},
                 {"exp", now + request.lifetime},
                 {"jti", *id},
                 {"sid", request.session},
                 {"bailiff_dev", true}});
}

} // namespace bailiff::token
