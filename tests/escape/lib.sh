# What `run` needs: an account, the daemons, a token, and one pass over the vectors.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # shared with run
issuer=/var/lib/bailiff-dev-issuer
disk=/mnt/ext4
logs=/tmp/escape
account=escapee
export ESCAPE_UID=3333
kernel=${BAILIFF_KERNEL:-$(uname -r)}
attachment=fmod_ret
! grep -qw bpf /sys/kernel/security/lsm || attachment=lsm

set_up() {
    mkdir -p "$logs" /etc/bailiff
    getent passwd bailiff >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin bailiff
    groupadd -g $ESCAPE_UID $account
    useradd -u $ESCAPE_UID -g $ESCAPE_UID --create-home --shell /bin/bash $account
    install -d -m 700 -o bailiff /var/lib/bailiff
    install -d -m 755 -o bailiff /run/bailiff
    # Everybody may write, as far as modes go: what stops an act is to be bailiff.
    install -d -m 1777 $disk/secret $disk/info
    install -d -m 777 $disk/bin
    install -d -m 755 $disk/work
    install -d -m 755 -o $account $disk/work/user
    install -d -m 755 $disk/work/root
    chmod 755 $disk
    install -m 755 "$(command -v escape)" $disk/bin/escape
    bailiffctl dev issuer init $issuer >/dev/null
    install -m 644 $issuer/jwks.json /etc/bailiff/dev-issuer.jwks.json
    install -m 644 "$here/policy.yaml" /etc/bailiff/policy.yaml
    loosen_kernel
}

# Not every kernel has each of them; what is missing shows in a control.
loosen_kernel() {
    local setting
    for setting in kernel/yama/ptrace_scope=0 kernel/unprivileged_userns_clone=1 \
        kernel/io_uring_disabled=0 dev/tty/legacy_tiocsti=1 net/ipv4/tcp_fastopen=3 \
        net/mptcp/enabled=1 kernel/sysrq=1 vm/unprivileged_userfaultfd=1; do
        echo "${setting#*=}" >"/proc/sys/${setting%=*}"
    done 2>/dev/null
}

wait_for() { # SECONDS WHAT COMMAND...
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            echo "$what did not happen in time"
            tail -n 20 "$logs"/*.log "$logs"/*.err
            bailiffctl events --verdict deny --json 2>&1 | tail -n 5
            exit 1
        fi
        sleep 0.2
    done
}

start_kernel() {
    rm -f /run/bailiff-kernel/kernel.sock
    bailiff-kernel >>"$logs/bailiff-kernel.log" 2>&1 &
    kernel_pid=$!
    disown
    wait_for 600 "bailiff-kernel" test -S /run/bailiff-kernel/kernel.sock
}

start_daemon() {
    setpriv --reuid bailiff --regid bailiff --clear-groups --no-new-privs "$(command -v bailiffd)" \
        >>"$logs/bailiffd.log" 2>&1 &
    daemon_pid=$!
    disown
    wait_for 60 "bailiffd" bailiffctl whoami
}

# Whether it runs; a zombie does not.
alive() { [[ $(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) == [^ZX]* ]]; }

# Whether a killed process is still on its way out, which takes a while: it holds many programs.
is_ending() { # PID
    local pending flags
    pending=$(sed -n 's/^S[a-z]*Pnd:[[:space:]]*.*\(.\)..$/\1/p' "/proc/$1/status" 2>/dev/null)
    flags=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f7)
    alive "$1" && { [[ $pending == *[13579bdf]* ]] || (((${flags:-0} & 4) != 0)); }
}

# A vector may have stopped or killed them.
revive() {
    local process
    kill -CONT "$kernel_pid" "$daemon_pid" 2>/dev/null
    for process in "$kernel_pid" "$daemon_pid"; do
        while is_ending "$process"; do sleep 0.1; done
    done
    alive "$kernel_pid" || start_kernel
    alive "$daemon_pid" || start_daemon
}

# session_of WHO COMMAND...: sets `in_session`. With a fresh token, for a token opens one session.
session_of() {
    local who=$1 actor=agent:worker file
    shift
    [[ $who == user ]] || actor=agent:root-worker
    file=$(mktemp "$logs/token.XXXXXX")
    bailiffctl dev token --issuer $issuer --sub user:alice --actor $actor --ttl 14m >"$file"
    chmod 644 "$file"
    in_session=(bailiffctl run --token-file "$file" --workspace "$disk/work/$who" -- "$@")
}

as() { # WHO COMMAND...
    local who=$1
    shift
    if [[ $who == root ]]; then
        (cd $disk/work/root && "$@")
    else
        (cd $disk/work/user && setpriv --reuid $account --regid $account --init-groups --reset-env \
            env "PATH=$PATH" "ESCAPE_UID=$ESCAPE_UID" "$@")
    fi
}

# The results of one pass, into the array named $1: `control` or `session`.
read_results() {
    local -n into=$1
    local name result process
    while IFS=$'\t' read -r name result process; do
        if [[ -z $name || -z $result ]]; then
            echo "$2 says: $name $result"
            continue
        fi
        into["$name"]=$result
        [[ $1 == control ]] || pid["$name"]=$process
    done <"$2"
}

# try WHO PART: all its vectors, without a session and in one. Output goes through pipes, as under
# any supervisor: a file would be one more thing that a session has to be allowed.
try() {
    local who=$1 part=$2 log=$logs/$1-$2 escape=$disk/bin/escape
    escape prepare "$who" "$part"
    # Somebody else's supervisor, for the vectors that attack one.
    session_of "$who" sleep 60
    as "$who" "${in_session[@]}" >/dev/null 2>&1 </dev/null &
    disown
    if [[ -n $container ]]; then
        control_in_container "$who" "$part" 2>&1 </dev/null | cat >"$log.control"
    else
        as "$who" $escape launch "$who" "$part" -- $escape acts "$who" "$part" 2>&1 </dev/null | cat >"$log.control"
    fi
    escape finish "$who" "$part"
    revive

    escape prepare "$who" "$part"
    if [[ -n $container ]]; then
        session_in_container "$who" "$part" 2> >(cat >"$log.err") </dev/null | cat >"$log.session"
    else
        session_of "$who" $escape acts "$who" "$part"
        as "$who" $escape launch "$who" "$part" -- "${in_session[@]}" 2> >(cat >"$log.err") </dev/null | cat >"$log.session"
    fi
    escape finish "$who" "$part"
    revive
    read_results control "$log.control"
    read_results session "$log.session"
}

# grep reads to the end: bailiffctl must not fail because nobody listens any more.
denied_in_journal() { # PATTERN
    bailiffctl events --verdict deny --json 2>/dev/null | grep -E "$1" >/dev/null
}
