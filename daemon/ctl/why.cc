#include "ctl/why.h"

#include <memory>

#include "ctl/client.h"
#include "ctl/denial.h"
#include "ctl/output.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

struct Options {
    bool last = false; // there is no other question yet
    bool json = false;
};

Status why(bool json, Client& client) {
    v1::GetRefusalResponse response;
    const Status called = client.call("GetRefusal", v1::GetRefusalRequest{}, response);
    if (!called) return called;
    if (json) return print_json(response);
    print(why_text(response));
    return {};
}

} // namespace

std::string why_text(const v1::GetRefusalResponse& response) {
    if (!response.has_refused())
        return "nothing was denied to this session since bailiffd started\n";
    return journal::escape(response.refused().time()) + " " + denial_line(response.refused()) +
           "\n";
}

void add_why(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("why", "Why this session was denied something");
    command->add_flag("--last", options->last, "The newest denial, or what waits: the default");
    command->add_flag("--json", options->json, "Print JSON");
    command->callback([options, &context] {
        Client client(context.socket);
        if (Status done = why(options->json, client); !done) report(context, done.error());
    });
}

} // namespace bailiff::ctl
