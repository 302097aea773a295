#include "policy/spelling.h"

#include <algorithm>
#include <numeric>

namespace bailiff::policy {
namespace {

std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); i++) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); j++) {
            const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, change});
        }
    }
    return row[b.size()];
}

} // namespace

std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& known) {
    std::optional<std::string> best;
    std::size_t fewest = 3;
    if (word.empty() || word.size() > 64) return best;
    for (const std::string& candidate : known) {
        const std::size_t count = edits(word, candidate);
        if (count >= fewest || count >= candidate.size()) continue;
        fewest = count;
        best = candidate;
    }
    return best;
}

} // namespace bailiff::policy
