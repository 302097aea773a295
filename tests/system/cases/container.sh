# Agents in containers, known by their control group: before a session, and bound to one.
# shellcheck shell=bash

docker_folder=/usr/local/share/docker # what fetch-docker fetched, if anything
engine=() groups='' run_options=()    # the command, and how a container's control group begins

# A root with busybox and what the cases look at, as an image.
make_image() {
    local tree=/mnt/ext4/box-tree name
    if [[ ! -d $tree ]]; then
        mkdir -p $tree/{bin,srv/secret,srv/work/box,tmp,proc,sys,dev,etc,run}
        cp /usr/bin/busybox $tree/bin/
        for name in sh cat sleep touch nc ls; do ln -s busybox $tree/bin/$name; done
        echo secret >$tree/srv/secret/file
    fi
    tar -C $tree -c . | "${engine[@]}" import - box >"$logs/engine" 2>&1 || fail "no image: $(tail -n 5 "$logs/engine")"
}

# Storage on ext4: overlayfs does not take the guest's own root below it.
set_up_podman() {
    engine=(podman --cgroup-manager cgroupfs --events-backend file) groups=/agents/libpod- run_options=(--log-driver k8s-file)
    mkdir -p /mnt/ext4/containers /var/lib/containers
    mount --bind /mnt/ext4/containers /var/lib/containers
    make_image
}

set_up_docker() {
    local libraries=$docker_folder/lib/x86_64-linux-gnu:$docker_folder/usr/lib/x86_64-linux-gnu
    engine=(env "PATH=$docker_folder/usr/bin:$docker_folder/usr/sbin:$PATH" "LD_LIBRARY_PATH=$libraries")
    groups=/agents/ run_options=(--security-opt apparmor=unconfined) # its profile needs apparmor_parser
    mkdir -p /mnt/ext4/docker /var/lib/docker
    mount --bind /mnt/ext4/docker /var/lib/docker
    "${engine[@]}" dockerd --bridge=none --iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs \
        --storage-driver overlay2 >"$logs/dockerd.log" 2>&1 &
    disown
    engine+=(docker)
    wait_for 120 "dockerd" "${engine[@]}" version
    make_image
}

# The policy with an agent `box`: what is below control group /agents.
box_policy() {
    root_may_present
    sed -i 's|^profiles:|  - {name: box, actor: agent:box, match: {cgroup: /agents}, profiles: [boxed], unbound: [offline]}\nprofiles:|' /etc/bailiff/policy.yaml
    cat >>/etc/bailiff/policy.yaml <<'YAML'
  - name: boxed
    default: {exec: allow, files: allow, network: allow, system: allow}
    files:
      - {verdict: deny, path: [/srv/secret]}
      - {verdict: deny, rights: [create], path: [/srv/work]}
      - {verdict: allow, path: ["${workspace}"]}
YAML
    bailiffctl policy reload >/dev/null || fail "the policy was not loaded"
}

# Container NAME, which runs until it is removed. Its first command says its name.
start_box() { # NAME
    "${engine[@]}" run -d --name "$1" --cgroup-parent /agents --network host "${run_options[@]}" box /bin/sh -c \
        'cat /proc/self/comm; while sleep 1; do :; done' >"$logs/engine" 2>&1 ||
        fail "no container: $(tail -n 5 "$logs/engine")"
}
box_runs() { "${engine[@]}" logs "$1" | grep -q cat; } # NAME: for wait_for
in_box() { "${engine[@]}" exec one "$@" 2>&1; }

# As IMAGE is called in records.
is_bound_with_its_control_group() { # IMAGE
    local id full said group
    box_policy
    start_box one
    full=$("${engine[@]}" inspect -f '{{.Id}}' one)
    group=$groups$full
    wait_for 30 "its first command" box_runs one
    same "$(in_box cat /srv/secret/file)" secret "before the session, under the rules without one"
    has "$(in_box nc 127.0.0.1 8080 </dev/null)" "not permitted" "the network before the session"
    said=$(bailiffctl events --json | grep '"agent":"box"')
    has "$said" "$full" "the record"
    has "$said" "\"image\":\"$1\"" "the record"
    said=$(bailiffctl session open --cgroup "/sys/fs/cgroup$group" --workspace /srv/work/box --token-file "$(token --actor agent:box)" --json 2>&1)
    id=$(id_in "$said")
    [[ -n $id ]] || fail "no session: $said"
    has "$(in_box cat /srv/secret/file)" "not permitted" "a denied path of the container"
    same "$(in_box nc 127.0.0.1 8080 </dev/null)" "" "the network in the session"
    same "$(in_box touch /srv/work/box/new)" "" "its workspace"
    has "$(in_box touch /srv/work/other)" "not permitted" "beside its workspace"
    same "$(in_box sh -c 'echo x >/dev/null; cat /proc/self/comm')" cat "what the container mounted for itself"
    has "$(bailiffctl events --session "$id" --json)" "$full" "the session's records"
    bailiffctl session end "$id" >/dev/null
    "${engine[@]}" kill one >/dev/null 2>&1
    "${engine[@]}" rm -f one >/dev/null 2>&1
    usual_policy
}

case_an_agent_in_a_podman_container_is_bound_with_its_control_group() {
    set_up_podman
    is_bound_with_its_control_group localhost/box:latest
}

case_an_agent_in_a_docker_container_is_bound_with_its_control_group() {
    if [[ ! -d $docker_folder ]]; then
        skip "there is no $docker_folder; see tests/system/fetch-docker"
        return
    fi
    set_up_docker
    is_bound_with_its_control_group box
}
