#include "token/dev_issuer.h"

#include <sys/stat.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>

#include "base/file.h"
#include "base/ids.h"
#include "token/signing_key.h"

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

Status check_request(const DevTokenRequest& request) {
    const auto wrong = [](const char* reason) -> Status {
        return fail(ErrorCode::kInvalidArgument, reason);
    };
    if (request.subject.empty()) return wrong("the subject is empty; expected a user");
    if (request.actor.empty()) return wrong("the actor is empty; expected an agent");
    if (request.audience.empty()) return wrong("the audience is empty; expected a host's name");
    if (request.lifetime < 1) return wrong("the lifetime is below 1 s");
    for (const std::string& actor : request.via) {
        if (actor.empty()) return wrong("an actor of the chain is empty");
    }
    return {};
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

Result<std::string> token_id(const DevTokenRequest& request, const Clock& clock) {
    if (!request.id.empty()) return request.id;
    const auto id = new_id(clock.unix_nanos());
    if (!id) return tl::unexpected(id.error());
    return "dev-" + session_name(*id).substr(2);
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

Result<std::string> sign_dev_token(const std::string& folder, const DevTokenRequest& request,
                                   const Clock& clock) {
    if (auto sound = check_request(request); !sound) return tl::unexpected(sound.error());
    const auto pem = read_file(key_path(folder), kMaxPemBytes);
    if (!pem) return tl::unexpected(pem.error());
    const auto key = SigningKey::from_pem(*pem);
    if (!key) return tl::unexpected(Error(key.error()).with_context(key_path(folder)));
    auto id = token_id(request, clock);
    if (!id) return id;
    const boost::json::object claims = claims_of(request, *id, clock.unix_seconds());
    return key->sign({{"typ", "at+jwt"}, {"kid", key->thumbprint()}},
                     boost::json::serialize(claims));
}

} // namespace bailiff::token
