// `bailiffctl session`: list, show, renew, end and revoke sessions.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>

#include "bailiff/control.pb.h"
#include "ctl/client.h"
#include "ctl/context.h"

namespace bailiff::ctl {

using Sessions = google::protobuf::RepeatedPtrField<v1::Session>;

void add_session(CLI::App& app, Context& context);
// `session open`, as part of the same group.
void add_session_open(CLI::App& sessions, Context& context);

[[nodiscard]] std::string session_table(const Sessions& sessions);
// One session, a field a line.
[[nodiscard]] std::string session_text(const v1::Session& session);

// What stands for a session where the whole id is too long: its last characters. The first ones
// are the time, alike in all sessions of a day.
[[nodiscard]] std::string short_id(const std::string& id);

// The one id that `text` is a part of: its beginning, with or without "s-", or its end. kNotFound
// where there is none, kInvalidArgument where there are several.
[[nodiscard]] Result<std::string> pick_session(const Sessions& sessions, const std::string& text);
// The same, asking the daemon for what there is. A whole id is not looked up.
[[nodiscard]] Result<std::string> find_session(Client& client, const std::string& text);

} // namespace bailiff::ctl
