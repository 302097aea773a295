#include "journal/collapser.h"

#include <cstring>
#include <utility>

#include "journal/describe.h"

namespace bailiff::journal {
namespace {

// Fields with their lengths in front: no two records spell the same key by accident or design.
class Key {
public:
    Key& add(const std::string& text) {
        add(text.size());
        bytes_ += text;
        return *this;
    }
    Key& add(std::uint64_t number) {
        bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
        return *this;
    }
    Key& add(const v1::Rule& rule) {
        return add(rule.file()).add(rule.line()).add(rule.column()).add(rule.profile());
    }
    [[nodiscard]] Sha256 digest() const { return sha256(bytes_); }

private:
    std::string bytes_;
};

bool is_refusal(const v1::Record& record) {
    return record.kind() == "session.refused";
}

bool is_execution(const v1::Record& record) {
    return record.kind() == "exec" || record.kind() == "unbound";
}

// Whose ten a second a record is one of.
Sha256 budget_of(const v1::Record& record) {
    if (is_refusal(record)) return Key().add(record.kind()).add(record.process().uid()).digest();
    return Key().add(record.session()).add(record.rule()).digest();
}

Sha256 identity(const v1::Record& record) {
    const v1::Object& object = record.object();
    Key key;
    key.add(record.session()).add(record.kind()).add(record.hook()).add(record.right());
    key.add(record.agent()).add(record.process().uid());
    if (is_refusal(record)) key.add(record.message());
    key.add(record.approval());
    key.add(record.verdict())
        .add(record.reason())
        .add(record.would_deny())
        .add(record.relaxed())
        .add(record.rule());
    key.add(record.process().executable());
    key.add(object.path()).add(object.address()).add(object.port()).add(object.protocol());
    for (const std::string& argument : object.argv()) key.add(argument);
    // A name that is cut or missing does not say which object it was.
    if (object.path().empty() || object.path_truncated())
        key.add(object.device()).add(object.inode()).add(object.generation());
    // What was run is the point of such a record, and the path is only half of it.
    if (is_execution(record))
        for (const std::string& argument : record.process().argv()) key.add(argument);
    return key.digest();
}

const std::string& first_time(const v1::Record& record) {
    return record.first_time().empty() ? record.time() : record.first_time();
}

const std::string& last_time(const v1::Record& record) {
    return record.last_time().empty() ? record.time() : record.last_time();
}

void collapse(std::optional<v1::Record>& collapsed, v1::Record record) {
    const std::uint64_t count = event_count(record) + (collapsed ? collapsed->count() : 0);
    const std::string first = collapsed ? collapsed->first_time() : first_time(record);
    const std::string last = last_time(record);
    collapsed = std::move(record);
    collapsed->set_count(count);
    collapsed->set_first_time(first);
    collapsed->set_last_time(last);
}

} // namespace

std::size_t Collapser::KeyHash::operator()(const Sha256& key) const {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof(hash));
    return hash;
}

std::vector<v1::Record> Collapser::offer(v1::Record record, std::uint64_t now_boot_ns) {
    std::vector<v1::Record> out = flush(now_boot_ns);
    const bool refusal = is_refusal(record);
    const bool denial = refusal || record.verdict() == "deny";
    if (!denial && !is_execution(record) && record.verdict() != "audit") {
        out.push_back(std::move(record));
        return out;
    }
    const Sha256 whose = budget_of(record);
    const bool in_budget = denial && within_budget(whose, now_boot_ns);
    Sha256 key = identity(record);
    auto found = windows_.find(key);
    if (found == windows_.end() && refusal && !in_budget) found = windows_.find(key = whose);
    if (found != windows_.end()) {
        // Once one waits, the later ones do too: the journal keeps them in order.
        auto& collapsed = found->second->collapsed;
        if (in_budget && !collapsed)
            out.push_back(std::move(record));
        else
            collapse(collapsed, std::move(record));
        return out;
    }
    make_room(out);
    Windows& windows = denial ? denials_ : observations_;
    windows.push_back({key, now_boot_ns, std::nullopt});
    windows_.emplace(key, std::prev(windows.end()));
    out.push_back(std::move(record));
    return out;
}

bool Collapser::within_budget(const Sha256& whose, std::uint64_t now) {
    // A full table starts again: that writes more than it must, and loses nothing.
    if (budgets_.size() >= max_keys_) budgets_.clear();
    Budget& budget = budgets_[whose];
    if (budget.used == 0 || now - budget.start >= kDenialWindowNs) budget = {now, 0};
    return ++budget.used <= kDenialsPerWindow;
}

void Collapser::close_oldest(Windows& windows, std::vector<v1::Record>& out) {
    Window& oldest = windows.front();
    if (oldest.collapsed) out.push_back(std::move(*oldest.collapsed));
    windows_.erase(oldest.key);
    windows.pop_front();
}

void Collapser::make_room(std::vector<v1::Record>& out) {
    if (windows_.size() < max_keys_) return;
    const bool denial_is_older =
        observations_.empty() ||
        (!denials_.empty() && denials_.front().start <= observations_.front().start);
    close_oldest(denial_is_older ? denials_ : observations_, out);
}

std::vector<v1::Record> Collapser::flush(std::uint64_t now_boot_ns) {
    std::vector<v1::Record> out;
    while (!denials_.empty() && now_boot_ns - denials_.front().start >= kDenialWindowNs)
        close_oldest(denials_, out);
    while (!observations_.empty() &&
           now_boot_ns - observations_.front().start >= kObservationWindowNs)
        close_oldest(observations_, out);
    // A budget that starts again too early writes a few records more, and loses none.
    if (denials_.empty()) budgets_.clear();
    return out;
}

std::vector<v1::Record> Collapser::flush_all() {
    std::vector<v1::Record> out;
    while (!denials_.empty()) close_oldest(denials_, out);
    while (!observations_.empty()) close_oldest(observations_, out);
    budgets_.clear();
    return out;
}

} // namespace bailiff::journal
