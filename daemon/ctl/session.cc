#include "ctl/session.h"

#include <memory>

#include "ctl/client_command.h"
#include "ctl/output.h"
#include "ctl/secret.h"

namespace bailiff::ctl {
namespace {

struct Options {
    std::string id;
    bool all = false;
    bool json = false;
    std::string reason;
    TokenSource token;
    std::string proof;
};

Status print_session(const v1::Session& session, bool json) {
    if (json) return print_json(session);
    print(session_text(session));
    return {};
}

Status list(const Options& options, Client& client) {
    v1::ListSessionsRequest request;
    request.set_all(options.all);
    v1::ListSessionsResponse response;
    if (Status called = client.call("ListSessions", request, response); !called) return called;
    if (options.json) return print_json(response);
    print(session_table(response.sessions()));
    return {};
}

// A call that names a session and answers with it.
template <typename Response, typename Request>
Status call_for(const char* method, const Options& options, Client& client, Request& request) {
    const Result<std::string> id = find_session(client, options.id);
    if (!id) return tl::unexpected<Error>(id.error());
    request.set_session(*id);
    Response response;
    if (Status called = client.call(method, request, response); !called) return called;
    return print_session(response.session(), options.json);
}

Status show(const Options& options, Client& client) {
    v1::GetSessionRequest request;
    return call_for<v1::GetSessionResponse>("GetSession", options, client, request);
}

Status end(const Options& options, Client& client) {
    v1::EndSessionRequest request;
    return call_for<v1::EndSessionResponse>("EndSession", options, client, request);
}

Status revoke(const Options& options, Client& client) {
    v1::RevokeSessionRequest request;
    request.set_reason(options.reason);
    return call_for<v1::RevokeSessionResponse>("RevokeSession", options, client, request);
}

Status renew(const Options& options, Client& client) {
    if (Status source = check_source(options.token); !source) return source;
    Result<std::string> token = read_token(options.token);
    if (!token) return tl::unexpected<Error>(token.error());
    v1::RenewSessionRequest request;
    request.set_token(*token);
    wipe(*token);
    request.set_proof(options.proof);
    Status renewed = call_for<v1::RenewSessionResponse>("RenewSession", options, client, request);
    wipe(*request.mutable_token());
    return renewed;
}

using Action = Status (*)(const Options&, Client&);

} // namespace

void add_session(CLI::App& app, Context& context) {
    CLI::App& sessions = group(app, "session", "Open, list, show, renew, end and revoke sessions");
    auto options = std::make_shared<Options>();
    const auto add = [&](const char* name, const char* description, Action action) {
        CLI::App* command =
            add_client_command(sessions, context, name, description, options, action);
        command->add_option("id", options->id, "Id of a session, or a unique part of it")
            ->required();
        return command;
    };
    add_session_open(sessions, context);
    add_client_command(sessions, context, "list", "Sessions that are active", options, list)
        ->add_flag("--all", options->all, "Also the ones that are over");
    add("show", "All about one session", show);
    CLI::App* renewal = add("renew", "Extend a session with a new token", renew);
    add_token_options(*renewal, options->token);
    renewal->add_option("--proof", options->proof, "Proof for the token (RFC 9449)");
    add("end", "End a session: its work is done", end);
    add("revoke", "Take a session back", revoke)
        ->add_option("--reason", options->reason, "Why, for the journal");
}

} // namespace bailiff::ctl
