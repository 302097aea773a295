#include <netinet/in.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/class_rules.h"
#include "policy/compile.h"
#include "policy/limits.h"

namespace bailiff::policy {
namespace {

using Place = std::pair<std::uint8_t, std::uint16_t>; // protocol and port; 0: any

// A network rule with its words parsed.
struct Parsed {
    std::set<Prefix> to;
    std::uint8_t protocol = 0;     // 0: any
    std::set<std::uint16_t> ports; // empty: any
    Label label;
    Position at;
};

Parsed parse_rule(Image& image, const v1::Profile& profile, const Given<v1::NetworkRule>& given) {
    const v1::NetworkRule& rule = *given.rule;
    Parsed parsed;
    std::string text;
    for (const std::string& to : rule.to()) {
        text += (text.empty() ? " to " : ", ") + to;
        if (const auto prefix = parse_prefix(to)) parsed.to.insert(*prefix);
    }
    if (rule.to_size() == 0) parsed.to = {all_v4(), all_v6()};
    parsed.protocol = parse_protocol(rule.protocol()).value_or(0);
    if (!rule.protocol().empty()) text += " " + rule.protocol();
    for (int i = 0; i < rule.port_size(); i++) {
        text += (i == 0 ? " port " : ", ") + std::to_string(rule.port(i));
        parsed.ports.insert(static_cast<std::uint16_t>(rule.port(i)));
    }
    const std::uint8_t verdict = verdict_of(profile, given.verdict);
    std::set<std::uint8_t> rights;
    for (const int right : rule.rights())
        rights.insert(right == v1::bind ? BAILIFF_RIGHT_BIND : BAILIFF_RIGHT_CONNECT);
    if (rights.empty()) rights = {BAILIFF_RIGHT_CONNECT};
    std::string what = given.says;
    for (const std::uint8_t right : rights) what += std::string(" ") + right_name(right);
    parsed.at = given.at;
    const std::uint32_t source = add_rule(image, parsed.at, profile.name(), what + text);
    const std::vector<std::uint16_t> bits = bits_of(image, profile.name());
    if (bits.empty()) return parsed; // no layer uses the profile
    const Unasked unasked = unasked_of(image, profile, given);
    for (const std::uint8_t right : rights)
        for (const std::uint16_t bit : bits)
            parsed.label.add({right, verdict, bit, source, {}, unasked});
    return parsed;
}

// Every address block, protocol and port that some rule names. Each block has a row for each of
// these.
class Rows {
public:
    // Both worlds always have a class of their own, so that ::/0 never covers an IPv4 address.
    std::set<Prefix> prefixes = {all_v4(), all_v6()};
    std::set<std::uint16_t> ports;
    std::set<std::uint8_t> protocols = {IPPROTO_TCP, IPPROTO_UDP};

    void add(const Parsed& rule) {
        prefixes.insert(rule.to.begin(), rule.to.end());
        ports.insert(rule.ports.begin(), rule.ports.end());
        if (rule.protocol != 0) protocols.insert(rule.protocol);
    }
    [[nodiscard]] std::size_t count() const {
        return prefixes.size() * (1 + protocols.size() + 2 * ports.size());
    }
    // The last is the most general one.
    [[nodiscard]] std::vector<Place> places() const {
        std::vector<Place> all;
        for (const std::uint8_t protocol : protocols) {
            if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
                for (const std::uint16_t port : ports) all.emplace_back(protocol, port);
            all.emplace_back(protocol, 0);
        }
        all.emplace_back(0, 0);
        return all;
    }
};

// What the rules that name one address block say, by the protocol and port they name.
using AtPrefix = std::map<Place, Label>;

// What all of them say about a protocol and port.
Label said(const AtPrefix& rules, const Place& place) {
    Label label;
    for (const Place& spoken :
         std::set<Place>{place, {place.first, 0}, Place(0, place.second), {0, 0}})
        if (const auto found = rules.find(spoken); found != rules.end()) label.merge(found->second);
    return label;
}

} // namespace

Status compile_network(const Document& document, Image& image) {
    Rows rows;
    std::vector<Parsed> rules;
    for (const v1::Profile& profile : document.policy.profiles()) {
        for (const Given<v1::NetworkRule>& given :
             rules_of(document, profile, &v1::Profile::network, &v1::Class::network)) {
            rules.push_back(parse_rule(image, profile, given));
            rows.add(rules.back());
            if (rows.count() > kMaxPortEntries)
                return fail(ErrorCode::kInvalidArgument,
                            rules.back().at.text() + ": with this rule the policy takes " +
                                std::to_string(rows.count()) +
                                " rows of the kernel's table of ports; expected at most " +
                                std::to_string(kMaxPortEntries) +
                                " (each address block takes two for each port of any rule)");
        }
    }
    std::map<Prefix, AtPrefix> by_prefix;
    for (const Parsed& rule : rules)
        for (const Prefix& prefix : rule.to) {
            AtPrefix& here = by_prefix[prefix];
            if (rule.ports.empty()) here[{rule.protocol, 0}].merge(rule.label);
            for (const std::uint16_t port : rule.ports)
                here[{rule.protocol, port}].merge(rule.label);
        }
    std::uint32_t number = 0;
    const std::vector<Place> places = rows.places();
    for (const Prefix& prefix : rows.prefixes) {
        image.addresses.push_back({prefix, ++number});
        std::vector<Prefix> covering; // from the longest to the shortest
        for (unsigned length = prefix.length + 1; length-- > 0;)
            if (const Prefix above = prefix.cut(length);
                above.covers(prefix) && by_prefix.contains(above))
                covering.push_back(above);
        for (const Place& place : places) {
            Label label;
            for (const Prefix& above : covering) label.inherit(said(by_prefix.at(above), place));
            image.ports.push_back({number, place.first, place.second, std::move(label)});
        }
    }
    return {};
}

} // namespace bailiff::policy
