#include "ctl/reload.h"

#include <memory>

#include "bailiff/control.pb.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

Status reload(bool json, Client& client) {
    v1::ReloadPolicyResponse response;
    const Status called = client.call("ReloadPolicy", v1::ReloadPolicyRequest{}, response);
    if (!called) return called;
    if (json) return print_json(response);
    std::string text = "in force: " + journal::escape(response.policy_file()) + ", digest " +
                       journal::escape(response.policy_digest()) + "\n";
    if (response.sessions_revoked() > 0) {
        text += "sessions revoked, since it grants them nothing: " +
                std::to_string(response.sessions_revoked()) + "\n";
    }
    print(text);
    return {};
}

} // namespace

void add_policy_reload(CLI::App& app, Context& context) {
    CLI::App& policy = group(app, "policy", "The policy in force");
    auto json = std::make_shared<bool>(false);
    CLI::App* command = policy.add_subcommand("reload", "Read the policy file again");
    command->add_flag("--json", *json, "Print JSON");
    command->callback([json, &context] {
        Client client(context.socket);
        if (Status done = reload(*json, client); !done) report(context, done.error());
    });
}

} // namespace bailiff::ctl
