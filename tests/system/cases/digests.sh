# Exec rules that list contents, with both daemons: hashed at the load, and again after a change.
# shellcheck shell=bash

# Under the policy, profile no-secrets allows /mnt/ext4/tools/tool with the content that it has now.
set_up_tool() {
    mkdir -p /mnt/ext4/tools
    cp /usr/bin/true /mnt/ext4/tools/tool
    local rule
    rule=$(bailiffctl policy digest /mnt/ext4/tools/tool)
    has "$rule" "- {verdict: allow, path: [/mnt/ext4/tools/tool], sha256: [$(sha256sum /usr/bin/true | cut -c1-64)]}"
    printf '    exec:\n      %s\n' "$rule" >>/etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null || fail "not loaded"
}

runs_tool() { session /mnt/ext4/tools/tool; }
is_known_again() { [[ $(session bash -c /mnt/ext4/tools/tool 2>&1) != *"it changed since"* ]]; }

case_a_listed_content_runs_and_a_changed_one_does_not() {
    local said
    set_up_tool
    wait_for 30 "hashing after the load" runs_tool
    printf b >>/mnt/ext4/tools/tool
    said=$(session bash -c /mnt/ext4/tools/tool 2>&1) && fail "a changed program ran"
    has "$said" "it changed since it was hashed"
    wait_for 30 "the rehash" is_known_again
    said=$(session bash -c /mnt/ext4/tools/tool 2>&1) && fail "another content ran"
    has "$said" "its content is not one that the rule lists: sha256 $(sha256sum /mnt/ext4/tools/tool | cut -c1-64)"
    has "$(bailiffctl events --verdict deny --json)" '"reason":"content"'
    has "$(bailiffctl policy check /etc/bailiff/policy.yaml)" "is not listed"
    truncate -s -1 /mnt/ext4/tools/tool
    wait_for 30 "the listed content after a rehash" runs_tool
    cp /usr/bin/true /mnt/ext4/tools/new
    mv /mnt/ext4/tools/new /mnt/ext4/tools/tool
    wait_for 30 "a copy in its place after its hashing" runs_tool
    usual_policy
}

case_a_rule_with_sha_for_a_folder_is_in_force_and_told() {
    printf '    exec: [{verdict: allow, path: [/usr/bin], sha256: [%064d]}]\n' 1 >>/etc/bailiff/policy.yaml
    has "$(bailiffctl policy check /etc/bailiff/policy.yaml)" "is no regular file"
    bailiffctl policy reload >/dev/null || fail "it was not loaded"
    wait_for 10 "a word in the log" grep -q "/usr/bin is no regular file" "$logs/bailiffd.log"
    usual_policy || fail "the policy before was not loaded again"
}
