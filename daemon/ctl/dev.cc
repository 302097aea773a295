#include "ctl/dev.h"

#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/duration.h"
#include "ctl/output.h"
#include "ctl/secret.h"
#include "token/dev_issuer.h"

namespace bailiff::ctl {
namespace {

struct TokenOptions {
    std::string issuer;
    std::string lifetime = "10m";
    token::DevTokenRequest request;
};

void add_issuer(CLI::App& dev, Context& context) {
    CLI::App& issuer = group(dev, "issuer", "A development issuer");
    auto folder = std::make_shared<std::string>();
    CLI::App* init = issuer.add_subcommand("init", "Make a key in a new folder");
    init->add_option("folder", *folder, "Folder to make")->required();
    init->callback([folder, &context] {
        const Status made = token::init_dev_issuer(*folder);
        if (!made) return report(context, made.error());
        print(std::string("made the development issuer ") + token::kDevIssuer + " in " + *folder +
              "\ngive bailiffd its key set: install -m 644 " + *folder +
              "/jwks.json /etc/bailiff/dev-issuer.jwks.json\n");
    });
}

// What is wrong here is an option.
Status check(TokenOptions& options) {
    Result<std::int64_t> lifetime = parse_duration(options.lifetime);
    if (!lifetime) return propagate(std::move(lifetime), "--ttl");
    options.request.lifetime = *lifetime;
    return token::check_dev_token(options.request);
}

Status print_token(const TokenOptions& options) {
    Result<std::string> token =
        token::sign_dev_token(options.issuer, options.request, SystemClock());
    if (!token) return tl::unexpected<Error>(token.error());
    print(*token + "\n");
    wipe(*token);
    return {};
}

void add_token(CLI::App& dev, Context& context) {
    auto options = std::make_shared<TokenOptions>();
    token::DevTokenRequest& request = options->request;
    CLI::App* command = dev.add_subcommand("token", "Print a signed token");
    command->add_option("--issuer", options->issuer, "Folder of the issuer")->required();
    command->add_option("--sub", request.subject, "The user, such as user:alice")->required();
    command->add_option("--actor", request.actor, "The agent, such as agent:code-fixer")
        ->required();
    command->add_option("--via", request.via, "An actor between them; may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("--scope", request.scope, "Scope");
    command->add_option("--task", request.task, "Task");
    command->add_option("--ttl", options->lifetime, "How long it lives: 30s, 10m, 1h");
    command->add_option("--audience", request.audience, "Audience");
    command->add_option("--group", request.groups, "A group of the user; may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->callback([options, &context] {
        if (Status sound = check(*options); !sound)
            return report(context, sound.error(), kExitUsage);
        if (Status printed = print_token(*options); !printed) report(context, printed.error());
    });
}

struct BreakGlassOptions {
    std::string issuer;
    std::string lifetime = "10m";
    token::DevBreakGlassRequest request;
};

Status print_break_glass(BreakGlassOptions& options) {
    Result<std::int64_t> lifetime = parse_duration(options.lifetime);
    if (!lifetime) return propagate(std::move(lifetime), "--ttl");
    options.request.lifetime = *lifetime;
    Result<std::string> token =
        token::sign_dev_break_glass(options.issuer, options.request, SystemClock());
    if (!token) return tl::unexpected<Error>(token.error());
    print(*token + "\n");
    wipe(*token);
    return {};
}

void add_break_glass_token(CLI::App& dev, Context& context) {
    auto options = std::make_shared<BreakGlassOptions>();
    token::DevBreakGlassRequest& request = options->request;
    CLI::App* command =
        dev.add_subcommand("break-glass-token", "Print a signed token that relaxes one session");
    command->add_option("--issuer", options->issuer, "Folder of the issuer")->required();
    command->add_option("--session", request.session, "The session's whole id")->required();
    command->add_option("--sub", request.subject, "Who vouches for it, such as user:carol")
        ->required();
    command->add_option("--ttl", options->lifetime, "How long it lives: 30s, 10m, 1h");
    command->add_option("--audience", request.audience, "Audience");
    command->callback([options, &context] {
        if (Status printed = print_break_glass(*options); !printed)
            report(context, printed.error());
    });
}

} // namespace

void add_dev(CLI::App& app, Context& context) {
    CLI::App& dev = group(app, "dev", "An issuer and tokens for a first try; never for production");
    add_issuer(dev, context);
    add_token(dev, context);
    add_break_glass_token(dev, context);
}

} // namespace bailiff::ctl
