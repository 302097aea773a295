// `bailiffctl undo`: lists, shows and restores what was kept before an act removed or changed it.
#pragma once

#include "bailiff/control.pb.h"
#include "ctl/context.h"

namespace bailiff::ctl {

using PreservedList = google::protobuf::RepeatedPtrField<v1::Preserved>;

void add_undo(CLI::App& app, Context& context);

// The one whose action begins with `text`, of at least 8 digits, if there is just one.
[[nodiscard]] Result<v1::Preserved> pick_preserved(const PreservedList& preserved,
                                                   const std::string& text);
[[nodiscard]] std::string preserved_table(const PreservedList& preserved);
[[nodiscard]] std::string preserved_text(const v1::Preserved& one);

} // namespace bailiff::ctl
