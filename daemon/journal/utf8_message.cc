#include "journal/utf8_message.h"

#include <vector>

#include "journal/utf8.h"

namespace bailiff::journal {
namespace {

namespace pb = google::protobuf;

void make_field_utf8(pb::Message& message, const pb::FieldDescriptor* field) {
    const pb::Reflection* reflection = message.GetReflection();
    const bool text = field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING;
    const bool nested = field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
    if (!field->is_repeated()) {
        if (text)
            reflection->SetString(&message, field, to_utf8(reflection->GetString(message, field)));
        if (nested) make_utf8(*reflection->MutableMessage(&message, field));
        return;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        if (text)
            reflection->SetRepeatedString(
                &message, field, i, to_utf8(reflection->GetRepeatedString(message, field, i)));
        if (nested) make_utf8(*reflection->MutableRepeatedMessage(&message, field, i));
    }
}

} // namespace

void make_utf8(pb::Message& message) {
    std::vector<const pb::FieldDescriptor*> present;
    message.GetReflection()->ListFields(message, &present);
    for (const pb::FieldDescriptor* field : present) make_field_utf8(message, field);
}

} // namespace bailiff::journal
