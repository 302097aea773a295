# What becomes of the processes that a session leaves, and how an operator gets out.
# shellcheck shell=bash

# A session of agent:worker, whose policy says on_end: deny, that leaves a process behind.
leave() { # ACTOR TTL COMMAND
    as bot bailiffctl run --token-file "$(token --actor "$1" --ttl "$2")" -- bash -c "$3"
}
none_runs() { ! pgrep -f "$1" >/dev/null; }

case_what_a_session_leaves_is_killed_or_denied_as_the_policy_says() {
    leave agent:mayfly 10m 'setsid sleep 7001 & setsid sleep 7001 & sleep 1'
    wait_for 30 "the end of what it left" none_runs 'sleep 7001'
    has "$(bailiffctl events --json | grep session.killed | tail -n 1)" '"killed":2' "the record"
    leave agent:worker 10m 'setsid sleep 7002 & sleep 1'
    sleep 3
    pgrep -f 'sleep 7002' >/dev/null || fail "on_end: deny killed it"
    pkill -KILL -f 'sleep 7002'
}

case_a_revoked_session_is_killed_whole() {
    local waiting id
    leave agent:mayfly 10m 'setsid sleep 7003 & sleep 7004' 2>"$logs/mayfly" &
    waiting=$!
    wait_for 60 "the session" one_is_open
    id=$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)
    has "$(bailiffctl session show "$id")" "kill what is left"
    wait_for 60 "both" pgrep -f 'sleep 7003'
    bailiffctl session revoke "$id" --reason enough >/dev/null || fail "not revoked"
    wait $waiting
    same $? 137 "the command's status"
    wait_for 30 "the end of the tree" none_runs 'sleep 700[34]'
    has "$(cat "$logs/mayfly")" "was revoked by uid 0 (root): enough" "what run says"
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
    wait_for 60 "the sleeper" pgrep -f 'sleep 7006'
    stop KILL "$daemon_pid"
    stop KILL "$kernel_pid"
    wait $waiting
    same $? 137 "the status of a process that was busy"
    start_kernel
    start_daemon
    wait_for 30 "the end of the sleeper" none_runs 'sleep 7006'
    wait_for 90 "ENFORCING" posture_is "$(expected_posture)"
}
