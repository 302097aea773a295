// `bailiffctl approvals`: lists, shows and answers what waits. One thread.
#pragma once

#include <string>
#include <vector>

#include "bailiff/control.pb.h"
#include "ctl/context.h"

namespace bailiff::ctl {

using ApprovalList = google::protobuf::RepeatedPtrField<v1::Approval>;

void add_approvals(CLI::App& app, Context& context);

// "delete /srv/data/old", escaped.
[[nodiscard]] std::string act_of(const v1::Record& asked);
// The one id that begins with `text`, of at least 8 digits. kInvalidArgument for fewer of them, and
// where several ids do; kNotFound, with the sentence `none`, where no id does.
[[nodiscard]] Result<std::string> pick_id(const std::vector<std::string>& ids,
                                          const std::string& text, const std::string& none);
// The same of what waits.
[[nodiscard]] Result<std::string> pick_approval(const ApprovalList& approvals,
                                                const std::string& text);
[[nodiscard]] std::string approval_table(const ApprovalList& approvals);
[[nodiscard]] std::string approval_text(const v1::Approval& approval);

} // namespace bailiff::ctl
