// `bailiffctl approvals`: lists, shows and answers what waits.
#pragma once

#include "bailiff/control.pb.h"
#include "ctl/context.h"

namespace bailiff::ctl {

using ApprovalList = google::protobuf::RepeatedPtrField<v1::Approval>;

void add_approvals(CLI::App& app, Context& context);

// The one whose id begins with `text`, of at least 8 digits, if there is just one.
[[nodiscard]] Result<std::string> pick_approval(const ApprovalList& approvals,
                                                const std::string& text);
[[nodiscard]] std::string approval_table(const ApprovalList& approvals);
[[nodiscard]] std::string approval_text(const v1::Approval& approval);

} // namespace bailiff::ctl
