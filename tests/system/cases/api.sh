# The control API, as curl and as an enemy use it.
# shellcheck shell=bash

case_curl_speaks_json() {
    local answer
    answer=$(api WhoAmI '{}')
    has "$answer" '"uid":0'
    has "$answer" $'\n200'
    answer=$(as bot curl -sS --unix-socket $socket -H 'Content-Type: application/json' -d '{}' http://localhost/bailiff.v1.Control/WhoAmI)
    has "$answer" '"user":"bot"'
}

case_a_role_is_needed() {
    local answer
    answer=$(as bot curl -sS --unix-socket $socket -H 'Content-Type: application/json' -d '{}' http://localhost/bailiff.v1.Control/ReloadPolicy)
    has "$answer" '"code":"permission_denied"'
    has "$answer" 'needs the role operator'
}

case_bad_requests_get_a_sentence() {
    local answer
    answer=$(api NoSuchMethod '{}')
    has "$answer" '"code":"unimplemented"'
    answer=$(api WhoAmI '{"x":1}')
    has "$answer" '"code":"invalid_argument"'
    answer=$(api WhoAmI '{')
    has "$answer" '"code":"invalid_argument"'
    answer=$(api WhoAmI "$(head -c 100000 /dev/zero | tr '\0' '[')")
    has "$answer" '"code":"invalid_argument"'
    answer=$(api OpenSession "{\"token\":$(head -c 50000 /dev/zero | tr '\0' '{')")
    has "$answer" '"code":"invalid_argument"'
    same "$(state)" ENFORCING "posture afterwards"
}

case_a_body_of_a_gigabyte_is_refused_unread() {
    local answer before after
    truncate -s 1G "$logs/huge"
    before=$(awk '/VmHWM/ {print $2}' "/proc/$daemon_pid/status")
    answer=$(curl -sS --max-time 60 --unix-socket $socket -H 'Content-Type: application/json' -H 'Expect:' -T "$logs/huge" -X POST -w '\n%{http_code}' http://localhost/bailiff.v1.Control/WhoAmI 2>&1)
    has "$answer" 413
    answer=$(curl -sS --max-time 60 --unix-socket $socket -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' -H 'Expect:' -T "$logs/huge" -X POST -w '\n%{http_code}' http://localhost/bailiff.v1.Control/WhoAmI 2>&1)
    has_not "$answer" $'\n200'
    after=$(awk '/VmHWM/ {print $2}' "/proc/$daemon_pid/status")
    ((after - before < 20000)) || fail "bailiffd grew by $((after - before)) KiB"
    rm -f "$logs/huge"
    same "$(state)" ENFORCING "posture afterwards"
}

# send TEXT: writes to the control socket, closes its end, prints what comes back.
send() {
    perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; print $s $ARGV[1];
        $s->flush; shutdown $s, 1; local $/; print scalar <$s>' $socket "$1"
}

case_a_body_cut_off_in_the_middle() {
    local answer
    answer=$(send $'POST /bailiff.v1.Control/OpenSession HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"token":"ey')
    has "$answer" "HTTP/1.1 400"
    has "$answer" "the body ended after 12 of 1000 bytes"
    has "$(send $'POST /bailiff.v1.Control/Open')" "the request ended inside its header"
    has "$(send $'\x01\x02\xff')" "HTTP/1.1 400"
    same "$(send '')" "" "the answer to nothing"
    has "$(api WhoAmI '{}')" $'\n200'
    same "$(bailiffctl session list --json | grep -c '"id"')" 0 "sessions opened"
}
