# Agents in containers, known by their control group: before a session, and bound to one.
# shellcheck shell=bash

pod=(podman --cgroup-manager cgroupfs --events-backend file)

# An image with busybox and what the cases look at, and podman's storage on ext4: overlayfs does not
# take the guest's own root below it.
set_up_podman() {
    [[ ! -d /mnt/ext4/containers ]] || return 0
    local tree=/mnt/ext4/box-tree name
    mkdir -p /mnt/ext4/containers /var/lib/containers $tree/{bin,srv/secret,srv/work/box,tmp,proc,sys,dev,etc,run}
    mount --bind /mnt/ext4/containers /var/lib/containers
    cp /usr/bin/busybox $tree/bin/
    for name in sh cat sleep touch nc ls; do ln -s busybox $tree/bin/$name; done
    echo secret >$tree/srv/secret/file
    tar -C $tree -c . | "${pod[@]}" import - box >"$logs/podman" 2>&1 || fail "no image: $(tail -n 5 "$logs/podman")"
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
    "${pod[@]}" run -d --name "$1" --cgroup-parent /agents --network host --log-driver k8s-file box /bin/sh -c \
        'cat /proc/self/comm; while sleep 1; do :; done' >"$logs/podman" 2>&1 ||
        fail "no container: $(tail -n 5 "$logs/podman")"
}
box_runs() { "${pod[@]}" logs "$1" | grep -q cat; } # NAME: for wait_for
in_box() { "${pod[@]}" exec one "$@" 2>&1; }

case_an_agent_in_a_podman_container_is_bound_with_its_control_group() {
    local id full said group
    set_up_podman
    box_policy
    start_box one
    full=$("${pod[@]}" inspect -f '{{.Id}}' one)
    group=/agents/libpod-$full
    wait_for 30 "its first command" box_runs one
    same "$(in_box cat /srv/secret/file)" secret "before the session, under the rules without one"
    has "$(in_box nc 127.0.0.1 8080 </dev/null)" "not permitted" "the network before the session"
    said=$(bailiffctl events --json | grep '"agent":"box"')
    has "$said" "$full" "the record"
    has "$said" '"image":"localhost/box:latest"' "the record"
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
    "${pod[@]}" rm -f -t 0 one >/dev/null 2>&1
    usual_policy
}
