// `bailiffctl approvals standing` and `withdraw`: answers that are good for more than one act. One
// thread.
#pragma once

#include <string>

#include "bailiff/control.pb.h"
#include "ctl/context.h"

namespace bailiff::ctl {

using StandingAnswerList = google::protobuf::RepeatedPtrField<v1::StandingAnswer>;

// As part of the group `approvals`.
void add_standing_answers(CLI::App& approvals, Context& context);

// As pick_id().
[[nodiscard]] Result<std::string> pick_standing_answer(const StandingAnswerList& answers,
                                                       const std::string& text);
[[nodiscard]] std::string standing_answer_table(const StandingAnswerList& answers);

} // namespace bailiff::ctl
