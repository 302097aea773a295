#include "policy/document.h"

#include <google/protobuf/descriptor.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "policy/limits.h"
#include "policy/plain_text.h"
#include "policy/spelling.h"

namespace bailiff::policy {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool is_right_of(std::string_view section, v1::Right right) {
    const bool of_exec = right == v1::exec || right == v1::load;
    const bool of_network = right == v1::connect || right == v1::bind;
    if (section == "exec") return of_exec;
    if (section == "network") return of_network;
    return !of_exec && !of_network;
}

// Has that line (0-based) of `text` a tab before its first other character?
bool has_tab_indentation(std::string_view text, int line) {
    for (; line > 0; line--) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    const std::string_view blank = text.substr(0, text.find_first_not_of(" \t"));
    return blank.find('\t') != std::string_view::npos;
}

// yaml-cpp says what its parser met; this adds what was expected.
std::string yaml_problem(std::string_view text, const YAML::Exception& error) {
    struct Expectation {
        const char* said;
        const char* expected;
    };
    static constexpr Expectation kExpected[] = {
        {"end of sequence flow not found", "] or , after an item of the list that begins with ["},
        {"end of map flow not found", "} or , after a field of the map that begins with {"},
        {"end of map not found", "the fields of a map in the same column"},
        {"end of sequence not found", "the items of a list in the same column"},
        {"illegal map value", "one field a line, in the column of the one before"},
        {"unknown token", "quotes around text that begins with a special character"},
    };
    const std::string what = "YAML: " + error.msg;
    if (!error.mark.is_null() && has_tab_indentation(text, error.mark.line))
        return what + "; expected spaces for indentation, found a tab";
    for (const Expectation& one : kExpected)
        if (error.msg == one.said) return what + "; expected " + one.expected;
    return what;
}

class SchemaReader {
public:
    SchemaReader(Document& document, Problems& problems)
        : document_(document), problems_(problems) {}

    void read_message(const YAML::Node& node, Message& message) {
        document_.note(message, Document::kItself, 0, at(node));
        if (!node.IsMap()) {
            wrong(node, "a map of fields of " + word_for(message.GetDescriptor()));
            return;
        }
        std::set<std::string> seen;
        for (const auto& entry : node) {
            if (!counts(entry.first)) return;
            read_entry(entry.first, entry.second, message, seen);
        }
    }

private:
    void read_entry(const YAML::Node& key, const YAML::Node& value, Message& message,
                    std::set<std::string>& seen) {
        const Descriptor* type = message.GetDescriptor();
        const std::string name = key.IsScalar() ? key.Scalar() : "";
        const FieldDescriptor* field = type->FindFieldByName(name);
        if (field == nullptr) field = type->FindFieldByCamelcaseName(name);
        if (field == nullptr) {
            problems_.add(at(key), "unknown field \"" + name + "\"" + suggestion(name, type));
            return;
        }
        if (!seen.insert(field->name()).second) {
            problems_.add(at(key), "field \"" + name + "\" comes twice here");
            return;
        }
        document_.note(message, field->number(), -1, at(key));
        if (type == v1::Profile::descriptor() || type == v1::Class::descriptor())
            section_ = field->name();
        if (!field->is_repeated()) {
            document_.note(message, field->number(), 0, at(value));
            read_value(value, message, field);
            return;
        }
        if (!value.IsSequence()) {
            wrong(value, "a list for \"" + field->name() + "\"");
            return;
        }
        if (value.size() == 0 && empty_means_any(field)) {
            problems_.add(at(value), "expected at least one item in \"" + field->name() +
                                         "\", found an empty list; leave the field out for its "
                                         "default");
            return;
        }
        for (const YAML::Node& element : value) {
            if (!counts(element)) return;
            const int index = message.GetReflection()->FieldSize(message, field);
            document_.note(message, field->number(), index, at(element));
            read_value(element, message, field);
        }
    }

    void read_value(const YAML::Node& node, Message& message, const FieldDescriptor* field) {
        const auto* access = message.GetReflection();
        if (!is_known_tag(node)) return;
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
            read_message(node, field->is_repeated() ? *access->AddMessage(&message, field)
                                                    : *access->MutableMessage(&message, field));
            return;
        }
        if (!node.IsScalar()) {
            wrong(node, expected(field));
            return;
        }
        switch (field->cpp_type()) {
            case FieldDescriptor::CPPTYPE_STRING:
                if (!is_text(node, field)) return;
                if (field->is_repeated())
                    access->AddString(&message, field, node.Scalar());
                else
                    access->SetString(&message, field, node.Scalar());
                return;
            case FieldDescriptor::CPPTYPE_ENUM:
                read_enum(node, message, field);
                return;
            case FieldDescriptor::CPPTYPE_UINT32:
                read_number(node, message, field);
                return;
            default:
                read_bool(node, message, field);
        }
    }

    // A YAML alias is read as often as it is used: what is read has a limit besides the file's.
    bool counts(const YAML::Node& node) {
        if (over_) return false;
        values_++;
        if (node.IsScalar()) bytes_ += node.Scalar().size();
        over_ = values_ > kMaxValues || bytes_ > kMaxTextBytes;
        if (over_)
            problems_.add(at(node), "expected at most " + std::to_string(kMaxValues) +
                                        " values and 4 MiB of text in all, each YAML alias "
                                        "counted as what it stands for; found more");
        return !over_;
    }

    // `tag` is "?" for plain scalars, lists and maps, and "!" for quoted scalars.
    bool is_known_tag(const YAML::Node& node) {
        const std::string& tag = node.Tag();
        static const std::set<std::string> known = {"",
                                                    "?",
                                                    "!",
                                                    "tag:yaml.org,2002:str",
                                                    "tag:yaml.org,2002:int",
                                                    "tag:yaml.org,2002:bool",
                                                    "tag:yaml.org,2002:seq",
                                                    "tag:yaml.org,2002:map"};
        if (known.contains(tag)) return true;
        problems_.add(at(node),
                      "expected a value without a tag, found the YAML tag \"" + tag + "\"");
        return false;
    }

    bool is_text(const YAML::Node& node, const FieldDescriptor* field) {
        std::string why = why_not_text(node.Scalar());
        if (node.Scalar().empty()) why = "it is empty; leave the field out for its default";
        if (why.empty()) return true;
        problems_.add(at(node), "expected text for \"" + field->name() + "\": " + why);
        return false;
    }

    // Where absence lets everything through, an empty list is likely meant as "nothing".
    static bool empty_means_any(const FieldDescriptor* field) {
        static const std::set<std::string> any = {"algorithms", "groups", "port",  "rights",
                                                  "scopes",     "sha256", "tasks", "to"};
        return any.contains(field->name());
    }

    void read_enum(const YAML::Node& node, Message& message, const FieldDescriptor* field) {
        const auto* value = field->enum_type()->FindValueByName(node.Scalar());
        if (value == nullptr || value->number() == 0 ||
            (field->enum_type() == v1::Right_descriptor() &&
             !is_right_of(section_, static_cast<v1::Right>(value->number())))) {
            wrong(node, expected(field));
            return;
        }
        if (field->is_repeated())
            message.GetReflection()->AddEnum(&message, field, value);
        else
            message.GetReflection()->SetEnum(&message, field, value);
    }

    void read_number(const YAML::Node& node, Message& message, const FieldDescriptor* field) {
        const std::string& text = node.Scalar();
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) {
            wrong(node, expected(field));
            return;
        }
        if (field->is_repeated())
            message.GetReflection()->AddUInt32(&message, field, value);
        else
            message.GetReflection()->SetUInt32(&message, field, value);
    }

    void read_bool(const YAML::Node& node, Message& message, const FieldDescriptor* field) {
        if (node.Scalar() != "true" && node.Scalar() != "false") {
            wrong(node, expected(field));
            return;
        }
        message.GetReflection()->SetBool(&message, field, node.Scalar() == "true");
    }

    std::string expected(const FieldDescriptor* field) const {
        const std::string of = " for \"" + field->name() + "\"";
        switch (field->cpp_type()) {
            case FieldDescriptor::CPPTYPE_STRING:
                return "text" + of;
            case FieldDescriptor::CPPTYPE_UINT32:
                return "a whole number" + of;
            case FieldDescriptor::CPPTYPE_BOOL:
                return "true or false" + of;
            default:
                return "one of " + values_of(field->enum_type()) + of;
        }
    }

    // Of the rights only those that the rules of this section can be about.
    std::string values_of(const EnumDescriptor* type) const {
        std::string list;
        for (int i = 1; i < type->value_count(); i++) {
            const auto* value = type->value(i);
            if (type == v1::Right_descriptor() &&
                !is_right_of(section_, static_cast<v1::Right>(value->number())))
                continue;
            list += (list.empty() ? "" : ", ") + value->name();
        }
        return list;
    }

    static std::string suggestion(const std::string& name, const Descriptor* type) {
        std::vector<std::string> known;
        for (int i = 0; i < type->field_count(); i++) known.push_back(type->field(i)->name());
        if (const auto close = closest(name, known)) return " (did you mean \"" + *close + "\"?)";
        std::sort(known.begin(), known.end());
        std::string list;
        for (const std::string& field : known) list += (list.empty() ? "" : ", ") + field;
        return "; expected one of " + list;
    }

    void wrong(const YAML::Node& node, const std::string& wanted) {
        std::string found = "nothing";
        if (node.IsMap()) found = "a map";
        if (node.IsSequence()) found = "a list";
        if (node.IsScalar()) found = "\"" + node.Scalar().substr(0, 80) + "\"";
        problems_.add(at(node), "expected " + wanted + ", found " + found);
    }

    Position at(const YAML::Node& node) const {
        const YAML::Mark mark = node.Mark();
        return {document_.file, static_cast<unsigned>(mark.line + 1),
                static_cast<unsigned>(mark.column + 1)};
    }

    Document& document_;
    Problems& problems_;
    std::string section_; // of the profile or class that is being read: exec, files, ...
    std::size_t values_ = 0;
    std::size_t bytes_ = 0;
    bool over_ = false;
};

} // namespace

std::string word_for(const google::protobuf::Descriptor* type) {
    if (type == v1::Policy::descriptor()) return "the policy";
    if (type == v1::RoleGroups::descriptor()) return "roles";
    if (type == v1::Defaults::descriptor()) return "default";
    if (type->name().ends_with("Rule")) return "rule";
    std::string word = type->name();
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return word;
}

Position Document::at(const google::protobuf::Message& parent, int field, int index) const {
    if (const auto found = at_.find({&parent, field, index}); found != at_.end())
        return found->second;
    return {file, 0, 0};
}

Error Problems::error() const {
    std::string all;
    for (const std::string& line : lines_) all += (all.empty() ? "" : "\n") + line;
    if (more_ > 0) all += "\nand " + std::to_string(more_) + " more";
    return {ErrorCode::kInvalidArgument, all};
}

void parse(std::string_view text, Document& document, Problems& problems) {
    if (text.size() > kMaxPolicyBytes) {
        problems.add({document.file, 0, 0}, "larger than 1 MiB, which no policy needs");
        return;
    }
    try {
        const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
        if (documents.size() != 1 || documents[0].IsNull()) {
            problems.add({document.file, 1, 1},
                         "expected one YAML document, found " +
                             std::string(documents.size() > 1 ? "several" : "none"));
            return;
        }
        SchemaReader(document, problems).read_message(documents[0], document.policy);
    } catch (const YAML::DeepRecursion& error) {
        problems.add({document.file, static_cast<unsigned>(error.mark.line + 1),
                      static_cast<unsigned>(error.mark.column + 1)},
                     "lists and maps are nested deeper than any policy is");
    } catch (const YAML::Exception& error) {
        problems.add({document.file, static_cast<unsigned>(error.mark.line + 1),
                      static_cast<unsigned>(error.mark.column + 1)},
                     yaml_problem(text, error));
    }
}

} // namespace bailiff::policy
