// `bailiffctl events`: what happened, as the journal has it.
#pragma once

#include <string>

#include "bailiff/journal.pb.h"
#include "ctl/context.h"
#include "ctl/output.h"

namespace bailiff::ctl {

void add_events(CLI::App& app, Context& context);

[[nodiscard]] Row event_header();
[[nodiscard]] Row event_row(const v1::Record& record);
// One line of the table: columns of fixed width, so that rows that come later fit.
[[nodiscard]] std::string event_line(const Row& row, Colour colour, bool coloured);
[[nodiscard]] Colour event_colour(const v1::Record& record);

} // namespace bailiff::ctl
