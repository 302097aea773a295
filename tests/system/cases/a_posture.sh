# The posture, for what this guest's kernel can do.
# shellcheck shell=bash

# Without bpf in lsm= the newest kernels preempt the only attachment that is left.
expected_posture() {
    if grep -q bpf /sys/kernel/security/lsm || [[ $BAILIFF_KERNEL != latest ]]; then
        echo ENFORCING
    else
        echo DEGRADED
    fi
}

case_the_posture_is_what_the_kernel_can_do() {
    local expected said
    expected=$(expected_posture)
    said=$(bailiffctl status)
    same $? "$([[ $expected == ENFORCING ]]; echo $?)" "the exit status of bailiffctl status"
    same "$(state)" "$expected" "posture"
    has "$said" "$expected"
    if [[ $expected == DEGRADED ]]; then
        has "$said" "lsm=" "the remedy"
        has "$(bailiffctl events --json)" "boot with bpf in the lsm= list" "the record of it"
    fi
    session cat /srv/secret/file 2>/dev/null && fail "the secret was read"
}
