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

case_a_detached_child_is_denied_when_the_session_is_over() {
    session bash -c 'setsid bash -c "while sleep 0.2; do echo x >>/srv/work/bot/log || echo DENIED >&2; done" >/srv/work/bot/out 2>&1 & sleep 1'
    wait_for 30 "a denial" grep -q -e 'DENIED' -e 'not permitted' /srv/work/bot/out
    pkill -KILL -f 'while sleep 0.2'
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
    wait_for 60 "the session" bash -c "bailiffctl session list --json | grep -q '\"id\"'"
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
    has "$(bailiffctl events --json | tail -n 20)" session.expiring
}
