#include <netinet/in.h>

#include <algorithm>
#include <set>

#include "policy/compile.h"

namespace bailiff::policy {
namespace {

// A network rule with its words parsed.
struct Parsed {
    std::vector<Prefix> to;
    std::uint8_t protocol = 0;     // 0: any
    std::set<std::uint16_t> ports; // empty: any
    Label label;

    [[nodiscard]] bool speaks_for(std::uint8_t wanted_protocol, std::uint16_t wanted_port) const {
        if (protocol != 0 && protocol != wanted_protocol) return false;
        return ports.empty() || ports.contains(wanted_port);
    }
};

Parsed parse_rule(Image& image, const Document& document, const v1::Profile& profile,
                  const v1::NetworkRule& rule) {
    Parsed parsed;
    std::string text;
    for (const std::string& to : rule.to()) {
        text += (text.empty() ? " to " : ", ") + to;
        if (const auto prefix = parse_prefix(to)) parsed.to.push_back(*prefix);
    }
    if (rule.to_size() == 0) parsed.to = {all_v4(), all_v6()};
    parsed.protocol = parse_protocol(rule.protocol()).value_or(0);
    if (!rule.protocol().empty()) text += " " + rule.protocol();
    for (int i = 0; i < rule.port_size(); i++) {
        text += (i == 0 ? " port " : ", ") + std::to_string(rule.port(i));
        parsed.ports.insert(static_cast<std::uint16_t>(rule.port(i)));
    }
    std::uint8_t verdict = BAILIFF_VERDICT_DENY;
    if (rule.verdict() == v1::allow) verdict = BAILIFF_VERDICT_ALLOW;
    if (rule.verdict() == v1::audit) verdict = BAILIFF_VERDICT_AUDIT;
    std::set<std::uint8_t> rights;
    for (const int right : rule.rights())
        rights.insert(right == v1::bind ? BAILIFF_RIGHT_BIND : BAILIFF_RIGHT_CONNECT);
    if (rights.empty()) rights = {BAILIFF_RIGHT_CONNECT};
    std::string what = verdict_name(verdict);
    for (const std::uint8_t right : rights) what += std::string(" ") + right_name(right);
    const std::uint32_t source =
        add_rule(image, document.at(rule, 1, -1), profile.name(), what + text);
    for (const std::uint8_t right : rights)
        for (const std::uint16_t bit : bits_of(image, profile.name()))
            parsed.label.add({right, verdict, bit, source});
    return parsed;
}

// What stands for one address block, protocol and port: from the longest prefix to the shortest.
Label settle(const std::vector<Parsed>& rules, const std::vector<Prefix>& prefixes,
             const Prefix& here, std::uint8_t protocol, std::uint16_t port) {
    std::vector<Prefix> covering;
    for (const Prefix& prefix : prefixes)
        if (prefix.covers(here)) covering.push_back(prefix);
    std::sort(covering.begin(), covering.end(),
              [](const Prefix& a, const Prefix& b) { return a.length > b.length; });
    Label label;
    for (const Prefix& prefix : covering) {
        Label at_prefix;
        for (const Parsed& rule : rules)
            if (rule.speaks_for(protocol, port) &&
                std::find(rule.to.begin(), rule.to.end(), prefix) != rule.to.end())
                at_prefix.merge(rule.label);
        label.inherit(at_prefix);
    }
    return label;
}

} // namespace

void compile_network(const Document& document, Image& image) {
    std::vector<Parsed> rules;
    for (const v1::Profile& profile : document.policy.profiles())
        for (const v1::NetworkRule& rule : profile.network())
            rules.push_back(parse_rule(image, document, profile, rule));
    // Both worlds always have a class of their own, so that ::/0 never covers an IPv4 address.
    std::set<Prefix> distinct = {all_v4(), all_v6()};
    std::set<std::uint16_t> ports;
    std::set<std::uint8_t> protocols = {IPPROTO_TCP, IPPROTO_UDP};
    for (const Parsed& rule : rules) {
        distinct.insert(rule.to.begin(), rule.to.end());
        ports.insert(rule.ports.begin(), rule.ports.end());
        if (rule.protocol != 0) protocols.insert(rule.protocol);
    }
    const std::vector<Prefix> prefixes(distinct.begin(), distinct.end());
    std::uint32_t number = 0;
    for (const Prefix& prefix : prefixes) {
        image.addresses.push_back({prefix, ++number});
        const auto put = [&](std::uint8_t protocol, std::uint16_t port) {
            Label label = settle(rules, prefixes, prefix, protocol, port);
            image.ports.push_back({number, protocol, port, std::move(label)});
        };
        put(0, 0);
        for (const std::uint8_t protocol : protocols) {
            put(protocol, 0);
            if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) continue;
            for (const std::uint16_t port : ports) put(protocol, port);
        }
    }
}

} // namespace bailiff::policy
