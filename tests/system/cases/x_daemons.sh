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
    sleep 2
    stop KILL "$daemon_pid"
    start_daemon
    same "$(bailiffctl session list --json | grep -c '"id"')" 1 "sessions known to the new bailiffd"
    touch $work/bot/end
    wait $waiting
    same $? 5 "the command's status"
    has_not "$(cat "$logs/outlive")" secret$'\n' "what the session read"
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

case_with_all_daemons_gone_status_reads_the_pins() {
    local said
    stop KILL "$daemon_pid"
    stop KILL "$kernel_pid"
    said=$(bailiffctl status)
    same $? 1 "exit status"
    has "$said" "enforc"
    bailiff-kernel --detach || fail "not detached"
    said=$(bailiffctl status 2>&1)
    same $? 2 "exit status with nothing in force"
    [[ ! -e /sys/fs/bpf/bailiff ]] || fail "pins are left"
}
