# `bailiffctl run` and its session.
# shellcheck shell=bash

case_the_exit_status_is_the_commands() {
    session true
    same $? 0 "true"
    session bash -c 'exit 7'
    same $? 7 "exit 7"
    session /no/such/program 2>/dev/null
    same $? 127 "a program that is not there"
    session /etc/passwd 2>/dev/null
    same $? 126 "a file that is no program"
    as bot bailiffctl run --token-file /no/such/token -- true 2>/dev/null
    same $? 125 "no token"
}

case_signals_are_forwarded() {
    session bash -c 'trap "exit 42" TERM; echo up; while :; do sleep 0.1; done' >"$logs/up" 2>&1 &
    local waiting=$!
    wait_for 60 "the command" grep -q up "$logs/up"
    pkill -TERM -f 'bailiffctl run .*trap' -o
    wait $waiting
    same $? 42 "status after TERM"
}

case_a_denial_is_told_once_with_its_rule() {
    local said
    said=$(session bash -c 'for i in 1 2 3; do cat /srv/secret/file; done' 2>&1)
    same "$(grep -c '^bailiff: denied read /srv/secret/file' <<<"$said")" 1 "lines about it"
    has "$said" '/etc/bailiff/policy.yaml:'
}

case_the_token_is_nowhere_to_be_found() {
    local file said secret
    file=$(token)
    secret=$(cut -d. -f3 "$file")
    said=$(as bot bailiffctl run --token-file "$file" -- bash -c 'env; tr "\0" "\n" </proc/self/environ; tr "\0" " " </proc/self/cmdline; ls -l /proc/self/fd')
    has_not "$said" "$secret" "the session's environment"
    has_not "$said" "$file" "the session's descriptors"
    grep -raq -e "$secret" /var/lib/bailiff "$logs"/*.log && fail "the token was stored or logged"
    as bot bash -c "bailiffctl run --token-fd 9 -- true 9<&9" 9<"$(token)"
    same $? 0 "a token by descriptor"
}

# is_denied_as_over COMM [SEQUENCE]: was a process of that name denied, for its session is over, after
# that record?
is_denied_as_over() {
    bailiffctl events --json --verdict deny | perl -ne '
        BEGIN { ($comm, $after) = splice @ARGV, 0, 2 }
        $found = 1 if /"comm":"\Q$comm\E"/ && /"reason":"(ended|stale)"/ && /"sequence":"?(\d+)/ && $1 > $after;
        END { exit !$found }' "$1" "${2:-0}"
}

case_a_detached_child_is_denied_when_the_session_is_over() {
    session bash -c 'setsid bash -c "while sleep 0.2; do echo x >>/srv/work/bot/log || echo DENIED >&2; done" >/srv/work/bot/out 2>&1 & sleep 1'
    # Its descriptors carry nothing any more, so the journal says what became of it.
    wait_for 30 "a denial" is_denied_as_over bash
    local written
    written=$(stat -c %s $work/bot/log)
    pkill -KILL -f 'while sleep 0.2'
    same "$(stat -c %s $work/bot/log)" "$written" "what it wrote"
}

case_wait_tree_keeps_the_session_until_the_last_process() {
    local begun=$SECONDS
    as bot bailiffctl run --wait-tree --token-file "$(token)" -- bash -c 'setsid sleep 4 & exit 3'
    same $? 3 "status"
    ((SECONDS - begun >= 3)) || fail "it did not wait"
}

case_a_session_is_renewed_by_its_token_command() {
    local said
    said=$(as bot bailiffctl run --verbose --token-command "cat \$(ls $logs/renew.* | head -n 1) && mv \$(ls $logs/renew.* | head -n 1) $logs/gone" -- sleep 1 2>&1) # nothing there
    has "$said" 'bailiff' "a token command that fails"
    cat >"$logs/fresh" <<EOF
#!/bin/bash
exec bailiffctl dev token --issuer $issuer --sub user:alice --actor agent:worker --ttl 20s
EOF
    chmod 755 "$logs/fresh" $issuer && chmod 644 $issuer/*
    as bot bailiffctl run --token-command "$logs/fresh" -- bash -c 'sleep 40; cat /etc/hostname >/dev/null'
    same $? 0 "a command that outlives its first token"
    local kinds
    kinds=$(bailiffctl events --json | tail -n 40)
    has "$kinds" session.renewed
    chmod 700 $issuer
}

case_a_renewal_is_never_wider() {
    local id other
    as bot bailiffctl run --token-file "$(token)" -- sleep 30 &
    wait_for 60 "the session" one_is_open
    id=$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)
    for other in "--actor agent:by-uid" "--sub user:bob" "--task OTHER-1" "--via svc:other"; do
        # shellcheck disable=SC2086
        as bot bailiffctl session renew "$id" --token-file "$(token $other)" 2>"$logs/renew-error" && fail "renewed with $other"
        has "$(cat "$logs/renew-error")" "cannot renew"
    done
    as bot bailiffctl session renew "$id" --token-file "$(token)" >/dev/null || fail "not renewed with a token like the first"
    as bot-uid bailiffctl session end "$id" 2>/dev/null && fail "another account ended it"
    as bot bailiffctl session end "$id" >/dev/null || fail "not ended by its own account"
    pkill -KILL -x sleep
    wait
}

case_expiry_is_announced_and_kept() {
    local said
    said=$(as bot bailiffctl run --token-file "$(token --ttl 12s)" -- bash -c 'while echo x >/srv/work/bot/x; do sleep 0.2; done' 2>&1)
    has "$said" 'expired'
    local kinds
    kinds=$(bailiffctl events --json | grep -oE '"kind":"session\.[a-z]+"' | tail -n 3 | tr -d '\n')
    same "$kinds" '"kind":"session.opened""kind":"session.expiring""kind":"session.expired"' "the steps of its life"
}

case_sessions_that_open_at_once_all_live() {
    local pids=() pid i failed=0
    for i in {1..20}; do token >"$logs/parallel.$i"; done
    for i in {1..20}; do
        as bot bailiffctl run --token-file "$(cat "$logs/parallel.$i")" -- bash -c 'sleep 3; cat /etc/hostname >/dev/null' 2>>"$logs/parallel" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
    same $failed 0 "sessions that were ended early"
    same "$(cat "$logs/parallel")" "" "what the sessions said"
}

case_who_else_ended_it_is_told_to_run() {
    local waiting id
    session sleep 60 2>"$logs/ended" &
    waiting=$!
    wait_for 60 "the session" one_is_open
    id=$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)
    bailiffctl session end "$id" >/dev/null || fail "not ended"
    pkill -KILL -x sleep
    wait $waiting
    has "$(cat "$logs/ended")" "was ended by uid 0 (root)"
}

case_events_are_followed_across_a_restart() {
    local following
    bailiffctl events --follow --json >"$logs/followed" 2>"$logs/followed-notes" &
    following=$!
    wait_for 30 "the journal so far" grep -q daemon.started "$logs/followed"
    stop KILL "$daemon_pid"
    start_daemon
    session bash -c 'cat /srv/secret/file' 2>/dev/null
    wait_for 30 "a denial of after the restart" bash -c "tail -n 30 $logs/followed | grep -q '\"verdict\":\"deny\"'"
    same "$(grep -c 'waiting for bailiffd' "$logs/followed-notes")" 1 "notes about the restart"
    same "$(grep -o '"sequence":"[0-9]*"' "$logs/followed" | sort | uniq -d | wc -l)" 0 "records told twice"
    kill $following
    wait $following
}

# Threads that ran before the session was opened, and children of before, are in it.
case_a_tree_of_threads_and_children_is_in_the_session() {
    cat >$work/bot/opener.py <<'PY'
import json, os, socket, subprocess, sys, threading

def look(path):
    try:
        open(path).close()
        return "allowed"
    except OSError as error:
        return error.strerror

child = subprocess.Popen(["bash", "-c", "read go; cat /srv/secret/file"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
go = threading.Event()
seen = []
threads = [threading.Thread(target=lambda: (go.wait(), seen.append(look("/srv/secret/file")))) for _ in range(4)]
for thread in threads:
    thread.start()
before = look("/srv/secret/file")
body = json.dumps({"token": open(sys.argv[1]).read().strip(), "waitTree": True})
peer = socket.socket(socket.AF_UNIX)
peer.connect("/run/bailiff/control.sock")
peer.sendall(("POST /bailiff.v1.Control/OpenSession HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              "Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).encode())
answer = b""
while more := peer.recv(65536):
    answer += more
go.set()
for thread in threads:
    thread.join()
error = child.communicate("go\n")[1]
print("before", before)
print("opened", answer.split()[1].decode())
print("threads", sorted(set(seen)), len(seen))
print("child", "Operation not permitted" in error)
PY
    local said
    said=$(as bot /usr/bin/python3 $work/bot/opener.py "$(token)" 2>&1)
    has "$said" "before allowed"
    has "$said" "opened 200"
    has "$said" "threads ['Operation not permitted'] 4"
    has "$said" "child True"
}

# What is outside its session by every measure but the kernel's stays denied by all later passes.
case_a_detached_child_stays_denied_through_reload_and_adoption() {
    # Nothing of it may be executed once its session is over: one process, which goes on.
    session bash -c 'setsid perl -e "\$| = 1; while (1) { print open(my \$file, q(<), q(/srv/secret/file)) ? qq(READ\n) : qq(DENIED\n); select(undef, undef, undef, 0.2) }" detached >>/srv/work/bot/detached 2>&1 & sleep 1'
    wait_for 30 "a denial" is_denied_as_over perl
    sed -i 's/match: {uid: bot-uid}/match: {uid: bot}/; s/path: \[\/srv\/secret\]/path: [\/srv\/other]/' /etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null || fail "not loaded"
    stop KILL "$daemon_pid"
    start_daemon
    : >$work/bot/detached
    local before
    before=$(bailiffctl events --json | tail -n 1 | grep -oP '"sequence":"?\K\d+')
    wait_for 30 "a denial afterwards" is_denied_as_over perl "$before"
    has_not "$(cat $work/bot/detached)" READ "what it read"
    usual_policy
    pkill -KILL -x perl
    rm -f $work/bot/detached
}
