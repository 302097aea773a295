// A command that is one conversation with bailiffd. Owned by main; one thread.
#pragma once

#include <memory>

#include "ctl/client.h"
#include "ctl/context.h"

namespace bailiff::ctl {

// Adds the command `name` to `parent`, with --json for `options->json`; its error is reported.
// `context` outlives the parser.
template <typename Options>
CLI::App* add_client_command(CLI::App& parent, Context& context, const char* name,
                             const char* description, const std::shared_ptr<Options>& options,
                             Status (*action)(const Options&, Client&)) {
    CLI::App* command = parent.add_subcommand(name, description);
    command->add_flag("--json", options->json, "Print JSON");
    command->callback([options, action, &context] {
        Client client(context.socket);
        if (Status done = action(*options, client); !done) report(context, done.error());
    });
    return command;
}

} // namespace bailiff::ctl
