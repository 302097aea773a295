#include "session/label_archive.h"

#include <boost/json.hpp>

#include "base/file.h"
#include "base/strict_json.h"

namespace bailiff::session {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxBytes = 64U << 20;

} // namespace

Status LabelArchive::save(const std::string& file, const PolicyTables& tables) {
    json::array labels;
    for (const policy::Label* label : tables.labels().labels()) {
        json::array sayings;
        for (const policy::Saying& saying : label->sayings())
            sayings.push_back(json::array{saying.right, saying.verdict, saying.bit, saying.rule});
        labels.push_back(std::move(sayings));
    }
    const json::object all = {{"policy", tables.policy().digest},
                              {"slot", tables.slot()},
                              {"first", tables.labels().first()},
                              {"labels", std::move(labels)}};
    return write_file_atomic(file, json::serialize(all) + "\n", 0600);
}

LabelArchive LabelArchive::load(const std::string& file) {
    LabelArchive archive;
    const Result<std::string> text = read_file(file, kMaxBytes);
    const auto value = text ? parse_strict_json(*text) : tl::unexpected(text.error());
    if (!value) return archive;
    try {
        archive.slot_ = value->at("slot").to_number<std::uint8_t>();
        auto number = value->at("first").to_number<std::uint32_t>();
        for (const json::value& sayings : value->at("labels").as_array()) {
            policy::Label& label = archive.labels_[number++];
            for (const json::value& saying : sayings.as_array())
                label.add({saying.at(0).to_number<std::uint8_t>(),
                           saying.at(1).to_number<std::uint8_t>(),
                           saying.at(2).to_number<std::uint16_t>(),
                           saying.at(3).to_number<std::uint32_t>()});
        }
        archive.digest_ = value->at("policy").as_string().c_str();
    } catch (const std::exception&) {
        return {};
    }
    return archive;
}

const policy::Label* LabelArchive::find(std::uint32_t number) const {
    const auto found = labels_.find(number);
    return found == labels_.end() ? nullptr : &found->second;
}

} // namespace bailiff::session
