# Tokens that must not open anything.
# shellcheck shell=bash

# refused WHAT PART: the token on stdin opens nothing, and the error says PART.
refused() {
    local file said
    file=$(mktemp "$logs/token.XXXXXX")
    cat >"$file"
    chmod 644 "$file"
    said=$(as bot bailiffctl run --token-file "$file" -- true 2>&1)
    same $? 125 "$1"
    has "$said" "$2" "$1"
}

encode() { printf %s "$1" | base64 -w0 | tr '+/' '-_' | tr -d '='; }

case_garbage_is_refused_with_a_reason() {
    local good
    good=$(cat "$(token)")
    refused "an empty file" "token" </dev/null
    refused "three dots" "token" <<<'a.b.c'
    refused "binary" "token" < <(head -c 3000 /dev/urandom)
    refused "a megabyte" "token" < <(head -c 1000000 /dev/zero | tr '\0' a)
    refused "alg none" "alg" <<<"$(encode '{"alg":"none","typ":"at+jwt"}').$(cut -d. -f2 <<<"$good")."
    refused "alg HS256" "alg" <<<"$(encode '{"alg":"HS256","typ":"at+jwt"}').$(cut -d. -f2,3 <<<"$good")"
    refused "a changed signature" "signature" <<<"$(cut -d. -f1,2 <<<"$good").$(cut -d. -f3 <<<"$good" | tr 'A-Za-z' 'B-ZAb-za')"
    refused "a nested bomb" "token" <<<"$(encode "$(head -c 20000 /dev/zero | tr '\0' '[')").e30.x"
    same "$(bailiffctl session list --json | grep -c '"id"')" 0 "sessions opened"
}

case_a_token_opens_one_session_also_after_sigkill() {
    local file said
    file=$(token)
    as bot bailiffctl run --token-file "$file" -- true
    same $? 0 "the first use"
    said=$(as bot bailiffctl run --token-file "$file" -- true 2>&1)
    has "$said" "used"
    stop KILL "$daemon_pid"
    start_daemon
    said=$(as bot bailiffctl run --token-file "$file" -- true 2>&1)
    same $? 125 "the third use"
    has "$said" "used" "after SIGKILL"
}

case_who_may_present_it_decides() {
    local said
    said=$(bailiffctl run --token-file "$(token)" -- true 2>&1)
    same $? 125 "root presents alice's token"
    has "$said" "may not present"
    said=$(as bot bailiffctl run --token-file "$(token --sub agent:worker)" -- true 2>&1)
    same $? 125 "the agent is its own user"
}

case_a_new_key_is_taken_from_its_file() {
    local said
    cp -r $issuer "$issuer.second"
    rm -rf "$issuer.second"
    bailiffctl dev issuer init "$issuer.second" >/dev/null
    said=$(as bot bailiffctl run --token-file "$(issuer=$issuer.second token)" -- true 2>&1)
    same $? 125 "an unknown key"
    install -m 644 "$issuer.second/jwks.json" /etc/bailiff/dev-issuer.jwks.json
    as bot bailiffctl run --token-file "$(issuer=$issuer.second token)" -- true
    same $? 0 "the key after its file changed"
    install -m 644 $issuer/jwks.json /etc/bailiff/dev-issuer.jwks.json
    rm -rf "$issuer.second"
}
