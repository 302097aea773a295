# Pieces of work, each in a folder of its own, as the agent's account. A piece stops at its first
# failed command.
# shellcheck shell=bash
material=/usr/local/share/benign
# Asking the registry whether there is a newer npm is no part of the work, and rightly denied.
export npm_config_update_notifier=false

piece_git() {
    export GIT_AUTHOR_NAME=bot GIT_AUTHOR_EMAIL=bot@localhost GIT_COMMITTER_NAME=bot GIT_COMMITTER_EMAIL=bot@localhost
    git init --quiet --bare origin.git
    git clone --quiet origin.git clone
    cd clone
    for i in 1 2 3; do
        seq "$i" "$((i * 100))" >"file$i"
        git add .
        git commit --quiet -m "commit $i"
    done
    git push --quiet origin HEAD
    git checkout --quiet -b topic HEAD~1
    echo change >>file1
    git stash --quiet
    git stash pop --quiet
    git commit --quiet -am topic
    git merge --quiet -m merge "@{-1}"
    git gc --quiet
    git fsck
    git log --stat --oneline
}

piece_npm_install() {
    cp -r $material/npm-project project
    cp -r $material/npm-cache cache
    cd project
    npm --offline --no-audit --no-fund --cache ../cache install
    node -e 'require("debug"); console.log(require("semver").inc("1.2.3", "minor"))' | grep -qx 1.3.0
    npm ls
}

piece_npm_install_with_the_cache_of_the_account() {
    cp -r $material/npm-project project
    cd project
    npm --offline --no-audit --no-fund install
}

piece_make() {
    tar -xzf $material/bzip2.tar.gz
    cd bzip2-*
    make -j2 CFLAGS="-O0 -D_FILE_OFFSET_BITS=64" bzip2 bzip2recover
    make -j2 test
    make clean
}

piece_venv() {
    python3 -m venv --without-pip env
    env/bin/python -c 'import sys; assert sys.prefix != sys.base_prefix; print(sys.prefix)'
    cat >module.py <<'PY'
import json, sqlite3, subprocess, tempfile, threading
database = sqlite3.connect("base.db")
database.execute("create table t (a)")
database.execute("insert into t values (1)")
database.commit()
print(subprocess.run(["ls", "-l"], check=True, capture_output=True).stdout)
thread = threading.Thread(target=print, args=("thread",))
thread.start()
thread.join()
PY
    env/bin/python module.py
    env/bin/python -m compileall -q .
}

piece_mcp_file_server() {
    mkdir served
    node mcp_client.js $material/mcp/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js "$PWD/served"
    grep -qx hello served/moved
    [[ ! -e served/file ]]
}
