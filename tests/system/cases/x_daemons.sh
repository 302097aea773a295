# The daemons themselves: second ones, restarts, a full disk. Last, for they disturb the others.
# shellcheck shell=bash

case_a_second_of_each_is_refused() {
    local said
    said=$("${as_bailiff[@]}" "$(command -v bailiffd)" 2>&1) && fail "a second bailiffd ran"
    has "$said" "another bailiffd" "bailiffd"
    said=$(bailiff-kernel 2>&1) && fail "a second bailiff-kernel ran"
    has "$said" "another bailiff-kernel" "bailiff-kernel"
    same "$(state)" ENFORCING "posture afterwards"
}

case_sessions_outlive_bailiffd() {
    session bash -c 'while sleep 0.2; do cat /srv/secret/file; cat /etc/hostname || exit 1; [[ -e /srv/work/bot/end ]] && exit 5; done' >"$logs/outlive" 2>&1 &
    local waiting=$!
    wait_for 60 "the session" one_is_open
    stop KILL "$daemon_pid"
    start_daemon
    same "$(bailiffctl session list --json | grep -c '"id"')" 1 "sessions known to the new bailiffd"
    touch $work/bot/end
    wait $waiting
    same $? 5 "the command's status"
    has_not "$(cat "$logs/outlive")" secret$'\n' "what the session read"
    rm -f $work/bot/end
}

case_how_a_session_ended_outlives_bailiffd() {
    local waiting id
    session sleep 60 2>"$logs/over" &
    waiting=$!
    wait_for 60 "the session" one_is_open
    id=$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)
    bailiffctl session revoke "$id" --reason 'seen enough' >/dev/null || fail "not revoked"
    stop KILL "$daemon_pid"
    start_daemon
    pkill -KILL -x sleep
    wait $waiting
    has "$(cat "$logs/over")" "was revoked by uid 0 (root): seen enough" "what run says"
}

case_wait_tree_outlives_bailiffd() {
    local waiting begun=$SECONDS
    as bot bailiffctl run --wait-tree --token-file "$(token)" -- bash -c 'setsid bash -c "sleep 8; cat /etc/hostname >/dev/null && touch /srv/work/bot/late" & exit 3' 2>"$logs/tree" &
    waiting=$!
    wait_for 60 "the session" one_is_open
    stop KILL "$daemon_pid"
    sleep 1
    start_daemon
    wait $waiting
    same $? 3 "status"
    [[ -e $work/bot/late ]] || fail "the tree was ended with the daemon: $(cat "$logs/tree")"
    rm -f $work/bot/late
}

case_a_workspace_that_is_not_named_in_utf_harms_nobody() {
    local odd waiting said
    odd=$work/bot/$'odd\xff'
    as bot mkdir "$odd"
    ln -sfn "$odd" $work/bot/link
    session bash -c 'until [[ -e /srv/work/bot/end ]]; do sleep 0.2; done; cat /etc/hostname >/dev/null && exit 5' 2>/dev/null &
    waiting=$!
    wait_for 60 "the session" one_is_open
    said=$(as bot curl -sS --unix-socket $socket -H 'Content-Type: application/json' -d "{\"token\":\"$(cat "$(token)")\",\"workspace\":\"$work/bot/link\"}" http://localhost/bailiff.v1.Control/OpenSession)
    has "$said" '"code":"invalid_argument"' "a session for it"
    has "$said" "UTF-8"
    bailiffctl session list >/dev/null || fail "the list cannot be read"
    stop KILL "$daemon_pid"
    start_daemon
    touch $work/bot/end
    wait $waiting
    same $? 5 "another's session afterwards"
    rm -f $work/bot/end $work/bot/link
    rmdir "$odd"
}

case_without_bailiff_kernel_root_takes_sessions_back() {
    local waiting id said
    session bash -c 'while echo x >/srv/work/bot/x; do sleep 0.2; done' 2>"$logs/orphan" &
    waiting=$!
    wait_for 60 "the session" one_is_open
    id=$(bailiffctl session list --json | grep -oE 's-[0-9A-Z]{26}' | head -n 1)
    stop KILL "$kernel_pid"
    has "$(bailiffctl session list)" "${id: -6}" "the list"
    has "$(bailiffctl status --json)" '"posture"' "status"
    said=$(as bot bailiffctl session list 2>&1) && fail "a user was served: $said"
    bailiffctl session revoke "${id: -6}" >/dev/null || fail "not revoked"
    wait_for 30 "the end of it" bash -c "! grep -q '^State:.[^Z]' /proc/$waiting/status"
    start_kernel
    wait $waiting
    wait_for 90 "ENFORCING" posture_is ENFORCING
}

# The executable that an older process runs, and what a child runs that executed nothing itself.
case_denials_name_the_program_of_a_process_older_than_bailiffd() {
    local waiting last
    session perl -e 'until (-e "/srv/work/bot/end") { open(my $file, "<", "/srv/secret/file"); sleep 1 }' marker 2>/dev/null &
    waiting=$!
    wait_for 60 "the session" one_is_open
    stop KILL "$daemon_pid"
    start_daemon
    sleep 8
    last=$(bailiffctl events --verdict deny --json | tail -n 1)
    has "$last" '"perl","-e"' "the arguments"
    has "$last" '"marker"' "the arguments"
    touch $work/bot/end
    wait $waiting
    rm -f $work/bot/end
}

# While bailiff-kernel is replaced again and again, a denied file is never readable.
case_a_takeover_leaves_no_gap() {
    local _
    session perl -e 'until (-e "/srv/work/bot/end") {
        print "LEAK\n" if open(my $file, "<", "/srv/secret/file");
        select(undef, undef, undef, 0.003);
    }' >"$logs/takeover" 2>/dev/null &
    local waiting=$!
    sleep 1
    for _ in 1 2 3; do
        stop KILL "$kernel_pid"
        start_kernel
    done
    touch $work/bot/end
    wait $waiting
    has_not "$(cat "$logs/takeover")" LEAK "the agent's reads"
    rm -f $work/bot/end
    wait_for 90 "ENFORCING" posture_is ENFORCING
    session true
    same $? 0 "a session afterwards"
}

case_pins_that_somebody_removed_are_made_again_and_recorded() {
    local said
    rm /sys/fs/bpf/bailiff/links_*/file_open
    said=$(bailiffctl status)
    same $? 1 "exit status while one is missing"
    has "$said" "missing     file_open"
    session cat /srv/secret/file 2>/dev/null && fail "the secret was read"
    wait_for 90 "the pin" bash -c 'ls /sys/fs/bpf/bailiff/links_*/file_open'
    wait_for 30 "the record" bash -c "bailiffctl events --json | grep -q '\"reason\":\"mended\"'"
    said=$(bailiffctl status)
    same $? 0 "exit status afterwards"
    has "$said" "pins        1 had been removed"
}

case_a_full_disk_degrades_and_still_denies() {
    stop TERM "$daemon_pid"
    mkdir -p /var/lib/bailiff/journal
    mount -t tmpfs -o size=256k,uid="$(id -u bailiff)",mode=700 tmpfs /var/lib/bailiff/journal
    start_daemon
    head -c 1M /dev/zero >/var/lib/bailiff/journal/filler 2>/dev/null
    session bash -c 'for i in {1..60}; do /bin/true; done; cat /srv/secret/file' 2>/dev/null && fail "the secret was read"
    wait_for 30 "DEGRADED" posture_is DEGRADED
    has "$(bailiffctl status)" "journal" "status"
    session cat /srv/secret/file 2>/dev/null && fail "the secret was read on a full disk"
    rm -f /var/lib/bailiff/journal/filler
    wait_for 30 "ENFORCING again" posture_is ENFORCING
    has "$(bailiffctl events --verdict deny --json)" /srv/secret/file "the journal afterwards"
    stop TERM "$daemon_pid"
    umount /var/lib/bailiff/journal
    start_daemon
}

case_a_state_folder_that_is_full_does_not_keep_bailiffd_down() {
    local said
    stop TERM "$daemon_pid"
    mkdir -p /tmp/full
    mount -t tmpfs -o size=512k,uid="$(id -u bailiff)",gid="$(id -g bailiff)",mode=700 tmpfs /tmp/full
    cp -a /var/lib/bailiff/used-tokens /var/lib/bailiff/sessions.json /tmp/full/
    install -d -m 750 -o bailiff /tmp/full/journal
    install -m 640 -o bailiff /dev/null /tmp/full/journal/journal.jsonl
    install -m 640 -o bailiff /dev/null /tmp/full/journal/sequence
    install -m 600 -o bailiff /dev/null /tmp/full/journal/lock
    mount --bind /tmp/full /var/lib/bailiff
    dd if=/dev/zero of=/tmp/full/filler bs=4k 2>/dev/null
    start_daemon
    said=$(bailiffctl status)
    has "$said" DEGRADED
    has "$said" "no session can be opened"
    said=$(session true 2>&1)
    same $? 125 "a session on a full disk"
    rm -f /tmp/full/filler
    wait_for 30 "ENFORCING again" posture_is ENFORCING
    session true
    same $? 0 "a session afterwards"
    stop TERM "$daemon_pid"
    umount /var/lib/bailiff
    umount /tmp/full
    start_daemon
}

case_what_waits_goes_on_when_bailiff_is_detached() {
    local waiting approval
    hold_policy
    held rm /srv/held/a
    bailiffctl detach --reason "nobody is there" >/dev/null || fail "it could not be detached"
    wait $waiting
    [[ ! -e /srv/held/a ]] || fail "the file is still there"
    stop TERM "$daemon_pid"
    start_kernel
    start_daemon
    usual_policy
}

case_with_all_daemons_gone_status_reads_the_pins() {
    local said
    stop KILL "$daemon_pid"
    stop KILL "$kernel_pid"
    said=$(bailiffctl status)
    same $? 1 "exit status"
    has "$said" "enforc"
    has_not "$said" "missing"
    rm /sys/fs/bpf/bailiff/links_*/{file_open,inode_unlink}
    said=$(bailiffctl status)
    same $? 1 "exit status without two links"
    has "$said" "missing     file_open, inode_unlink"
    has "$said" "systemctl restart bailiff-kernel"
    rm /sys/fs/bpf/bailiff/links_*/*
    said=$(bailiffctl status 2>&1)
    same $? 2 "exit status without links"
    has "$said" "links were removed"
    bailiff-kernel --detach || fail "not detached"
    said=$(bailiffctl status 2>&1)
    same $? 2 "exit status with nothing in force"
    [[ ! -e /sys/fs/bpf/bailiff ]] || fail "pins are left"
}
