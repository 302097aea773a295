# Deputies: what would act for the agent from outside its session, under the shipped policy.
# shellcheck shell=bash

# Whose owner reads the file later and does what it says.
deputy_files=(
    /etc/cron.d/job /var/spool/cron/crontabs/bot /var/spool/cron/atjobs/job
    /etc/systemd/system/job.service /home/bot/.config/systemd/user/job.service /run/systemd/system/job.service
    /etc/udev/rules.d/job.rules /etc/sudoers.d/job /etc/ld.so.preload /etc/ld.so.conf.d/job.conf
    /etc/profile.d/job.sh /etc/bash.bashrc /home/bot/.bashrc /home/bot/.profile /home/bot/.bash_logout
    /home/bot/.ssh/authorized_keys /home/bot/.ssh/rc /home/bot/.gitconfig /home/bot/.config/git/config
    /etc/gitconfig /home/bot/.config/autostart/job.desktop /home/bot/.local/bin/ls
    /usr/share/dbus-1/system-services/job.service /home/bot/.local/share/dbus-1/services/job.service
    /etc/apt/apt.conf.d/job /etc/logrotate.d/job
    /srv/work/other/.git/hooks/post-commit /srv/work/bot/.git/hooks/post-commit
)
# Whose server does what it is asked.
deputy_sockets=(
    /run/dbus/system_bus_socket /run/user/1000/bus /run/systemd/private /run/user/1000/systemd/private
    /run/systemd/notify /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock
    /run/user/1000/podman/podman.sock /tmp/ssh-agent/agent.1 /run/bailiff-kernel-like.sock
)
deputy_names=(/org/freedesktop/systemd1/private /tmp/dbus-abstract)

# Everything there is open to everybody, so that only the session can be what denies it.
prepare_deputies() {
    local path
    for path in "${deputy_files[@]}"; do
        mkdir -p "$(dirname "$path")"
        chmod 1777 "$(dirname "$path")"
        [[ $path == /etc/ld.so.preload ]] || touch "$path"
        [[ ! -e $path ]] || chmod 666 "$path"
    done
    chmod 755 /home/bot
    for path in "${deputy_sockets[@]}"; do
        mkdir -p "$(dirname "$path")"
        chmod 755 "$(dirname "$path")"
    done
    python3 - "${deputy_sockets[@]}" -- "${deputy_names[@]}" <<'PY' &
import os, socket, sys
split = sys.argv.index("--")
servers = []
for address in sys.argv[1:split] + ["\0" + name for name in sys.argv[split + 1:]]:
    if not address.startswith("\0") and os.path.exists(address):
        os.unlink(address)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(address)
    server.listen(64)
    if not address.startswith("\0"):
        os.chmod(address, 0o666)
    servers.append(server)
ssh = socket.create_server(("127.0.0.1", 22))
open("/tmp/deputies-ready", "w").close()
import time
time.sleep(3600)
PY
    deputies_pid=$!
    disown
    wait_for 30 "the deputies' servers" test -e /tmp/deputies-ready
}

list_deputies() {
    printf 'write %s\n' "${deputy_files[@]}"
    printf 'unix %s\n' "${deputy_sockets[@]}"
    printf 'abstract %s\n' "${deputy_names[@]}"
    echo "tcp 22"
}

case_no_deputy_of_the_host_acts_under_the_shipped_policy() {
    local without within allowed denied count
    prepare_deputies
    count=$(list_deputies | wc -l)
    install -D -m 755 "$here/try-acts" /usr/local/bin/try-acts
    install_shipped_policy
    bailiffctl policy reload >/dev/null || fail "the shipped policy was not loaded"
    without=$(list_deputies | as bot try-acts)
    within=$(list_deputies | fixer $work/bot try-acts 2>/dev/null)
    allowed=$(grep -c ': 0$' <<<"$without")
    same "$allowed" "$count" "acts that succeed without a session"
    ((allowed == count)) || grep -v ': 0$' <<<"$without"
    denied=$(grep -cE ': (1|13)$' <<<"$within")
    same "$denied" "$count" "acts that are denied in one"
    ((denied == count)) || grep -vE ': (1|13)$' <<<"$within"
    fixer $work/bot bash -c 'echo work >/srv/work/bot/file && rm /srv/work/bot/file' || fail "work in the workspace was denied"
    stop TERM "$deputies_pid"
    rm -f /etc/ld.so.preload
    usual_policy
}
