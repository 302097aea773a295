# Commands that are held, classes of acts, budgets, first contacts, and the question at the terminal.
# shellcheck shell=bash

# class_policy LINE...: the usual policy with a ceiling for the host, whose lines these are.
class_policy() {
    rm -rf /srv/held
    install -d -o bot /srv/held
    local file
    for file in a b c d; do echo kept >"/srv/held/$file"; done
    {
        sed '/^profiles:/,$d' "$here/policy.yaml"
        cat <<'YAML'
host: {profiles: [ceiling]}
approvals: {deadline: 5m, own: true}
classes:
  - name: destroy_data
    files: [{rights: [delete], path: [/srv/held]}]
  - name: publish
    argv:
      - {command: [cp, "-f|--force", "+*|deploy"]}
  - name: exfiltrate
    network: [{to: [127.0.0.1], port: [9], protocol: udp, first_contact: true}]
  - name: execute_privileged
    exec: [{path: [/usr/bin/id]}]
YAML
        sed -n '/^profiles:/,$p' "$here/policy.yaml"
        echo '  - name: ceiling'
        echo '    default: {exec: allow, files: allow, network: allow, system: allow}'
        printf '    %s\n' "$@"
    } >/etc/bailiff/policy.yaml
    bailiffctl policy check /etc/bailiff/policy.yaml >"$logs/check" 2>&1 || fail "refused: $(<"$logs/check")"
    bailiffctl policy reload >/dev/null || fail "the policy with classes was not loaded"
}

case_a_command_waits_whoever_starts_it() {
    local waiting approval said
    class_policy 'irreversible: [{class: publish, verdict: hold}]'
    session cp -f /etc/hostname /srv/held/plain || fail "a command that is none of the class was held"
    held sh -c 'env cp /etc/hostname -vf /srv/held/deploy/ +x deploy || exit 3'
    said=$(bailiffctl approvals show "$approval")
    has "$said" "argv /usr/bin/cp (as: cp /etc/hostname -vf /srv/held/deploy/ +x deploy)" "what it shows"
    has "$said" "hold class publish: argv cp -f|--force +*|deploy" "what it shows"
    has "$(<"$logs/held")" "bailiff: holds argv /usr/bin/cp" "what the user is told"
    bailiffctl approvals deny "$approval" >/dev/null || fail "it could not be denied"
    wait $waiting
    same $? 3 "what sh returns"
    held cp --force /etc/hostname /srv/held/deploy deploy
    bailiffctl approvals approve "$approval" >/dev/null || fail "it could not be approved"
    wait $waiting && fail "cp had no folder to copy to, and ran"
    has "$(<"$logs/held")" "deploy" "what cp says"
    said=$(bailiffctl events --json)
    has "$said" '"right":"argv"' "the events"
    has "$said" '"argv":["cp","--force","/etc/hostname","/srv/held/deploy","deploy"]' "the events"
    said=$(bailiffctl policy eval /etc/bailiff/policy.yaml --user user:alice --agent agent:worker -- cp -rf x deploy 2>&1)
    has "$said" "hold" "the answer of policy eval"
    has "$said" "class publish" "the answer of policy eval"
    usual_policy
}

case_a_command_is_denied_with_its_rule() {
    local said
    class_policy 'argv: [{verdict: deny, command: [cp, deploy]}]' 'irreversible: [{class: publish, verdict: audit}]'
    said=$(session cp /etc/hostname deploy 2>&1) && fail "it was not denied"
    has "$said" "bailiff: denied argv /usr/bin/cp (as: cp /etc/hostname deploy)"
    has "$said" "deny argv cp deploy"
    session cp -f /etc/hostname /srv/held/+x || fail "what is only recorded was denied"
    usual_policy
}

# An executed file, in a class by its path.
case_an_exec_waits() {
    local waiting approval
    class_policy 'irreversible: [{class: execute_privileged, verdict: hold}]'
    held sh -c 'id -u >/srv/held/who'
    has "$(bailiffctl approvals show "$approval")" "exec /usr/bin/id (as: id -u)" "what it shows"
    [[ ! -s /srv/held/who ]] || fail "it did not wait"
    bailiffctl approvals approve "$approval" >/dev/null || fail "it could not be approved"
    wait $waiting || fail "id failed: $(<"$logs/held")"
    same "$(</srv/held/who)" "$(id -u bot)" "what id said"
    usual_policy
}

case_a_class_has_a_budget() {
    local waiting approval said
    class_policy 'irreversible: [{class: destroy_data, verdict: hold, budget: {count: 2, per: 1h}}]'
    held sh -c 'touch /srv/held/own && rm /srv/held/own /srv/held/a /srv/held/b && rm /srv/held/c'
    [[ ! -e /srv/held/a && ! -e /srv/held/b ]] || fail "the budget was not given"
    [[ -e /srv/held/c ]] || fail "the third did not wait"
    said=$(bailiffctl approvals show "$approval")
    has "$said" "delete /srv/held/c" "what it shows"
    has "$said" "class destroy_data after 2 in 1h" "what it shows"
    bailiffctl approvals approve "$approval" >/dev/null || fail "it could not be approved"
    wait $waiting || fail "rm failed: $(<"$logs/held")"
    has "$(bailiffctl events --json)" '"reason":"within_budget"' "the events"
    session rm /srv/held/d || fail "another session had no budget of its own"
    usual_policy
}

case_a_new_destination_is_asked_for_once() {
    local waiting approval
    class_policy 'irreversible: [{class: exfiltrate, verdict: hold}]'
    # shellcheck disable=SC2016
    held bash -c 'for i in 1 2 3; do echo x >/dev/udp/127.0.0.1/9 || exit $i; done'
    has "$(bailiffctl approvals show "$approval")" "connect 127.0.0.1:9/udp" "what it shows"
    bailiffctl approvals approve "$approval" >/dev/null || fail "it could not be approved"
    wait $waiting || fail "a further contact was not let through: $(<"$logs/held")"
    usual_policy
}

# at_terminal FILE...: deletes them in a session whose user is asked at a terminal, and types
# what the question says, or "no" where `reply` says so.
at_terminal() {
    local keys="$logs/keys" shown="$logs/shown" asked=0 codes
    rm -f "$keys" "$shown"
    mkfifo "$keys"
    chmod 666 "$keys"
    install -m 666 /dev/null "$shown"
    # shellcheck disable=SC2024
    as bot script -qefc "bailiffctl run --interactive --token-file $(token) -- rm -f $*" "$shown" <"$keys" >/dev/null 2>&1 &
    waiting=$!
    exec 7>"$keys"
    local until=$((SECONDS + 60))
    while kill -0 $waiting 2>/dev/null && ((SECONDS < until)); do
        mapfile -t codes < <(grep -oaP 'type \K[0-9]{4}(?= to let it happen)' "$shown")
        if ((${#codes[@]} > asked)); then
            asked=${#codes[@]}
            if [[ ${reply:-} ]]; then echo "$reply" >&7; else echo "${codes[-1]}" >&7; fi
        fi
        sleep 0.2
    done
    exec 7>&-
    kill $waiting 2>/dev/null && fail "it did not end: $(<"$shown")"
    wait $waiting
    local status=$?
    questions=$asked
    return $status
}

case_the_user_is_asked_at_the_terminal() {
    local waiting questions=0 reply='' said
    class_policy 'irreversible: [{class: destroy_data, verdict: hold}]'
    at_terminal /srv/held/a /srv/held/b || fail "rm failed: $(<"$logs/shown")"
    same "$questions" 2 "questions"
    [[ ! -e /srv/held/a && ! -e /srv/held/b ]] || fail "what was approved did not happen"
    has "$(<"$logs/shown")" "delete /srv/held/a" "the question"
    has "$(bailiffctl events --json)" '"message":"at the terminal"' "the events"
    reply=yes
    at_terminal /srv/held/c && fail "rm succeeded without the right word"
    [[ -e /srv/held/c ]] || fail "what was not approved happened"
    has "$(<"$logs/shown")" "bailiff: denied" "what the user is told"
    said=$(as bot setsid -w bailiffctl run --interactive --token-file "$(token)" -- true 2>&1) && fail "it ran without a terminal"
    has "$said" "no terminal to ask at"
    usual_policy
}

# Whoever is killed when: what waits is answered once, and what is answered is not forgotten.
case_killed_daemons_lose_no_act_that_waits() {
    local waiting approval round rounds=${ROUNDS:-6} file
    class_policy 'irreversible: [{class: destroy_data, verdict: hold}]'
    for ((round = 1; round <= rounds; round++)); do
        file=/srv/held/round$round
        install -o bot -m 644 /dev/null "$file"
        session rm "$file" >"$logs/held" 2>&1 &
        waiting=$!
        sleep "0.$((RANDOM % 10))"
        if ((round % 6 == 0)); then
            stop KILL "$kernel_pid"
            start_kernel
        else
            stop KILL "$daemon_pid"
            start_daemon
        fi
        if ! kill -0 $waiting 2>/dev/null; then # it found no daemon, and opened no session
            [[ -e $file ]] || fail "round $round: it was deleted without an answer"
            wait $waiting
            continue
        fi
        wait_for 60 "round $round: the question" what_waits || break
        [[ -e $file ]] || fail "round $round: it did not wait"
        approval=$(what_waits | head -n 1)
        bailiffctl approvals approve "$approval" >/dev/null 2>&1 &
        sleep "0.0$((RANDOM % 10))"
        stop KILL "$daemon_pid"
        start_daemon
        wait $!
        # The answer was given, or it is still to be given; not both.
        if [[ -e $file ]] && sleep 2 && [[ -e $file ]]; then
            bailiffctl approvals approve "$(what_waits | head -n 1)" >/dev/null 2>&1
        fi
        wait_for 30 "round $round: the deletion" test ! -e "$file"
        wait $waiting
        wait_for 30 "round $round: the end of all questions" bash -c '[[ $(bailiffctl approvals list) == "nothing waits" ]]'
    done
    usual_policy
}

grown_to() { (($(stat -c %s "$1") == $2)); } # FILE SIZE

# One answer lets one act happen: the same act, by the same task, is asked for again.
case_killed_daemons_have_no_answer_taken_twice() {
    local waiting approval round act rounds=${ROUNDS:-1} made=$work/bot/made
    hold_policy
    chown bot /srv/held/a
    sed -i 's|rights: \[delete\], path: \[/srv/held\]|rights: [metadata], path: [/srv/held]|' /etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null || fail "the policy was not loaded"
    for ((round = 1; round <= rounds; round++)); do
        install -o bot -m 644 /dev/null "$made"
        # shellcheck disable=SC2016
        session perl -e 'for (1 .. 4) { chmod(0600, "/srv/held/a") or exit 1; open(my $to, ">>", $ARGV[0]); print $to "x" }' "$made" >"$logs/held" 2>&1 &
        waiting=$!
        for act in 1 2 3 4; do
            wait_for 60 "round $round: question $act" what_waits || return
            approval=$(what_waits | head -n 1)
            same "$(stat -c %s "$made")" $((act - 1)) "round $round: acts that happened before answer $act"
            bailiffctl approvals approve "$approval" >/dev/null 2>&1 &
            sleep "0.0$((RANDOM % 10))"
            stop KILL "$daemon_pid"
            start_daemon
            wait $!
            # The answer was given, or it is still to be given.
            sleep 1
            (($(stat -c %s "$made") == act)) || bailiffctl approvals approve "$approval" >/dev/null 2>&1
            wait_for 30 "round $round: act $act" grown_to "$made" "$act" || return
        done
        wait $waiting || fail "round $round: not all of it was let through: $(<"$logs/held")"
        same "$(stat -c %s "$made")" 4 "round $round: acts that happened"
    done
    same "$(bailiffctl events --json | grep '"verdict":"audit"' | grep '"reason":"approved"' | grep -o '"approval":"[^"]*"' | sort | uniq -d)" "" "approvals that let two acts happen"
    rm -f "$made"
    usual_policy
}

case_a_forced_push_under_the_shipped_policy_waits() {
    local waiting approval repository=$work/bot/clone bare=$work/bot/bare.git before
    install_shipped_policy
    bailiffctl policy reload >/dev/null || fail "the shipped policy was not loaded"
    rm -rf "$repository" "$bare"
    as bot git init -q --bare "$bare"
    as bot git clone -q "$bare" "$repository" 2>/dev/null
    as bot git -C "$repository" config user.name bot
    as bot git -C "$repository" config user.email bot@localhost
    # shellcheck disable=SC2016
    fixer "$work/bot" sh -c 'cd clone && echo one >file && git add file && git commit -qm one && git push -q origin HEAD:main &&
        mkdir build && touch build/x && rm -rf build && git log --oneline' >"$logs/held" 2>&1 ||
        fail "work without a forced push was held or denied: $(<"$logs/held")"
    before=$(as bot git -C "$bare" rev-parse main)
    fixer "$work/bot" sh -c 'cd clone && git commit -q --amend -m two && exec /usr/bin/git push -q origin +HEAD:main' >"$logs/held" 2>&1 &
    waiting=$!
    wait_for 60 "the question" what_waits || return
    approval=$(what_waits | head -n 1)
    has "$(bailiffctl approvals show "$approval")" "/usr/bin/git push -q origin +HEAD:main" "what it shows"
    same "$(as bot git -C "$bare" rev-parse main)" "$before" "what the repository holds"
    bailiffctl approvals deny "$approval" >/dev/null || fail "it could not be denied"
    # The path is given: a shell that searches for a program would try /bin/git next, which is asked anew.
    wait $waiting && fail "the push succeeded"
    same "$(as bot git -C "$bare" rev-parse main)" "$before" "what the repository holds"
    usual_policy
}
