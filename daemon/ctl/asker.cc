#include "ctl/asker.h"

#include <signal.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "ctl/approvals.h"
#include "ctl/denial.h"

namespace bailiff::ctl {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kLongPoll = 5'000; // milliseconds
constexpr milliseconds kPause{100};        // between two answers without news
constexpr milliseconds kAfterFailure{1'000};

} // namespace

// What a program writes can have a terminal send keys, and what it says must be no answer.
std::string make_code() {
    std::uint32_t number = 0;
    while (getrandom(&number, sizeof(number), 0) != sizeof(number)) continue;
    char text[8];
    std::snprintf(text, sizeof(text), "%04u", number % 10'000U);
    return text;
}

Asker::Asker(Terminal terminal, const std::string& socket, std::string session, std::uint64_t after)
    : terminal_(std::move(terminal)),
      session_(std::move(session)),
      after_(after),
      client_(socket) {}

void Asker::start() {
    thread_ = std::thread([this] { watch(); });
}

void Asker::stop() {
    if (!thread_.joinable()) return;
    client_.cancel();
    thread_.join();
}

void Asker::watch() {
    // Whoever took the terminal meanwhile must not have this process stopped.
    sigset_t terminal_signals;
    sigemptyset(&terminal_signals);
    sigaddset(&terminal_signals, SIGTTIN);
    sigaddset(&terminal_signals, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &terminal_signals, nullptr);
    for (;;) {
        const std::uint64_t before = after_;
        const Status read = read_once();
        const milliseconds rest = !read              ? kAfterFailure
                                  : after_ == before ? kPause
                                                     : milliseconds(0);
        if (!client_.pause(rest)) return;
    }
}

Status Asker::read_once() {
    v1::ReadEventsRequest request;
    request.set_session(session_);
    request.set_verdict("hold");
    request.set_after(after_);
    request.set_wait_ms(kLongPoll);
    v1::ReadEventsResponse response;
    if (Status read = client_.call("ReadEvents", request, response); !read) return read;
    for (const v1::Record& record : response.records()) meet(record);
    after_ = std::max(after_, response.next());
    return {};
}

Result<bool> Asker::waits(const std::string& id, v1::Approval& approval) {
    v1::GetApprovalRequest request;
    request.set_approval(id);
    v1::GetApprovalResponse response;
    if (Status got = client_.call("GetApproval", request, response); !got)
        return tl::unexpected<Error>(got.error());
    approval = response.approval();
    return approval.answer().empty() && approval.seconds_left() > 0;
}

void Asker::meet(const v1::Record& record) {
    v1::Approval approval;
    if (record.approval().empty()) return;
    const Result<bool> open = waits(record.approval(), approval);
    if (open ? !*open : open.error().code() == ErrorCode::kNotFound) return;
    // What cannot be asked now is told, with the command that answers it.
    const bool asks = open && approval.may_answer();
    if (!asks || !terminal_.is_foreground()) terminal_.say(denial_line(record) + "\n");
    if (asks) ask(approval);
}

void Asker::ask(const v1::Approval& approval) {
    const std::string code = make_code();
    const auto stands = [&] {
        v1::Approval now;
        const Result<bool> open = waits(approval.id(), now);
        return open ? *open : open.error().code() != ErrorCode::kNotFound;
    };
    const auto typed = terminal_.ask("\nbailiff: an act of this session waits for you\n" +
                                         approval_text(approval) + "type " + code +
                                         " to let it happen this once, anything else to deny it: ",
                                     client_.cancelled_fd(), stands);
    if (typed) return answer(approval.id(), *typed == code);
    terminal_.say("\nbailiff: " + approval.id() + " is asked for no more at this terminal\n");
}

void Asker::answer(const std::string& id, bool approve) {
    v1::AnswerApprovalRequest request;
    request.set_approval(id);
    request.set_approve(approve);
    request.set_reason("at the terminal");
    v1::AnswerApprovalResponse response;
    const Status answered = client_.call("AnswerApproval", request, response);
    if (!answered)
        return terminal_.say("bailiff: no answer was given: " + answered.error().message() +
                             "; to try again: bailiffctl approvals list\n");
    terminal_.say(approve ? "bailiff: approved, for this once\n" : "bailiff: denied\n");
}

} // namespace bailiff::ctl
