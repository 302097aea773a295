# What the cases share: accounts, daemons, tokens, and how a case says that it failed.
# shellcheck shell=bash
issuer=/var/lib/bailiff-dev-issuer
socket=/run/bailiff/control.sock
work=/srv/work
logs=/tmp/system
failures_of_case=0
skipped_case='' # why

skip() { skipped_case=$1; }

fail() {
    failures_of_case=$((failures_of_case + 1))
    echo "    $*"
}

# same ACTUAL EXPECTED WHAT
same() { [[ $1 == "$2" ]] || fail "$3: got \"$1\", expected \"$2\""; }
# has TEXT PART WHAT
has() { [[ $1 == *"$2"* ]] || fail "${3:-output} has no \"$2\": ${1:0:600}"; }
has_not() { [[ $1 != *"$2"* ]] || fail "${3:-output} has \"$2\": ${1:0:600}"; }

wait_for() { # SECONDS WHAT COMMAND...
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            fail "$what did not happen in time"
            return 1
        fi
        sleep 0.2
    done
}

set_up() {
    mkdir -p "$logs" /etc/bailiff /srv/secret /srv/bots/pkg
    chmod 1777 "$logs" # the agents of several accounts write there
    getent passwd bailiff >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin bailiff
    local account
    for account in bot bot-uid; do
        useradd --create-home --shell /bin/bash $account
        install -d -m 755 -o $account $work/$account
    done
    install -d -m 700 -o bailiff /var/lib/bailiff
    install -d -m 755 -o bailiff /run/bailiff
    bailiffctl dev issuer init $issuer >/dev/null
    install -m 644 $issuer/jwks.json /etc/bailiff/dev-issuer.jwks.json
    install -m 644 "$here/policy.yaml" /etc/bailiff/policy.yaml
    echo secret >/srv/secret/file
    chmod 755 /srv/secret
    chmod 666 /srv/secret/file
    set_up_bots
    node -e 'require("http").createServer((q, r) => r.end("hello\n")).listen(8080, "127.0.0.1")' &
    disown
}

set_up_bots() {
    cat >/srv/bots/agent.js <<'JS'
require("net").connect(8080, "127.0.0.1").on("connect", () => { console.log("connected"); process.exit(0); })
    .on("error", (e) => { console.log(e.message); process.exit(1); });
JS
    cp /srv/bots/agent.js /srv/bots/other.js
    cat >/srv/bots/pkg/__main__.py <<'PY'
import socket
try:
    socket.create_connection(("127.0.0.1", 8080)).close()
    print("connected")
except OSError as error:
    print(error)
PY
    cp /srv/bots/pkg/__main__.py /srv/bots/pkg/other.py
    chmod 777 /srv/bots/pkg
}

# The policy of the other cases again.
usual_policy() {
    install -m 644 "$here/policy.yaml" /etc/bailiff/policy.yaml
    bailiffctl policy reload >/dev/null
}

start_kernel() {
    rm -f /run/bailiff-kernel/kernel.sock
    bailiff-kernel >>"$logs/bailiff-kernel.log" 2>&1 &
    kernel_pid=$!
    disown
    wait_for 600 "bailiff-kernel" test -S /run/bailiff-kernel/kernel.sock
}

as_bailiff=(setpriv --reuid bailiff --regid bailiff --clear-groups --no-new-privs)

start_daemon() {
    "${as_bailiff[@]}" "$(command -v bailiffd)" >>"$logs/bailiffd.log" 2>&1 &
    daemon_pid=$!
    disown
    wait_for 60 "bailiffd" api_answers
}

api_answers() { [[ $(api WhoAmI '{}') == *$'\n200' ]]; }

# The posture, when bailiffd answers and has one that is COMMAND's: for wait_for.
posture_is() { [[ $(state) == "$1" ]]; }

# stop SIGNAL PID
stop() {
    kill -"$1" "$2"
    while kill -0 "$2" 2>/dev/null; do sleep 0.1; done
}

gone() { ! kill -0 "$1" 2>/dev/null; } # PID

as() { # ACCOUNT COMMAND...
    local account=$1
    shift
    (cd $work/"$account" && setpriv --reuid "$account" --regid "$account" --init-groups --reset-env env "PATH=$PATH" "$@")
}

# A file with a fresh token for `bot` and its like. Options of `dev token` follow.
token() {
    local file
    file=$(mktemp "$logs/token.XXXXXX")
    [[ " $* " == *" --sub "* ]] || set -- --sub user:alice "$@"
    [[ " $* " == *" --actor "* ]] || set -- --actor agent:worker "$@"
    [[ " $* " == *" --ttl "* ]] || set -- --ttl 10m "$@"
    bailiffctl dev token --issuer "$issuer" "$@" >"$file"
    chmod 644 "$file"
    echo "$file"
}

# A session of account bot with a fresh token.
session() { as bot bailiffctl run --token-file "$(token)" -- "$@"; }

# Puts the shipped policy in place, for tokens that account bot presents.
install_shipped_policy() {
    install -D -m 755 /dev/null /usr/local/lib/bailiff/demo-agent
    sed 's/presented_by: \[bailiff-demo\]/presented_by: [bot]/' "$here/../../policies/coding-agent.yaml" >/etc/bailiff/policy.yaml
}

# A session of the shipped policy's agent.
fixer() { # WORKSPACE COMMAND...
    local workspace=$1
    shift
    as bot bailiffctl run --workspace "$workspace" --token-file "$(token --actor agent:code-fixer --ttl 15m)" -- "$@"
}

api() { # METHOD BODY [CURL OPTION...]: prints the body and, on the last line, the status
    local method=$1 body=$2
    shift 2
    curl -sS --max-time 60 --unix-socket $socket -H 'Content-Type: application/json' -d "$body" \
        -w '\n%{http_code}\n' "$@" "http://localhost/bailiff.v1.Control/$method" 2>&1
}

# The session's id in what `session open --json` printed.
id_in() { sed -n 's/.*"id": *"\(s-[^"]*\)".*/\1/p' <<<"$1" | head -n 1; }

# Whether a session is open: for wait_for.
one_is_open() { bailiffctl session list --json | grep -q '"id"'; }

state() { bailiffctl status --json | perl -0ne 'print $1 if /"posture":\s*"([A-Z]+)"/'; }
