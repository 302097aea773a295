# What a rule preserves happens unnoticed and can be undone: on overlayfs, tmpfs and ext4.
# shellcheck shell=bash

places=(/srv/undo /tmp/undo /mnt/ext4/undo)

# undo_policy [LINE...]: the usual policy, with a ceiling for the host that preserves what lies in
# the places; further lines are of the policy.
undo_policy() {
    local place
    for place in "${places[@]}"; do
        rm -rf "$place"
        install -d -o bot "$place"
    done
    {
        sed '/^profiles:/,$d' "$here/policy.yaml"
        echo 'host: {profiles: [ceiling]}'
        echo 'approvals: {deadline: 20s}'
        printf '%s\n' "$@"
        sed -n '/^profiles:/,$p' "$here/policy.yaml"
        cat <<'YAML'
  - name: ceiling
    default: {exec: allow, files: allow, network: allow, system: allow}
    files: [{verdict: preserve, rights: [write, delete, truncate], path: [/srv/undo, /tmp/undo, /mnt/ext4/undo]}]
YAML
        (($#)) || echo 'undo: {stores: [/mnt/ext4/store]}'
    } >/etc/bailiff/policy.yaml
    bailiffctl policy check /etc/bailiff/policy.yaml >"$logs/check" 2>&1 || fail "refused: $(<"$logs/check")"
    bailiffctl policy reload >/dev/null || fail "the policy that preserves was not loaded"
}

# A tree of account bot with all that has to come back.
plant() { # FOLDER
    as bot bash -c '
        cd "$1" && mkdir -p tree/a/b/empty tree/c && cd tree
        for i in {1..40}; do echo "content $i" >"a/f$i"; done
        head -c 300000 /dev/urandom >c/large
        truncate -s 3M c/sparse
        printf x >"a/b/a name
with all"
        ln -s ../a c/link
        ln -s nowhere c/dangling
        mkfifo c/pipe
        chmod 640 a/f1 && chmod 4755 a/f2 && chmod 2750 a/b && touch -d 2001-02-03 a/f3 c/link a/b
        python3 -c "import os; os.setxattr(\"a/f4\", \"user.note\", b\"kept\")" 2>/dev/null || true' _ "$1"
}

# All that can be seen of a tree, if it is there: type, mode, owner, size, time of change, target,
# content.
picture() { # FOLDER
    (cd "$1" && find tree -mindepth 1 \( -type d -printf '%y %m %u %g %p\n' -o -printf '%y %m %u %g %s %T@ %p %l\n' \) | LC_ALL=C sort
        find tree -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        python3 -c 'import os; print([os.getxattr("tree/a/f4", name) for name in os.listxattr("tree/a/f4")])') 2>/dev/null
}

# The session of the last act that was kept.
last_session() { bailiffctl undo list --json | grep -o '"session":"[^"]*"' | tail -n 1 | cut -d'"' -f4; }

case_a_tree_is_removed_and_comes_back() {
    local place before said done_by
    undo_policy
    for place in "${places[@]}"; do
        plant "$place"
        before=$(picture "$place")
        session rm -rf "$place/tree" >"$logs/undo" 2>&1 || fail "$place: it was not removed: $(<"$logs/undo")"
        has_not "$(<"$logs/undo")" "bailiff" "$place: what the agent is told"
        [[ -e $place/tree ]] && fail "$place: it is still there"
        done_by=$(last_session)
        said=$(bailiffctl undo restore --session "$done_by" 2>&1) || fail "$place: $said"
        has "$said" "0 not" "$place: what is said"
        same "$(picture "$place")" "$before" "$place: what came back"
        bailiffctl undo restore --session "$done_by" >"$logs/undo" 2>&1 && fail "$place: it was restored twice"
        same "$(picture "$place")" "$before" "$place: what is there"
    done
    said=$(bailiffctl events --json --verdict preserve)
    has "$said" '"reason":"preserved"' "the events"
    usual_policy
}

case_what_is_overwritten_comes_back() {
    local place before said
    undo_policy
    for place in "${places[@]}"; do
        plant "$place"
        before=$(picture "$place")
        # Each in a way of its own; the writer keeps its descriptor open over the removal.
        session bash -c '
            cd "$1/tree" && echo other >../new
            truncate -s 0 a/f5 && mv -f ../new a/f6 && dd if=/dev/zero of=c/large bs=1000 count=1 seek=2 conv=notrunc status=none
            echo appended >>a/f7 && cp a/f8 a/f9 && ln -sfn other c/link && sed -i s/content/changed/ a/f10 a/f11
            python3 -c "
import os
os.unlink(\"a/f12\")
os.truncate(\"a/f13\", 1)
writer = os.open(\"a/f14\", os.O_WRONLY)
os.unlink(\"a/f14\")
os.write(writer, b\"garbage\")
writer = open(\"a/f15\", \"r+\")
import mmap
mapped = mmap.mmap(writer.fileno(), 0)
mapped[0:1] = b\"X\"
os.rename(\"a/f16\", \"a/f17\")
open(\"a/f16\", \"w\").write(\"new\")
"' _ "$place" >"$logs/undo" 2>&1 || fail "$place: $(<"$logs/undo")"
        has_not "$(<"$logs/undo")" "bailiff" "$place: what the agent is told"
        [[ $(picture "$place") != "$before" ]] || fail "$place: nothing was changed"
        said=$(bailiffctl undo restore --session "$(last_session)" 2>&1) || fail "$place: $said"
        same "$(picture "$place" | grep -v f16)" "$(grep -v f16 <<<"$before")" "$place: what came back"
    done
    usual_policy
}

case_undo_loses_nothing_newer() {
    local said action
    undo_policy
    plant /srv/undo
    session bash -c 'cd /srv/undo/tree/a && rm f1 f2 && echo agent >f3 && echo agent >f4' || fail "it was not done"
    sleep 0.1
    local ended
    ended=$(last_session)
    echo user >/srv/undo/tree/a/f1
    echo user >/srv/undo/tree/a/f3
    said=$(bailiffctl undo restore --session "$ended" 2>&1) && fail "something newer was replaced"
    has "$said" "/srv/undo/tree/a/f1: " "what is said"
    has "$said" "is there again" "what is said"
    has "$said" "/srv/undo/tree/a/f3 was changed at" "what is said"
    has "$said" "2 restored, 2 not" "what is said"
    same "$(</srv/undo/tree/a/f1)" user "what was newer"
    same "$(</srv/undo/tree/a/f3)" user "what was newer"
    same "$(</srv/undo/tree/a/f4)" "content 4" "what was restored"
    said=$(bailiffctl undo restore --session "$ended" --replace 2>&1) || fail "$said"
    same "$(</srv/undo/tree/a/f1)" "content 1" "what was restored"
    action=$(bailiffctl undo list | awk '/replaced/ && /a\/f1$/ {print $1}')
    has "$(bailiffctl undo show "$action")" "/srv/undo/tree/a/f1" "what is shown"
    said=$(bailiffctl undo restore --action "$action" --replace 2>&1) || fail "$said"
    same "$(</srv/undo/tree/a/f1)" user "what was kept of the newer"
    has "$(bailiffctl events --json)" '"kind":"undo.restored"' "the events"
    # Others see nothing of it, and an agent does not undo.
    has_not "$(as bot-uid bailiffctl undo list 2>&1)" "/srv/undo" "what another account sees"
    said=$(session bailiffctl undo list 2>&1) && fail "an agent lists what is kept"
    has "$said" "is not open to it" "what an agent is told"
    usual_policy
}

# What cannot be kept waits, and is not lost.
case_what_cannot_be_kept_is_asked_for() {
    local waiting approval said
    undo_policy 'undo: {max_copy: 64KiB, quota: 100GiB, keep: 1h}'
    as bot head -c 100000 /dev/urandom >/srv/undo/large
    chown bot /srv/undo/large
    session rm /srv/undo/large >"$logs/undo" 2>&1 &
    waiting=$!
    wait_for 15 "the question" what_waits || return
    approval=$(what_waits | head -n 1)
    said=$(bailiffctl approvals show "$approval")
    has "$said" "64 KiB" "why it is asked"
    bailiffctl approvals deny "$approval" >/dev/null || fail "it could not be denied"
    wait $waiting && fail "it was removed"
    [[ -e /srv/undo/large ]] || fail "it is gone"
    has "$(<"$logs/undo")" "it was not kept: " "what the user is told"
    # What the cases before left there is more than that.
    undo_policy 'undo: {quota: 1MiB, session_quota: 1MiB}'
    as bot bash -c 'for i in {1..30}; do head -c 100000 /dev/urandom >/srv/undo/f$i; done'
    session bash -c 'rm /srv/undo/f{1..30}' >"$logs/undo-quota" 2>&1 &
    waiting=$!
    wait_for 15 "the question" what_waits || return
    has "$(bailiffctl approvals show "$(what_waits | head -n 1)")" "1 MiB, its quota" "why it is asked"
    while kill -0 $waiting 2>/dev/null; do
        for approval in $(what_waits); do bailiffctl approvals deny "$approval" >/dev/null 2>&1; done
        sleep 0.2
    done
    wait $waiting
    # Those before the quota was reached were kept and removed.
    if (($(find /srv/undo -name 'f*' | wc -l) < 30)); then
        bailiffctl undo restore --session "$(last_session)" >"$logs/undo" 2>&1 || fail "$(<"$logs/undo")"
    fi
    same "$(find /srv/undo -name 'f*' -size 98k | wc -l)" 30 "files afterwards"
    usual_policy
}

case_a_session_does_not_use_up_the_store() {
    local waiting approval
    undo_policy 'undo: {quota: 10GiB, session_quota: 1MiB}'
    as bot bash -c 'for i in {1..12}; do head -c 100000 /dev/urandom >/srv/undo/f$i; done'
    session bash -c 'rm /srv/undo/f{1..11}' >"$logs/share" 2>&1 &
    waiting=$!
    wait_for 15 "the question" what_waits || return
    approval=$(what_waits | head -n 1)
    has "$(bailiffctl approvals show "$approval")" "its session has had kept would be more than 1 MiB, its share of the store" "why it is asked"
    session rm /srv/undo/f12 >"$logs/undo" 2>&1 || fail "another session's act failed: $(<"$logs/undo")"
    has_not "$(<"$logs/undo")" "bailiff: holds" "what the other agent is told"
    bailiffctl approvals deny "$approval" >/dev/null || fail "it could not be denied"
    wait $waiting && fail "what was denied happened"
    same "$(find /srv/undo -name 'f*' | wc -l)" 1 "files that are left"
    usual_policy
}

# rm -rf of many files, and one command that brings them back. FOLDERS=100: 10,000 entries.
case_many_files_come_back() {
    local place before begun removed restored folders=${FOLDERS:-8}
    undo_policy
    place=/mnt/ext4/undo
    as bot bash -c 'mkdir -p "$1/tree" && cd "$1/tree" && for ((d = 1; d <= $2; d++)); do mkdir d$d && for f in {1..99}; do echo "$d $f" >d$d/f$f; done; done' _ $place "$folders"
    before=$(cd $place && find tree -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
    begun=${EPOCHREALTIME/./}
    session rm -rf $place/tree || fail "it was not removed"
    removed=${EPOCHREALTIME/./}
    bailiffctl undo restore --session "$(last_session)" >"$logs/undo" 2>&1 || fail "$(tail -n 3 "$logs/undo")"
    restored=${EPOCHREALTIME/./}
    has "$(tail -n 1 "$logs/undo")" "$((folders * 100 + 1)) restored, 0 not" "what is said"
    same "$(cd $place && find tree -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)" "$before" "what came back"
    echo "    removed in $(((removed - begun) / 1000)) ms, restored in $(((restored - removed) / 1000)) ms"
    usual_policy
}

# For who reads of a failure: the tasks that are stopped, and what bailiff knows of them.
what_happens() {
    ps -eo pid,ppid,stat,wchan:32,etime,args | grep -v '\[' | tail -n 40
    bailiffctl approvals list 2>&1
    bailiffctl status 2>&1
}

# Whoever is killed when: each file is there or can be restored.
case_killed_daemons_lose_nothing_that_is_preserved() {
    local round rounds=${ROUNDS:-6} removing place said
    undo_policy
    for ((round = 1; round <= rounds; round++)); do
        place=${places[round % 3]}
        rm -rf "$place/tree"
        plant "$place"
        local before
        before=$(picture "$place")
        session rm -rf "$place/tree" >"$logs/undo" 2>&1 &
        removing=$!
        sleep "0.$((RANDOM % 10))"
        if ((round % 3 == 0)); then
            stop KILL "$kernel_pid"
            start_kernel
        else
            stop KILL "$daemon_pid"
            start_daemon
        fi
        wait_for 60 "round $round, $place: the end of rm" gone $removing || { what_happens; return; }
        wait $removing
        if [[ $(picture "$place") != "$before" ]]; then
            said=$(bailiffctl undo restore --session "$(last_session)" 2>&1) || fail "round $round: $said"
        fi
        same "$(picture "$place")" "$before" "round $round, $place: what came back"
    done
    usual_policy
}

# The shipped policy: work on its own files is not kept, and what it finds there is not lost.
case_under_the_shipped_policy_nothing_is_lost() {
    local before said place=$work/bot/wild
    install_shipped_policy
    bailiffctl policy reload >/dev/null || fail "the shipped policy was not loaded"
    rm -rf "$place"
    as bot mkdir "$place"
    plant "$place"
    before=$(picture "$place")
    fixer "$place" sh -c 'cd wild && mkdir build && echo one >build/x && echo two >>build/x && mv build/x build/y && rm -rf build' >"$logs/undo" 2>&1 ||
        fail "work on its own files: $(<"$logs/undo")"
    has_not "$(bailiffctl undo list)" "$place/build" "what is kept of its own files"
    fixer "$place" sh -c 'cd wild && rm -rf tree/a && python3 -c "import os; os.unlink(\"tree/c/large\")" && truncate -s 1 tree/c/sparse' >"$logs/undo" 2>&1 ||
        fail "the agent noticed: $(<"$logs/undo")"
    has_not "$(<"$logs/undo")" "bailiff: holds" "what the agent is told"
    said=$(bailiffctl undo restore --session "$(last_session)" 2>&1) || fail "$said"
    same "$(picture "$place")" "$before" "what came back"
    usual_policy
}
