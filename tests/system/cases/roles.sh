# Who may call what, as control.proto has it, through curl.
# shellcheck shell=bash

methods=(OpenSession RenewSession EndSession RevokeSession ListSessions GetSession ReadEvents GetStatus BreakGlass ListApprovals GetApproval AnswerApproval ListStandingAnswers WithdrawStandingAnswer ListPreserved RestorePreserved ReloadPolicy GetRefusal WhoAmI)

# reached CALLER: the methods that the API does not refuse with permission_denied, with blanks around.
reached() {
    # shellcheck disable=SC2016
    local ask=(bash -c 'for method; do
        curl -sS --max-time 60 --unix-socket /run/bailiff/control.sock -H "Content-Type: application/json" -d "{}" "http://localhost/bailiff.v1.Control/$method" |
            grep -q "^{\"code\":\"permission_denied\"" || echo "$method"
        done' ask "${methods[@]}")
    case $1 in
        nobody) ask=(setpriv --reuid 4711 --regid 4711 --clear-groups "${ask[@]}") ;;
        user) ask=(as bot "${ask[@]}") ;;
        auditor | approver | operator) ask=(setpriv --reuid 4711 --regid "$1" --clear-groups "${ask[@]}") ;;
        unbound) ask=(as bot-uid "${ask[@]}") ;;
        subject) ask=(session "${ask[@]}") ;;
    esac
    echo " $("${ask[@]}" | paste -sd' ') "
}

case_each_caller_reaches_what_it_may_and_nothing_else() {
    local caller
    local -A may=(
        [nobody]=" GetRefusal WhoAmI "
        [user]=" OpenSession RenewSession EndSession RevokeSession ListSessions GetSession ReadEvents GetStatus ListApprovals GetApproval AnswerApproval ListStandingAnswers WithdrawStandingAnswer ListPreserved RestorePreserved GetRefusal WhoAmI "
        [auditor]=" ListSessions GetSession ReadEvents GetStatus ListApprovals GetApproval ListStandingAnswers ListPreserved GetRefusal WhoAmI "
        [approver]=" GetStatus ListApprovals GetApproval AnswerApproval ListStandingAnswers WithdrawStandingAnswer GetRefusal WhoAmI "
        [operator]=" EndSession RevokeSession ListSessions GetSession ReadEvents GetStatus BreakGlass ListApprovals GetApproval ListStandingAnswers ListPreserved RestorePreserved ReloadPolicy GetRefusal WhoAmI "
        [unbound]=" OpenSession RenewSession EndSession GetSession ReadEvents GetRefusal WhoAmI "
        [subject]=" GetRefusal WhoAmI "
    )
    groupadd -f auditor
    groupadd -f approver
    groupadd -f operator
    groupadd -f worker
    usermod -a -G worker bot
    usermod -a -G worker bot-uid
    sed -i 's/^  user: .*/  user: [worker]/; s/^  auditor: .*/  auditor: [auditor]\n  approver: [approver]\n  operator: [operator]/' /etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null || fail "the policy with its roles was not loaded"
    for caller in "${!may[@]}"; do
        same "$(reached "$caller")" "${may[$caller]}" "$caller reaches"
    done
    usual_policy
}

case_a_plain_user_sees_the_events_of_its_sessions() {
    local said
    session true
    said=$(as bot bailiffctl events --json 2>&1) || fail "refused: $said"
    has "$said" '"kind":"session.opened"'
    has_not "$said" '"kind":"daemon.started"'
    said=$(cd / && setpriv --reuid 4711 --regid 4711 --clear-groups bailiffctl events --json 2>&1)
    has_not "$said" '"kind":"session.opened"' "what a stranger sees"
}

case_a_session_cannot_lock_its_user_out() {
    local waiting
    session perl -MIO::Socket::UNIX -e 'for (1 .. 300) { push @all, IO::Socket::UNIX->new(Peer => "/run/bailiff/control.sock") }
        open(my $mark, ">", "/srv/work/bot/hoarding"); sleep 20 while !-e "/srv/work/bot/end"' 2>/dev/null &
    waiting=$!
    wait_for 60 "the hoard" test -e $work/bot/hoarding
    has "$(as bot bailiffctl whoami)" "roles: user" "the user's own call"
    same "$(state)" ENFORCING "root's call"
    as bot bailiffctl session revoke "$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)" >/dev/null || fail "the user could not revoke it"
    pkill -KILL -f 'hoarding'
    wait $waiting
    rm -f $work/bot/hoarding
}
