# Agents in containers of podman: told by their control group, bound by it, their paths those of the
# container. No network and no registry: the image is made of this host's busybox.
# shellcheck shell=bash

boxes=/agents # the control group that the containers are put in

podman_() {
    podman --log-level error --storage-driver overlay --cgroup-manager cgroupfs --events-backend file "$@" 2>&1
}

# Podman's storage cannot be on the guest's own root, which is an overlay itself.
prepare_podman() {
    [[ -d /mnt/ext4/containers ]] && return
    local tree=/mnt/ext4/tree busybox applet
    busybox=$(command -v busybox)
    mkdir -p /mnt/ext4/containers /var/lib/containers $tree/bin $tree/etc $tree/srv/work/box $tree/tmp
    mount --bind /mnt/ext4/containers /var/lib/containers
    cp "$busybox" $tree/bin/busybox
    for applet in sh cat echo sleep touch wget; do ln -s busybox $tree/bin/$applet; done
    echo "the container's secret" >$tree/etc/secret
    echo "the container's word" >$tree/etc/word
    [[ -e /etc/containers/policy.json ]] || {
        mkdir -p /etc/containers
        echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
    }
    tar -C $tree -c . | podman_ import - bailiff-test:1 >"$logs/import" || fail "no image: $(cat "$logs/import")"
}

container_policy() {
    cat >/etc/bailiff/policy.yaml <<'YAML'
version: 1
audience: ["bailiff://localhost"]
issuers:
  - {issuer: "https://dev-issuer.bailiff.invalid", jwks_file: /etc/bailiff/dev-issuer.jwks.json, algorithms: [ES256], max_lifetime: 15m}
roles: {user: ["*"]}
workspace_roots: [/srv/work]
users:
  - {subject: "user:*", presented_by: [root], profiles: [all]}
agents:
  - {name: boxed, actor: "agent:boxed", match: {cgroup: /agents}, profiles: [box], unbound: [idle]}
profiles:
  - name: all
    default: {exec: allow, files: allow, network: allow, system: allow}
  - name: idle
    default: {exec: allow, files: allow, network: deny, system: allow}
    files:
      - {verdict: deny, path: [/etc/secret, /etc/word]}
      - {verdict: deny, rights: [write, create], path: [/srv]}
  - name: box
    default: {exec: deny, files: allow, network: deny, system: allow}
    exec:
      - {verdict: allow, path: [/bin]}
    files:
      - {verdict: deny, path: [/etc/secret]}
      - {verdict: deny, rights: [write, create], path: [/srv]}
      - {verdict: allow, path: ["${workspace}"]}
YAML
    bailiffctl policy reload >/dev/null || fail "the policy is refused"
}

# A container that does nothing; prints its id.
start_box() { # NAME
    podman_ run -d --name "$1" --network none --cgroup-parent $boxes --log-driver k8s-file bailiff-test:1 sleep 3600
}

is_recorded() { bailiffctl events --session "$1" --json | grep -q "$2"; } # SESSION TEXT: for wait_for

in_box() { # NAME COMMAND...
    podman_ exec "$@"
}

case_an_agent_in_a_container_is_bound_by_its_control_group() {
    local id session said group
    if ! command -v podman >/dev/null; then
        echo "    skipped: podman is not installed"
        return
    fi
    prepare_podman
    container_policy
    id=$(start_box box)
    [[ $id =~ ^[0-9a-f]{64}$ ]] || {
        fail "no container: $id"
        tail -n 5 /var/lib/bailiff/journal/journal.jsonl
        usual_policy
        return
    }
    has "$(bailiffctl events --json | grep '"kind":"unbound"')" "$id" "the record of its first exec"
    has "$(in_box box cat /etc/word)" "not permitted" "a file, without a session"
    has "$(in_box box touch /srv/work/box/early)" "not permitted" "the workspace, without a session"
    has "$(in_box box wget -q -O - http://127.0.0.1:8080/)" "not permitted" "the network, without a session"
    group=$(podman_ inspect --format '{{.State.CgroupPath}}' box)
    said=$(bailiffctl session open --cgroup "$group" --workspace /srv/work/box --token-file "$(token --actor agent:boxed)" --json 2>&1)
    session=$(sed -n 's/.*"id": *"\(s-[^"]*\)".*/\1/p' <<<"$said" | head -n 1)
    [[ -n $session ]] || fail "no session for $group: $said"
    same "$(in_box box cat /etc/word)" "the container's word" "a file, in the session"
    same "$(in_box box touch /srv/work/box/made)" "" "the workspace"
    has "$(in_box box touch /srv/work/other)" "not permitted" "beside the workspace"
    has "$(in_box box cat /etc/secret)" "not permitted" "a file that the policy denies"
    same "$(in_box box sh -c 'echo x >/dev/null && cat /proc/version >/dev/null && echo fine')" fine "the container's own /dev and /proc"
    has "$(in_box box sh -c 'cat /bin/busybox >/tmp/copy; /bin/busybox chmod 755 /tmp/copy; /tmp/copy echo ran')" "not permitted" "a program from elsewhere"
    wait_for 30 "the record" is_recorded "$session" '"path":"/etc/secret"'
    said=$(bailiffctl events --session "$session" --json | grep '"path":"/etc/secret"' | tail -n 1)
    has "$said" "$id" "the container of the denial"
    has "$said" "bailiff-test:1" "its image"
    has "$said" '"name":"box"' "its name"
    has "$(bailiffctl events --session "$session")" "in container box of" "the denial in words"
    bailiffctl session end "$session" >/dev/null
    has "$(in_box box cat /etc/word)" "not permitted" "after the session"
    podman_ rm -f -t 0 box >/dev/null
    usual_policy
}
