#!/usr/bin/env bash
# quire replay through a running server: replay_server.sh QUIRE TRACES
set -euo pipefail
quire=$1
traces=$2
dir=$(mktemp -d)
server=

finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    [ -z "${QUIRE_TEST_LOGS:-}" ] || { mkdir -p "$QUIRE_TEST_LOGS" && cp "$dir/log" "$QUIRE_TEST_LOGS/replay-$$.log"; }
    rm -rf "$dir"
}
trap finish EXIT

fail() {
    echo "replay_server: $*" >&2
    cat "$dir/log" >&2
    exit 1
}

"$quire" serve --listen 127.0.0.1:0 --data "$dir/data" >"$dir/log" 2>&1 &
server=$!
url=
for _ in $(seq 1200); do
    url=$(sed -n 's/.*serving url=http\([^ ]*\).*/ws\1/p' "$dir/log")
    [ -z "$url" ] || break
    kill -0 "$server" 2>/dev/null || fail "the server ended"
    sleep 0.05
done
[ -n "$url" ] || fail "the server does not serve"

# Three authors; the second has seen the third's first edit, and not the first's.
cat >"$dir/three.json" <<'END'
{"kind": "concurrent", "numAgents": 3, "endContent": "<é😀b-CaD>", "txns": [
  {"parents": [], "agent": 0, "patches": [[0, 0, "<>"]]},
  {"parents": [0], "agent": 0, "patches": [[1, 0, "a"]]},
  {"parents": [0], "agent": 2, "patches": [[1, 0, "-C"]]},
  {"parents": [2], "agent": 1, "patches": [[1, 0, "x"], [1, 1, "é😀"]]},
  {"parents": [3], "agent": 1, "patches": [[3, 0, "b"]]},
  {"parents": [1, 2], "agent": 2, "patches": [[4, 0, "D"]]}
]}
END

play() {
    local expected=$1 status=0
    shift
    "$quire" replay --quiet --server "$url" "$@" || status=$?
    [ "$status" = "$expected" ] || fail "replay $* ended with $status, not $expected"
}

play 0 "$dir/three.json"
# The document is named after the file, as far as that fits; no letter is cut in two.
long=$(printf 'é%.0s' {1..60})x
cp "$dir/three.json" "$dir/x$long.json"
play 0 "$dir/x$long.json"
play 0 --fold "$traces/json-crdt-blog-post.edits.gz" "$traces/sveltecomponent.edits.gz"
sed 's/"endContent": "<é/"endContent": "<è/' "$dir/three.json" >"$dir/wrong.json"
play 1 "$dir/wrong.json"
echo '{"endContent": "", "txns": [' >"$dir/broken.json"
play 2 "$dir/broken.json"
