# Sessions for processes that run already: a process tree, a control group, and who may bind them.
# shellcheck shell=bash

# An agent of account ACCOUNT that tries the service over and over: prints what came of it. Sets
# $agent_pid.
start_agent() { # ACCOUNT LOG
    : >"$2"
    as "$1" bash -c 'echo $$ >"$0.pid"; while sleep 0.2; do (exec 5<>/dev/tcp/127.0.0.1/8080) && echo connected; done' "$logs/agent-$1" >"$2" 2>&1 &
    agent_pid=$!
    disown
}

# That the last line of the agent's output says so: for wait_for.
last_is() { tail -n 1 "$2" | grep -q -- "$1"; }

case_an_agent_that_runs_already_is_bound() {
    local log=$logs/bound said id
    start_agent bot-uid "$log"
    wait_for 60 "a denial without a session" last_is 'not permitted' "$log"
    said=$(as bot-uid bailiffctl session open --pid "$(cat "$logs/agent-bot-uid.pid")" --token-file "$(token --actor agent:by-uid)" --json 2>&1)
    id=$(id_in "$said")
    [[ -n $id ]] || fail "no session: $said"
    wait_for 60 "a connection in the session" last_is connected "$log"
    has "$(bailiffctl session show "$id")" "user:alice"
    bailiffctl session end "$id" >/dev/null
    wait_for 60 "its end: it cannot even start sleep(1)" is_gone "$(cat "$logs/agent-bot-uid.pid")"
}

is_gone() { ! kill -0 "$1"; } # PID: for wait_for

# The policy of the other cases lets root present no token.
root_may_present() {
    sed -i 's/presented_by: \[bot, /presented_by: [root, bot, /' /etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null
}

case_only_an_operator_binds_what_is_anothers() {
    local said sleeper
    root_may_present
    sleep 600 &
    sleeper=$!
    said=$(as bot bailiffctl session open --pid $sleeper --token-file "$(token)" 2>&1)
    has "$said" "needs the role operator" "root's process, by bot"
    said=$(as bot bailiffctl session open --pid 999999 --token-file "$(token)" 2>&1)
    has "$said" "there is no process 999999"
    said=$(bailiffctl session open --pid "$daemon_pid" --token-file "$(token)" 2>&1)
    has "$said" "bailiff's own" "bailiffd itself"
    said=$(bailiffctl session open --token-file "$(token)" 2>&1)
    has "$said" "give --pid PID or --cgroup PATH"
    said=$(bailiffctl session open --pid $sleeper --token-file "$(token)" 2>&1)
    has "$said" "active" "root's process, by root"
    wait_for 10 "its session" one_is_open
    kill $sleeper
    wait_for 30 "the end with its process" none_is_open
    usual_policy
}

none_is_open() { ! one_is_open; }

# Runs in the cgroup, as account bot: what enters it from outside.
in_group() { # PATH COMMAND...
    local path=$1
    shift
    bash -c 'echo $$ >"/sys/fs/cgroup$0/cgroup.procs"; exec setpriv --reuid bot --regid bot --clear-groups "$@"' "$path" "$@"
}

case_a_control_group_is_bound_with_what_enters_it() {
    local group=/bind.slice/box said id
    root_may_present
    mkdir -p /sys/fs/cgroup$group/inner
    has "$(bailiffctl session open --cgroup $group --token-file "$(token)" 2>&1)" "no process is in control group $group"
    in_group $group/inner sleep 600 &
    disown
    wait_for 30 "a process in the group" grep -q . /sys/fs/cgroup$group/inner/cgroup.procs
    same "$(in_group $group cat /srv/secret/file 2>&1)" secret "before the session"
    has "$(as bot bailiffctl session open --cgroup /sys/fs/cgroup --token-file "$(token)" 2>&1)" "levels below the root" "the root of the hierarchy"
    said=$(bailiffctl session open --cgroup /sys/fs/cgroup$group --token-file "$(token)" --json 2>&1)
    id=$(id_in "$said")
    [[ -n $id ]] || fail "no session: $said"
    has "$(bailiffctl session show "$id")" "$group"
    has "$(in_group $group cat /srv/secret/file 2>&1)" "not permitted" "what enters the bound group"
    has "$(in_group $group/inner cat /srv/secret/file 2>&1)" "not permitted" "what enters a group below it"
    has "$(bailiffctl events --session "$id" --json 2>&1)" "/srv/secret/file" "the record of the session"
    stop KILL "$daemon_pid"
    has "$(in_group $group cat /srv/secret/file 2>&1)" "not permitted" "with no daemon"
    start_daemon
    has "$(in_group $group cat /srv/secret/file 2>&1)" "not permitted" "with a new daemon"
    bailiffctl session end "$id" >/dev/null
    same "$(in_group $group cat /srv/secret/file 2>&1)" secret "after the session, a new process"
    pkill -KILL -x sleep -u bot
    usual_policy
}

case_an_agent_from_before_the_daemons_was_unwatched_and_can_be_bound() {
    local log=$logs/early said
    stop KILL "$daemon_pid"
    bailiffctl detach --reason "to start late" >/dev/null
    start_agent bot-uid "$log"
    wait_for 30 "a connection without bailiff" last_is connected "$log"
    start_kernel
    start_daemon
    wait_for 60 "a denial" last_is 'not permitted' "$log"
    said=$(grep '"kind":"agent.unwatched"' /var/lib/bailiff/journal/journal.jsonl | tail -n 1)
    has "$said" '"agent":"by-uid"' "the record of the time before"
    has "$said" "\"pid\":$(cat "$logs/agent-bot-uid.pid")" "the record of the time before"
    has "$said" '"unwatched_since":"20' "the record of the time before"
    same "$(grep -c agent.unwatched /var/lib/bailiff/journal/journal.jsonl)" 1 "records of it"
    as bot-uid bailiffctl session open --pid "$(cat "$logs/agent-bot-uid.pid")" --token-file "$(token --actor agent:by-uid)" >/dev/null || fail "not bound"
    wait_for 60 "a connection in the session" last_is connected "$log"
    stop KILL "$daemon_pid"
    start_daemon
    same "$(grep -c agent.unwatched /var/lib/bailiff/journal/journal.jsonl)" 1 "records of it after a restart"
    last_is connected "$log" || fail "the session is not there after a restart"
    pkill -KILL -u bot-uid
}
