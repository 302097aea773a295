# Policies: wrong ones change nothing, right ones change what runs.
# shellcheck shell=bash

case_a_wrong_policy_is_refused_with_its_place() {
    local said digest
    digest=$(bailiffctl status --json | grep -o '"policyDigest":"[^"]*"')
    sed -i 's/default: {exec: allow, files: allow, network: deny, system: allow}/defualt: {exec: allow}/' /etc/bailiff/policy.yaml
    said=$(bailiffctl policy reload 2>&1) && fail "a wrong policy was loaded"
    has "$said" '/etc/bailiff/policy.yaml:'
    has "$said" 'defualt'
    said=$(bailiffctl policy check /etc/bailiff/policy.yaml 2>&1) && fail "a wrong policy was found right"
    same "$(bailiffctl status --json | grep -o '"policyDigest":"[^"]*"')" "$digest" "the policy in force"
    install -m 644 "$here/policy.yaml" /etc/bailiff/policy.yaml
    session true
    same $? 0 "a session afterwards"
}

case_a_new_policy_binds_a_session_that_is_open() {
    session bash -c 'while sleep 0.2; do cat /srv/secret/open >/srv/work/bot/got || break; done; exit 9' 2>/dev/null &
    local waiting=$!
    echo open >/srv/secret/open
    chmod 644 /srv/secret/open
    wait $waiting
    same $? 9 "denied under the first policy"
    sed -i 's/path: \[\/srv\/secret\]/path: [\/srv\/other]/' /etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null || fail "not loaded"
    session cat /srv/secret/open >/dev/null
    same $? 0 "allowed under the second"
    session bash -c 'while cat /srv/secret/open >/srv/work/bot/got; do sleep 0.2; done; exit 9' 2>/dev/null &
    waiting=$!
    sleep 1
    usual_policy
    wait $waiting
    same $? 9 "denied again, while it ran"
}

case_a_user_who_is_taken_out_loses_the_session() {
    session bash -c 'while echo x >/srv/work/bot/x; do sleep 0.2; done' 2>"$logs/out-of-it" &
    local waiting=$!
    wait_for 60 "the session" one_is_open
    sed -i 's/subject: "user:\*"/subject: "user:nobody"/' /etc/bailiff/policy.yaml
    has "$(bailiffctl policy reload)" "1"
    wait $waiting
    has "$(cat "$logs/out-of-it")" "revoked by a change of policy"
    usual_policy
}

# Well before the minute in which everything is looked at again.
case_what_is_mounted_later_has_the_rules_of_its_place() {
    mkdir -p $work/bot/later /srv/secret/later
    mount -t tmpfs -o mode=1777 later $work/bot/later
    mount -t tmpfs -o mode=1777 later /srv/secret/later
    echo secret >/srv/secret/later/file
    wait_for 20 "an allowed use of the new file system" session touch $work/bot/later/file
    has "$(session cat /srv/secret/later/file 2>&1)" "not permitted" "below a denied path"
    has "$(bailiffctl events --verdict deny --json | tail -n 1)" '"reason":"rule"' "the record"
    umount $work/bot/later /srv/secret/later
}

case_a_hard_link_out_of_a_denied_path_is_told_when_the_policy_is_loaded() {
    echo secret >/srv/secret/linked
    ln /srv/secret/linked $work/bot/linked
    bailiffctl policy reload >/dev/null || fail "not loaded"
    wait_for 60 "the record" hard_links_are_told /srv/secret/linked
    has "$(bailiffctl policy check /etc/bailiff/policy.yaml 2>&1)" "/srv/secret/linked" "policy check"
    rm -f /srv/secret/linked $work/bot/linked
}
hard_links_are_told() { bailiffctl events --json | grep '"kind":"policy.hard_links"' | grep -q "$1"; }
