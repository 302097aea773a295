# The same acts inside a container of podman. It shares all with the host but its root and its
# mounts, and is privileged: what is stopped there is stopped by the session alone.
# shellcheck shell=bash
# shellcheck disable=SC2154  # from lib.sh
pod=(podman --cgroup-manager cgroupfs --events-backend file)
volumes=(/mnt/ext4 /sys /dev /run/bailiff /run/bailiff-kernel /var/lib/bailiff /etc/bailiff)

# The programs that the acts start, and what those need; podman's storage on ext4, for overlayfs
# does not take the guest's own root below it.
set_up_container() {
    local tree=$disk/image storage=$disk/containers program
    mkdir -p $storage /var/lib/containers
    mount --bind $storage /var/lib/containers
    mkdir -p $tree/{usr/bin,usr/sbin,usr/lib,usr/lib64,etc/cron.d,etc/systemd/system,proc,sys,dev,run,tmp,var/lib,root,home/$account,mnt}
    chmod 1777 $tree/tmp
    chown $ESCAPE_UID $tree/home/$account
    for program in bin sbin lib lib64; do ln -s usr/$program $tree/$program; done
    cp /etc/passwd /etc/group $tree/etc/
    for program in /usr/bin/{bash,cat,sh,sleep,true} /usr/sbin/mkswap $disk/bin/escape; do
        [[ $program == $disk/* ]] || cp -P "$program" "$tree$program"
        ldd "$program" 2>/dev/null | grep -oE '/[^ ]+' || true
    done | sort -u | while read -r program; do cp -L --parents "$program" $tree/; done
    cp /usr/bin/dash $tree/usr/bin/
    tar -C $tree -c . | "${pod[@]}" import - escape >"$logs/podman.log" 2>&1 || { cat "$logs/podman.log"; exit 1; }
    rm -rf $tree
}

# in_container NAME WHO GROUP COMMAND...: in a control group of its own below GROUP, until the end.
in_container() {
    local name=$1 who=$2 group=$3 volume options=()
    shift 3
    for volume in "${volumes[@]}"; do options+=(--volume "$volume:$volume"); done
    [[ $who == root ]] || options+=(--user "$ESCAPE_UID:$ESCAPE_UID")
    "${pod[@]}" run --rm --name "$name" --privileged --network host --pid host --ipc host --uts host --cgroupns host \
        --cgroup-parent "$group" --log-driver none "${options[@]}" --workdir "$disk/work/$who" --env "ESCAPE_UID=$ESCAPE_UID" \
        escape "$@"
}

control_in_container() { # WHO PART
    local escape=$disk/bin/escape
    in_container "control-$1-$2" "$1" /outside $escape launch "$1" "$2" -- $escape acts "$1" "$2"
}

# The container's first program opens what is inherited, and waits until the session is there.
session_in_container() { # WHO PART
    local who=$1 part=$2 name=session-$1-$2 actor=agent:boxed escape=$disk/bin/escape group
    local go=$disk/info/$name.bound try
    [[ $who == user ]] || actor=agent:boxed-root
    rm -f "$go"
    # One whose root was mounted too shortly before its first program is denied that (README, Limits)
    # and started again.
    for try in 1 2 3 4 5; do
        in_container "$name" "$who" "/agents/$who" $escape launch "$who" "$part" -- \
            /usr/bin/sh -c "until [ -e $go ]; do sleep 0.2; done; exec $escape acts $who $part" &
        while kill -0 $! 2>/dev/null; do
            ! runs_in_container "$name" || break 2
            sleep 0.2
        done
    done
    wait_for 60 "the container $name" runs_in_container "$name"
    group=/sys/fs/cgroup/agents/$who/libpod-$("${pod[@]}" inspect -f '{{.Id}}' "$name")
    bailiffctl dev token --issuer $issuer --sub user:alice --actor $actor --ttl 14m >"$logs/token.$name"
    wait_for 300 "the session of $name" bailiffctl session open --cgroup "$group" --workspace "$disk/work/$who" \
        --token-file "$logs/token.$name"
    touch "$go"
    wait $!
}

runs_in_container() { [[ $("${pod[@]}" inspect -f '{{.State.Running}}' "$1") == true ]]; } # NAME
