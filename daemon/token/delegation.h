// Who acts for the user and on what: the parts of a verified token that RFC 8693 and RFC 9396
// define. Only called once the signature is known to be good. Any thread.
#pragma once

#include <boost/json/fwd.hpp>

#include "base/result.h"
#include "token/token.h"
#include "token/verifier.h"

namespace bailiff::token {

// Fills actors and actor_source; `token` has its issuer and subject already. kUnauthenticated for
// a token without an actor, a chain longer than max_chain, and an actor that is the user.
[[nodiscard]] Status read_actors(const boost::json::object& claims, const IssuerConfig& config,
                                 Token& token);

// Fills details and task. kUnauthenticated for a type or member that is not known (RFC 9396
// section 5: what restricts must not be skipped), and for two different tasks.
[[nodiscard]] Status read_task(const boost::json::object& claims, const IssuerConfig& config,
                               Token& token);

} // namespace bailiff::token
