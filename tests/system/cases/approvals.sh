# Acts that wait for an answer, and who may give it.
# shellcheck shell=bash

# hold_policy [LINE...]: the usual policy, and what worker deletes in /srv/held waits. Lines of
# `approvals` follow.
hold_policy() {
    local file
    rm -rf /srv/held
    install -d -o bot /srv/held
    for file in a b c; do echo kept >"/srv/held/$file"; done
    {
        cat "$here/policy.yaml"
        echo '      - {verdict: hold, rights: [delete], path: [/srv/held]}'
        echo 'approvals:'
        printf '  %s\n' "${@:-deadline: 5m}"
    } >/etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null || fail "the policy that holds was not loaded"
}

what_waits() { bailiffctl approvals list --json | grep -oP '"id":"\K[0-9a-f]{16}'; }

# held COMMAND...: runs it in a session that is bound to wait. Sets `waiting`, its process, and
# `approval`, the id.
held() {
    session "$@" >"$logs/held" 2>&1 &
    waiting=$!
    wait_for 60 "the question" what_waits
    approval=$(what_waits | head -n 1)
}

case_what_is_held_waits_for_the_answer_of_another_account() {
    local waiting approval said
    hold_policy
    held rm /srv/held/a
    [[ -e /srv/held/a ]] || fail "it did not wait"
    said=$(bailiffctl approvals list)
    has "$said" "delete /srv/held/a" "the list"
    has "$said" "user:alice" "the list"
    has "$(bailiffctl approvals show "$approval")" "hold delete path /srv/held" "what it shows"
    has "$(bailiffctl approvals show "$approval")" "regular file, 5 bytes, mode 0644, owner uid 0" "what it shows"
    has "$(bailiffctl status)" "1 acts wait for an answer" "status"
    said=$(as bot bailiffctl approvals approve "$approval" 2>&1) && fail "who asked approved it"
    has "$said" "another account"
    said=$(cd / && setpriv --reuid 4711 --regid 4711 --clear-groups bailiffctl approvals list 2>&1)
    has "$said" "nothing waits" "what a stranger sees"
    [[ -e /srv/held/a ]] || fail "it did not wait any longer"
    said=$(bailiffctl approvals approve "$approval" --reason "asked by phone" 2>&1) || fail "refused: $said"
    has "$said" "approved, for this once"
    wait $waiting || fail "rm failed: $(<"$logs/held")"
    [[ ! -e /srv/held/a ]] || fail "the file is still there"
    has "$(<"$logs/held")" "bailiff: holds delete /srv/held/a by rm" "what the user is told"
    has "$(<"$logs/held")" "bailiffctl approvals approve $approval" "what the user is told"
    said=$(bailiffctl events)
    has "$said" "asked by phone" "the events"
    said=$(bailiffctl events --json)
    has "$said" '"kind":"approval.approved"' "the events"
    has "$said" '"verdict":"hold"' "the events"
    has "$said" '"reason":"approved"' "the events"
    said=$(bailiffctl approvals approve "$approval" 2>&1) && fail "it was approved twice"
    has "$said" "nothing that you may see waits"
    usual_policy
}

case_what_is_denied_or_not_answered_does_not_happen() {
    local waiting approval
    hold_policy "deadline: 10s"
    held rm /srv/held/a
    bailiffctl approvals deny "$approval" >/dev/null || fail "it could not be denied"
    wait $waiting && fail "rm succeeded"
    has "$(<"$logs/held")" "Operation not permitted" "what rm says"
    held rm /srv/held/a
    wait $waiting && fail "rm succeeded after its time"
    has "$(bailiffctl events --json)" '"reason":"timed_out"' "the events"
    held rm /srv/held/a
    bailiffctl session revoke "$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)" >/dev/null
    wait $waiting && fail "rm succeeded after its session"
    [[ -e /srv/held/a ]] || fail "the file is gone"
    wait_for 10 "the end of all questions" bash -c '[[ $(bailiffctl approvals list) == "nothing waits" ]]'
    usual_policy
}

case_who_asks_may_approve_where_the_policy_says_so() {
    local waiting approval said
    hold_policy "own: true"
    held rm /srv/held/a
    said=$(as bot bailiffctl approvals approve "$approval" 2>&1) || fail "refused: $said"
    wait $waiting || fail "rm failed: $(<"$logs/held")"
    held sh -c 'bailiffctl approvals list; rm /srv/held/b'
    has "$(<"$logs/held")" "not open to it" "what the agent itself sees"
    bailiffctl approvals deny "$approval" >/dev/null
    wait $waiting && fail "rm succeeded"
    usual_policy
}

case_what_waits_is_known_to_a_new_daemon() {
    local waiting approval
    hold_policy
    held rm /srv/held/a
    stop KILL "$daemon_pid"
    start_daemon
    has "$(bailiffctl approvals show "$approval")" "delete /srv/held/a" "what it shows"
    bailiffctl approvals approve "$approval" >/dev/null || fail "it could not be approved"
    wait $waiting
    [[ ! -e /srv/held/a ]] || fail "the file is still there"
    usual_policy
}

# Nobody stays stopped for ever, also where bailiff-kernel is away for longer than the act may wait.
case_what_is_due_without_bailiff_kernel_goes_on_later() {
    local waiting approval
    hold_policy "deadline: 10s"
    held rm /srv/held/a
    stop KILL "$kernel_pid"
    sleep 18
    start_kernel
    wait_for 30 "the end of rm" gone $waiting || { kill -KILL $waiting; pkill -KILL -x rm; }
    wait $waiting && fail "what nobody approved happened"
    [[ -e /srv/held/a ]] || fail "the file is gone"
    same "$(bailiffctl approvals list)" "nothing waits" "what waits afterwards"
    usual_policy
}

# Of one command's deletions each is asked for, one after the other.
case_each_of_several_acts_is_asked_for() {
    local waiting approval left
    hold_policy
    held rm -r /srv/held/a /srv/held/b /srv/held/c
    for ((left = 3; left > 0; left--)); do
        wait_for 60 "the question" what_waits
        approval=$(what_waits)
        same "$(find /srv/held -type f | wc -l)" "$left" "files left"
        bailiffctl approvals approve "$approval" >/dev/null || fail "it could not be approved"
        wait_for 30 "the deletion" bash -c "[[ \$(find /srv/held -type f | wc -l) == $((left - 1)) ]]"
    done
    wait $waiting || fail "rm failed: $(<"$logs/held")"
    usual_policy
}

case_a_thousand_acts_wait_at_once() {
    local waiting approval file
    hold_policy
    for file in {1..1000}; do echo kept >"/srv/held/t$file"; done
    # shellcheck disable=SC2016
    session perl -e 'for my $n (1 .. 1000) { my $p = fork; next if $p; exit(unlink("/srv/held/t$n") ? 1 : 0) }
        my $bad = 0; while (wait != -1) { $bad = 1 if $? } exit $bad' >"$logs/held" 2>&1 &
    waiting=$!
    wait_for 240 "a thousand questions" bash -c 'bailiffctl status | grep -q "1000 acts wait"'
    same "$(find /srv/held -name 't*' | wc -l)" 1000 "files that are there"
    approval=$(what_waits | tail -n 1)
    bailiffctl approvals approve "$approval" >/dev/null || fail "one of them could not be approved"
    wait_for 30 "the one deletion" bash -c "[[ \$(find /srv/held -name 't*' | wc -l) == 999 ]]"
    bailiffctl session revoke "$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)" >/dev/null
    wait_for 120 "the end of all questions" bash -c '[[ $(bailiffctl approvals list) == "nothing waits" ]]'
    wait $waiting
    same "$(find /srv/held -name 't*' | wc -l)" 999 "files that are kept"
    usual_policy
}

case_a_session_can_ask_why() {
    local said
    said=$(session sh -c 'cat /srv/secret/file 2>/dev/null; bailiffctl why --last' 2>/dev/null)
    has "$said" "bailiff: denied read /srv/secret/file by cat" "what the session is told"
    has "$said" "policy.yaml" "what the session is told"
    said=$(bailiffctl why 2>&1) && fail "root outside every session is told: $said"
    has "$said" "not a subject" "root's answer"
}

case_what_a_session_made_it_removes_without_asking() {
    hold_policy
    session sh -c 'mkdir /srv/held/d && echo x >/srv/held/d/f && rm -r /srv/held/d' || fail "it could not remove what it made"
    same "$(what_waits)" "" "what waits"
    session sh -c 'echo x >/srv/held/own'
    held rm /srv/held/own
    bailiffctl approvals deny "$approval" >/dev/null || fail "it cannot be denied"
    wait "$waiting" && fail "the next session removed what the one before made"
    usual_policy
}

case_an_approval_can_be_good_for_what_comes_like_it() {
    local waiting approval
    hold_policy
    held rm /srv/held/a /srv/held/b /srv/held/c
    bailiffctl approvals approve "$approval" --scope same-class-this-session --reason "it cleans up" >"$logs/why" 2>&1 &&
        fail "a scope without an end was taken"
    has "$(cat "$logs/why")" "needs a number of uses" "the refusal"
    bailiffctl approvals approve "$approval" --uses 3 --scope same-class-this-session --reason "it cleans up" >/dev/null ||
        fail "it cannot be approved"
    wait "$waiting" || fail "the three were not removed by one approval: $(cat "$logs/held")"
    same "$(ls /srv/held)" "" "what is left"
    same "$(bailiffctl events --verdict allow --json | grep -c "\"terms\":\"good from approval $approval\"")" 2 "answers by that approval"
    usual_policy
}

# Nobody is asked again about what an agent goes on trying.
case_a_denial_can_be_good_for_what_comes_like_it() {
    local waiting approval
    hold_policy "deadline: 60s"
    held perl -e 'my $denied = 0; for (1 .. 3) { $denied++ if !unlink("/srv/held/a") } unlink("/srv/held/b"); exit($denied == 3 ? 0 : 1)'
    bailiffctl approvals deny "$approval" --uses 3 --reason "not this one" >"$logs/why" 2>&1 || fail "it cannot be denied: $(<"$logs/why")"
    has "$(<"$logs/why")" "denied, and what comes like it" "the answer"
    wait_for 30 "the question after three denials" bash -c 'bailiffctl approvals list | grep -q "delete /srv/held/b"'
    same "$(what_waits | wc -l)" 1 "acts that wait"
    same "$(bailiffctl events --verdict deny --json | grep '"kind":"approval.denied"' | grep -c "\"terms\":\"good from approval $approval\"")" 2 "answers by that denial"
    same "$(bailiffctl approvals standing)" "nothing stands" "what stands when it is used up"
    bailiffctl approvals approve "$(what_waits)" >/dev/null || fail "the other cannot be approved"
    wait "$waiting" || fail "it was not denied three times: $(<"$logs/held")"
    same "$(ls /srv/held | paste -sd' ')" "a c" "what is left"
    usual_policy
}

case_what_stands_is_listed_and_withdrawn() {
    local waiting approval said file
    hold_policy "deadline: 60s"
    rm -f $work/bot/go-{b,c}
    # shellcheck disable=SC2016
    held perl -e 'for my $f ("a", "b", "c") { sleep 1 while $f ne "a" && !-e "/srv/work/bot/go-$f"; unlink("/srv/held/$f") }'
    same "$(bailiffctl approvals standing)" "nothing stands" "what stands before"
    bailiffctl approvals approve "$approval" --uses 5 --scope same-class-this-session >/dev/null || fail "it cannot be approved"
    said=$(bailiffctl approvals standing)
    for file in "$approval" allow "4 uses" same-class-this-session user:alice "delete /srv/held/a" "uid 0"; do
        has "$said" "$file" "what stands"
    done
    said=$(cd / && setpriv --reuid 4711 --regid 4711 --clear-groups bailiffctl approvals standing 2>&1)
    same "$said" "nothing stands" "what a stranger sees"
    said=$(cd / && setpriv --reuid 4711 --regid 4711 --clear-groups bailiffctl approvals withdraw "$approval" 2>&1) && fail "a stranger withdrew it"
    said=$(as bot bailiffctl approvals withdraw "${approval:0:8}" --reason "too much" 2>&1) || fail "its user could not withdraw the approval: $said"
    same "$(bailiffctl approvals standing)" "nothing stands" "what stands after it"
    said=$(bailiffctl events --json | grep '"kind":"approval.withdrawn"')
    has "$said" '"message":"too much"' "the record"
    has "$said" '"terms":"approval for 5 uses, same-class-this-session"' "the record"
    touch $work/bot/go-b
    wait_for 30 "the question about the next" what_waits
    approval=$(what_waits)
    bailiffctl approvals deny "$approval" --ttl 10m --scope same-class-this-session >/dev/null || fail "it cannot be denied"
    has "$(bailiffctl approvals standing)" "deny" "what stands"
    said=$(as bot bailiffctl approvals withdraw "$approval" 2>&1) && fail "who asked withdrew the denial"
    has "$said" "another account" "what it is told"
    bailiffctl approvals withdraw "$approval" >/dev/null || fail "the denial could not be withdrawn"
    touch $work/bot/go-c
    wait_for 30 "the question after the denial" what_waits
    bailiffctl approvals approve "$(what_waits)" --uses 5 >/dev/null || fail "it cannot be approved"
    wait "$waiting"
    same "$(ls /srv/held | paste -sd' ')" "b" "what is left"
    wait_for 10 "the end with its session" bash -c '[[ $(bailiffctl approvals standing) == "nothing stands" ]]'
    rm -f $work/bot/go-{b,c}
    usual_policy
}
