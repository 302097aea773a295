#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <sstream>
#include <string_view>

#include "bailiffd/service.h"
#include "journal/utf8.h"

namespace bailiff::daemon {
namespace {

constexpr std::uint32_t kMaxWait = 10'000; // milliseconds
constexpr std::uint32_t kMaxRecords = 1000;
constexpr std::uint64_t kMaxScan = 1U << 20; // bytes of the journal that are read at a stretch
constexpr std::chrono::seconds kLongestSearch{2};

// From "hold,deny".
Result<std::vector<std::string>> parse_verdicts(const std::string& text) {
    static constexpr std::array<std::string_view, 5> kVerdicts{"allow", "audit", "preserve", "hold",
                                                               "deny"};
    std::vector<std::string> found;
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, ',');) {
        if (std::find(kVerdicts.begin(), kVerdicts.end(), word) == kVerdicts.end())
            return fail(ErrorCode::kInvalidArgument,
                        "no record has the verdict \"" + std::string(journal::cut_utf8(word, 64)) +
                            "\"; expected allow, audit, preserve, hold or deny");
        found.push_back(std::move(word));
    }
    return found;
}

} // namespace

Result<journal::Filter> ControlService::filter_for(const api::Caller& caller,
                                                   const v1::ReadEventsRequest& request) const {
    auto verdicts = parse_verdicts(request.verdict());
    if (!verdicts) return tl::unexpected(verdicts.error());
    const api::RoleSet all{api::Role::kAuditor, api::Role::kOperator};
    const bool sees_all = caller.roles.meets(all);
    if (!request.session().empty() && !sees_all)
        if (const auto session = visible(caller, request.session(), all); !session)
            return tl::unexpected(session.error());
    journal::Filter filter;
    filter.session = request.session();
    filter.verdicts = std::move(*verdicts);
    filter.after = request.after();
    filter.limit = std::min(request.limit() == 0 ? kMaxRecords : request.limit(), kMaxRecords);
    filter.max_scan = kMaxScan;
    if (request.session().empty() && !sees_all)
        filter.visible = [this, uid = caller.peer.uid](const std::string& name) {
            const session::Session* session = manager_.find(name);
            return session != nullptr && session->uid == uid;
        };
    return filter;
}

boost::asio::awaitable<Result<v1::ReadEventsResponse>> ControlService::read_events(
    const api::Caller& caller, const v1::ReadEventsRequest& request) {
    using std::chrono::steady_clock;
    Result<journal::Filter> filter = filter_for(caller, request);
    if (!filter) co_return tl::unexpected(filter.error());
    const auto begun = steady_clock::now();
    const auto until = begun + std::chrono::milliseconds(std::min(request.wait_ms(), kMaxWait));
    while (true) {
        hooks_.drain_events();
        Result<journal::Page> page = journal_.read(*filter);
        if (!page) co_return tl::unexpected(page.error());
        filter->after = page->next;
        const auto now = steady_clock::now();
        const bool time_is_up = now >= until && (!page->more || now >= begun + kLongestSearch);
        if (!page->records.empty() || time_is_up) {
            v1::ReadEventsResponse response;
            for (v1::Record& record : page->records) *response.add_records() = std::move(record);
            response.set_next(page->next);
            response.set_more(page->more);
            co_return response;
        }
        if (page->more) // others have their turn before the search goes on
            co_await boost::asio::post(co_await boost::asio::this_coro::executor,
                                       boost::asio::use_awaitable);
        else
            co_await journal_.wait(*filter,
                                   std::chrono::ceil<std::chrono::milliseconds>(until - now));
    }
}

} // namespace bailiff::daemon
