#include "ctl/watcher.h"

#include <algorithm>
#include <cstdio>

#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongPoll{5'000};
constexpr milliseconds kShortestPoll{100}; // between two answers without news
constexpr milliseconds kAfterFailure{1'000};

} // namespace

Watcher::Watcher(const RunOptions& options, const v1::Session& session, std::uint64_t after)
    : options_(options), session_(session.id()), client_(options.socket) {
    denials_.set_after(after);
    if (!options.token.command.empty() && session.seconds_left() > 0) {
        plan_.opened(now(), session.seconds_left());
    }
}

RenewalPlan::Time Watcher::now() const {
    return RenewalPlan::Time(clock_.boot_nanos());
}

void Watcher::start() {
    thread_ = std::thread([this] { watch(); });
}

void Watcher::stop() {
    if (!thread_.joinable()) return;
    client_.cancel();
    thread_.join();
}

Status Watcher::read_once(Client& client, milliseconds wait, bool& more) {
    v1::ReadEventsRequest request;
    request.set_session(session_);
    request.set_verdict(options_.interactive ? "deny" : "hold,deny");
    request.set_after(denials_.after());
    request.set_wait_ms(static_cast<std::uint32_t>(wait.count()));
    v1::ReadEventsResponse response;
    if (Status read = client.call("ReadEvents", request, response); !read) return read;
    for (const v1::Record& record : response.records()) {
        if (!denials_.is_news(record)) continue;
        std::fprintf(stderr, "%s\n", denial_line(record).c_str());
        if (!denials_.is_full()) continue;
        std::fprintf(stderr, "bailiff: more are in bailiffctl events --session %s\n",
                     journal::escape(session_).c_str());
    }
    more = response.more() && response.next() > denials_.after();
    denials_.set_after(std::max(denials_.after(), response.next()));
    return {};
}

void Watcher::drain(Client& client, milliseconds wait) {
    bool more = true;
    while (more) {
        more = false;
        if (!read_once(client, wait, more)) return;
        wait = milliseconds(0);
    }
}

void Watcher::watch() {
    bool silent = false; // the last call failed, and that has been said
    for (;;) {
        const RenewalPlan::Time time = now();
        if (plan_.is_due(time)) renew();
        const auto until_due = std::chrono::ceil<milliseconds>(
            std::min<RenewalPlan::Time>(plan_.due() - time, kLongPoll));
        const std::uint64_t before = denials_.after();
        bool more = false;
        const Status read = read_once(client_, std::max(until_due, milliseconds(0)), more);
        if (!client_.pause(milliseconds(0))) return;
        if (!read && !silent) {
            std::fprintf(stderr, "bailiff: denials cannot be shown now: %s\n",
                         read.error().message().c_str());
        }
        silent = !read;
        const bool news = denials_.after() != before;
        const milliseconds rest = read ? kShortestPoll : kAfterFailure;
        if ((!read || !news) && !client_.pause(rest)) return;
    }
}

void Watcher::renew() {
    const Status renewed = try_renew();
    if (renewed) return;
    const RenewalPlan::Time failed_at = now();
    plan_.failed(failed_at);
    if (!client_.pause(milliseconds(0))) return;
    const auto again = std::chrono::ceil<std::chrono::seconds>(plan_.due() - failed_at).count();
    std::fprintf(stderr, "bailiff: the session is not renewed: %s%s\n",
                 journal::escape(renewed.error().message()).c_str(),
                 plan_.is_planned() ? ("; next try in " + std::to_string(again) + " s").c_str()
                                    : "; it will expire");
}

Status Watcher::try_renew() {
    Result<std::string> token = read_token(options_.token, client_.cancelled_fd());
    if (!token) return tl::unexpected<Error>(token.error());
    const Result<std::string> proof = make_proof(options_, *token, client_.cancelled_fd());
    v1::RenewSessionRequest request;
    if (proof) {
        request.set_session(session_);
        request.set_token(*token);
        request.set_proof(*proof);
    }
    wipe(*token);
    if (!proof) return tl::unexpected<Error>(proof.error());
    v1::RenewSessionResponse response;
    const Status renewed = client_.call("RenewSession", request, response);
    wipe(*request.mutable_token());
    wipe(*request.mutable_proof());
    if (!renewed) return renewed;
    plan_.opened(now(), response.session().seconds_left());
    if (response.session().seconds_left() <= 0) plan_.never();
    return {};
}

} // namespace bailiff::ctl
