# Agents without a session, told by script, uid and unit.
# shellcheck shell=bash

case_a_script_given_to_node_is_the_agent() {
    same "$(as bot node /srv/bots/other.js)" connected "another script"
    has "$(as bot node /srv/bots/agent.js)" EPERM "the agent's script"
    has "$(as bot bash -c 'cd /srv && node ./bots/agent.js')" EPERM "the same by another path"
    ln -sf /srv/bots/agent.js /tmp/alias.js
    has "$(as bot node /tmp/alias.js)" EPERM "the same by a symbolic link"
    has "$(bailiffctl events --json | grep '"kind":"unbound"')" '"path":"/srv/bots/agent.js"' "the record of it"
}

case_a_python_module_is_the_agent_compiled_or_not() {
    local run
    export PYTHONPATH=/srv/bots
    same "$(as bot env PYTHONPATH=/srv/bots /usr/bin/python3 -m pkg.other)" connected "another module"
    for run in first compiled; do
        has "$(as bot env PYTHONPATH=/srv/bots /usr/bin/python3 -m pkg)" "not permitted" "the $run run"
    done
    compgen -G '/srv/bots/pkg/__pycache__/__main__*.pyc' >/dev/null || as root /usr/bin/python3 -m compileall -q /srv/bots/pkg
    has "$(as bot env PYTHONPATH=/srv/bots /usr/bin/python3 -m pkg)" "not permitted" "the compiled run"
    has "$(as bot /usr/bin/python3 /srv/bots/pkg)" "not permitted" "the folder"
}

case_a_uid_and_a_unit_are_the_agent() {
    has "$(as bot-uid node /srv/bots/other.js)" EPERM "the uid"
    mkdir -p /sys/fs/cgroup/system.slice/bot.service
    has "$(bash -c 'echo $$ >/sys/fs/cgroup/system.slice/bot.service/cgroup.procs; exec setpriv --reuid bot --regid bot --clear-groups node /srv/bots/other.js')" EPERM "the unit"
}

case_status_says_which_kind_protects_each_agent() {
    local said
    said=$(bailiffctl status)
    has "$said" "script /srv/bots/agent.js"
    has "$said" "uid bot-uid"
    has "$said" "unit bot.service"
}

case_an_agent_without_a_session_may_open_one() {
    same "$(as bot-uid bailiffctl run --token-file "$(token --actor agent:by-uid)" -- node /srv/bots/other.js)" connected "in its session"
    has "$(as bot-uid node /srv/bots/other.js)" EPERM "afterwards"
    local said
    said=$(as bot-uid bailiffctl run --token-file "$(token --actor agent:by-uid)" -- bailiffctl run --token-file "$(token --actor agent:by-uid)" -- true 2>&1)
    has "$said" "subject to session" "a session inside a session"
}

case_a_running_agent_is_adopted_when_the_policy_names_it() {
    local out
    sed -i 's/match: {uid: bot-uid}/match: {executable: [\/srv\/bots\/none]}/' /etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null
    as bot-uid bash -c 'while sleep 0.2; do (exec 5<>/dev/tcp/127.0.0.1/8080) && echo connected; done' >"$logs/adopted" 2>&1 &
    wait_for 30 "a connection" grep -q connected "$logs/adopted"
    usual_policy
    out=$(wc -l <"$logs/adopted")
    wait_for 30 "a denial" grep -q 'not permitted' "$logs/adopted"
    ((out > 0)) || fail "nothing ran before"
    pkill -KILL -u bot-uid
    wait
}
