// Messages whose text is UTF-8 throughout, as both encodings of the API and the journal need it.
// Any thread.
#pragma once

#include <google/protobuf/message.h>

namespace bailiff::journal {

// Every string in `message`, at any depth, becomes to_utf8() of itself.
void make_utf8(google::protobuf::Message& message);

} // namespace bailiff::journal
