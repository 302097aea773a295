#include "ctl/whoami.h"

#include <memory>

#include "ctl/client.h"
#include "ctl/output.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

Status whoami(bool json, Client& client) {
    v1::WhoAmIResponse response;
    const Status called = client.call("WhoAmI", v1::WhoAmIRequest{}, response);
    if (!called) return called;
    if (json) return print_json(response);
    print(whoami_text(response));
    return {};
}

} // namespace

std::string whoami_text(const v1::WhoAmIResponse& self) {
    std::string text = "uid " + std::to_string(self.uid());
    if (!self.user().empty()) text += " (" + escape(self.user()) + ")";
    text += ", pid " + std::to_string(self.pid()) + "\n";
    std::string roles;
    for (const std::string& role : self.roles()) {
        roles += (roles.empty() ? "" : ", ") + escape(role);
    }
    text += "roles: " + (roles.empty() ? "none" : roles) + "\n";
    if (!self.subject()) return text + "not a subject: bailiff does not restrict this process\n";
    text += self.session().empty() ? "subject without a session"
                                   : "subject to session " + escape(self.session());
    if (!self.session_user().empty()) text += " for " + escape(self.session_user());
    if (!self.agent().empty()) text += ", agent " + escape(self.agent());
    return text + "\n";
}

void add_whoami(CLI::App& app, Context& context) {
    auto json = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand("whoami", "How bailiffd sees this process");
    command->add_flag("--json", *json, "Print JSON");
    command->callback([json, &context] {
        Client client(context.socket);
        if (Status done = whoami(*json, client); !done) report(context, done.error());
    });
}

} // namespace bailiff::ctl
