# What becomes of the processes that a session leaves, and how an operator gets out.
# shellcheck shell=bash

# A session of agent:worker, whose policy says on_end: deny, that leaves a process behind.
leave() { # ACTOR TTL COMMAND
    as bot bailiffctl run --token-file "$(token --actor "$1" --ttl "$2")" -- bash -c "$3"
}
# By the whole command line: bailiffctl's own holds that of the command, before a session is open.
runs() { pgrep -fx "$1" >/dev/null; }
none_runs() { ! runs "$1"; }

case_what_a_session_leaves_is_killed_or_denied_as_the_policy_says() {
    leave agent:mayfly 10m 'setsid sleep 7001 & setsid sleep 7001 & sleep 1'
    wait_for 30 "the end of what it left" none_runs 'sleep 7001'
    has "$(bailiffctl events --json | grep session.killed | tail -n 1)" '"killed":2' "the record"
    leave agent:worker 10m 'setsid sleep 7002 & sleep 1'
    sleep 3
    runs 'sleep 7002' || fail "on_end: deny killed it"
    pkill -KILL -fx 'sleep 7002'
}

case_a_revoked_session_is_killed_whole() {
    local waiting id
    leave agent:mayfly 10m 'setsid sleep 7003 & sleep 7004' 2>"$logs/mayfly" &
    waiting=$!
    wait_for 60 "the session" one_is_open
    id=$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)
    has "$(bailiffctl session show "$id")" "kill what is left"
    wait_for 60 "the one left" runs 'sleep 7003'
    wait_for 60 "the command" runs 'sleep 7004'
    bailiffctl session revoke "$id" --reason enough >/dev/null || fail "not revoked"
    wait $waiting
    same $? 137 "the command's status"
    wait_for 30 "the end of the tree" none_runs 'sleep 700[34]'
    has "$(cat "$logs/mayfly")" "was revoked by uid 0 (root): enough" "what run says"
}

# A flood of denials keeps nobody from revoking the session that makes it.
case_a_session_that_is_denied_all_the_time_is_revoked() {
    local waiting id begun
    leave agent:mayfly 10m 'exec perl -e "fork; fork; while (1) { open(F, q(<), q(/srv/secret/file)) }"' 2>"$logs/mayfly" &
    waiting=$!
    wait_for 60 "the session" one_is_open
    id=$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)
    sleep 3
    begun=$SECONDS
    bailiffctl session revoke "$id" --reason enough >/dev/null || fail "not revoked"
    wait $waiting
    same $? 137 "the command's status"
    ((SECONDS - begun <= 20)) || fail "it took $((SECONDS - begun)) s"
}

case_an_expired_session_that_sleeps_is_killed() {
    leave agent:mayfly 10s 'sleep 7005' 2>/dev/null
    same $? 137 "the command's status"
    wait_for 30 "the end of it" none_runs 'sleep 7005'
}

# The kernel programs alone. The sleeper does nothing and so is not met; the next bailiffd ends it.
case_with_both_daemons_dead_the_first_denied_call_kills() {
    local waiting
    leave agent:mayfly 20s 'setsid sleep 7006 & exec perl -e "while (1) { open(my \$f, q(<), q(/etc/hostname)); select(undef, undef, undef, 0.1) }"' 2>/dev/null &
    waiting=$!
    wait_for 60 "the sleeper" runs 'sleep 7006'
    wait_for 60 "the busy one" runs 'perl .*'
    stop KILL "$daemon_pid"
    stop KILL "$kernel_pid"
    wait $waiting
    same $? 137 "the status of a process that was busy"
    start_kernel
    start_daemon
    wait_for 30 "the end of the sleeper" none_runs 'sleep 7006'
    wait_for 90 "ENFORCING" posture_is "$(expected_posture)"
}

nothing_is_pinned() { [[ ! -e /sys/fs/bpf/bailiff ]]; }
# Without that of the case that starts the daemons late.
detachments() { bailiffctl events --json | grep '"kind":"daemon.detached"' | grep -v "to start late"; }
as_root_in_a_session() { bailiffctl run --token-file "$(token)" -- "$@"; }

case_only_root_outside_every_session_may_detach() {
    local said waiting
    said=$(as bot bailiffctl detach --reason "I want out" 2>&1) && fail "a user detached"
    has "$said" "only root may detach"
    said=$(bailiffctl detach 2>&1)
    same $? 2 "without a reason"
    said=$(bailiffctl detach --reason ' ' 2>&1) && fail "detached with an empty reason"
    sed -i 's/presented_by: \[bot, /presented_by: [root, bot, /' /etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null || fail "the policy for root was not loaded"
    said=$(as_root_in_a_session bailiffctl detach --reason "I want out" 2>&1) && fail "a session detached"
    has "$said" "this process is subject to session s-"
    # The same where no daemon can tell.
    # shellcheck disable=SC2016
    as_root_in_a_session bash -c 'until [[ -e /srv/work/bot/end ]]; do sleep 0.2; done; bailiffctl detach --reason "I want out"; echo "status $?"' >"$logs/out" 2>&1 &
    waiting=$!
    wait_for 60 "the session" one_is_open
    stop KILL "$daemon_pid"
    touch $work/bot/end
    wait $waiting
    rm -f $work/bot/end
    has "$(cat "$logs/out")" "only root outside every session and agent may detach"
    has "$(cat "$logs/out")" "status 1"
    kill -0 "$kernel_pid" || fail "the session stopped bailiff-kernel"
    start_daemon
    usual_policy
    same "$(state)" "$(expected_posture)" "posture afterwards"
    same "$(detachments)" "" "what was recorded"
}

case_detaching_ends_enforcement_and_says_who_and_why() {
    local said waiting
    session perl -e 'until (-e "/srv/work/bot/end") { print "READ\n" if open(my $file, "<", "/srv/secret/file"); sleep 1 }' >"$logs/freed" 2>/dev/null &
    waiting=$!
    wait_for 60 "the session" one_is_open
    sleep 2
    has_not "$(cat "$logs/freed")" READ "what was read before"
    said=$(bailiffctl detach --reason "the policy locks us out") || fail "not detached: $said"
    has "$said" "detached by uid 0 (root)"
    nothing_is_pinned || fail "pins are left"
    kill -0 "$kernel_pid" 2>/dev/null && fail "bailiff-kernel runs on"
    wait_for 30 "DOWN" posture_is DOWN
    said=$(bailiffctl status)
    same $? 2 "exit status of status"
    has "$said" "DOWN: detached by uid 0 (root) at 20" status
    has "$said" ": the policy locks us out" status
    session true 2>"$logs/refused"
    same $? 125 "a session after that"
    touch $work/bot/end
    wait $waiting
    rm -f $work/bot/end
    has "$(cat "$logs/freed")" READ "what was read afterwards"
    has "$(grep daemon.detached /var/lib/bailiff/journal/journal.jsonl)" "the policy locks us out" "the record"
    stop TERM "$daemon_pid"
    start_kernel
    start_daemon
    same "$(state)" "$(expected_posture)" "posture when it is attached again"
    same "$(detachments | wc -l)" 1 "records of it"
    session cat /srv/secret/file 2>/dev/null && fail "the secret was read"
}

case_detaching_works_with_dead_daemons_and_is_recorded_by_the_next() {
    local said
    stop KILL "$daemon_pid"
    stop KILL "$kernel_pid"
    bailiffctl detach --reason "both are dead" >/dev/null || fail "not detached"
    nothing_is_pinned || fail "pins are left"
    said=$(bailiffctl status 2>/dev/null)
    same $? 2 "exit status of status"
    has "$said" "DOWN: detached by uid 0 (root) at 20" status
    has "$said" ": both are dead" status
    has "$(bailiffctl status --json 2>/dev/null)" '"posture":"DOWN"' "status as JSON"
    said=$(bailiffctl detach --reason "once more" 2>&1) && fail "detached what is not attached"
    has "$said" "nothing is attached"
    start_kernel
    start_daemon
    has "$(detachments | tail -n 1)" "both are dead" "the record"
    same "$(state)" "$(expected_posture)" "posture when it is attached again"
    [[ ! -e /var/lib/bailiff/detached.json ]] || fail "the note of it is left"
}

reads_the_secret() { [[ -e $work/bot/read ]]; }
does_not_read() {
    rm -f $work/bot/read
    sleep 1
    [[ ! -e $work/bot/read ]]
}

case_break_glass_relaxes_one_session_for_a_while() {
    local waiting id glass said
    # shellcheck disable=SC2016
    session perl -e 'while (!-e "/srv/work/bot/end") {
        if (open(my $f, "<", "/srv/secret/file")) { open(my $o, ">", "/srv/work/bot/read") }
        select(undef, undef, undef, 0.2) }' 2>/dev/null &
    waiting=$!
    wait_for 60 "the session" one_is_open
    id=$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)
    does_not_read || fail "the secret was read with no break-glass"
    glass=$(mktemp "$logs/glass.XXXXXX")
    bailiffctl dev break-glass-token --issuer $issuer --session "$id" --sub user:carol --ttl 20s >"$glass"
    said=$(bailiffctl break-glass "$id" --token-file "$glass" --reason "$(printf ' ')" 2>&1) && fail "no reason was asked for"
    has "$said" "bytes that say why"
    said=$(bailiffctl break-glass "$id" --token-file "$glass" --reason outage 2>&1) || fail "refused: $said"
    has "$said" "session $id is relaxed until 2"
    wait_for 15 "reading the secret" reads_the_secret
    has "$(bailiffctl status)" "1 active, the first expires" "status"
    has "$(bailiffctl status)" "; 1 relaxed by break-glass" "status"
    has "$(bailiffctl session list)" "  relaxed  " "the list"
    said=$(bailiffctl break-glass "$id" --token-file "$glass" --reason again 2>&1) && fail "the token was taken twice"
    has "$said" "used"
    wait_for 60 "the end of it" does_not_read
    wait_for 10 "the record of its end" bash -c "bailiffctl events --json | grep '\"session.enforced\"'"
    has "$(bailiffctl events --session "$id" --json)" '"relaxed":true' "the events"
    has "$(bailiffctl events --session "$id")" "vouched for by user:carol" "the events"
    bailiffctl session revoke "$id" --reason enough >/dev/null
    touch $work/bot/end
    pkill -KILL -fx 'perl -e while .*'
    wait $waiting
    rm -f $work/bot/end $work/bot/read
}
