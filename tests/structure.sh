#!/bin/sh
# The shape of the tree: who includes whom (docs/architecture.md), one folder for each third-party header, and
# files that fit in a head. Prints each breach; the status is 1 if there was one.
set -eu
cd "$(dirname "$0")/.."

breaches=$(mktemp)
trap 'rm -f "$breaches"' EXIT

sources() {
    find "$@" \( -name node_modules -o -name dist \) -prune -o -type f -print
}

# prefix WORDS : puts them before each line, and makes finding nothing no failure.
prefix() {
    while IFS= read -r line; do
        printf '%s: %s\n' "$1" "$line"
    done
}

# forbid WHAT HEADER-REGEX FOLDER... : no C file of these folders may include such a header.
forbid() {
    what=$1 header=$2
    shift 2
    for folder in "$@"; do
        [ -e "$folder" ] || { echo "structure: there is no $folder" >>"$breaches"; continue; }
        sources "$folder" | grep '\.[ch]$' |
            xargs -r grep -nE "^ *# *include *[<\"]$header[>\"]" | prefix "$what" >>"$breaches"
    done
}

# alone HEADER PLACE-REGEX : only files whose path begins so may include this third-party header.
alone() {
    sources bench ot server storage tests tools | grep '\.[ch]$' | grep -vE "^($2)" |
        xargs grep -nE "^ *# *include *<$1>" | prefix "<$1> belongs to $2" >>"$breaches"
}

# Arrows never point back: libc <- ot <- hub <- gate <- serve, and storage knows nobody.
forbid 'ot includes nothing of ours' '(server|storage|tools|tests|bench)/.*' ot
forbid 'ot is libc only' '(cmocka|jansson|libwebsockets|msgpack|pthread|sodium|sqlite3|uv)[./].*' ot
forbid 'storage knows only itself' '(server|tools|tests|bench|quire)/.*' storage
forbid 'metrics know nobody' '(ot|storage|server/(auth|config|gate|hub|log|serve|wire))/.*' server/metrics
forbid 'arguments know nobody' '(ot|storage|tools|server/[^a].*|server/a[^r].*)/.*' server/arguments
forbid 'rates know nobody' '(ot|storage|server/(auth|config|gate|hub|log|serve|wire))/.*' server/rate
forbid 'wire is under all others' '(storage|server/(auth|config|gate|hub|log|serve))/.*' server/wire
forbid 'the schema knows operations alone' '(storage|server/[^sl].*|server/serve/.*)' server/schema
forbid 'auth is under the hub' '(storage|server/(config|gate|hub|log|serve|wire))/.*' server/auth
forbid 'the hub is pure' '(server/(config|gate|log|serve|thread)/.*|storage/sqlite/.*|pthread\.h|sys/socket\.h|time\.h|unistd\.h)' server/hub
forbid 'the gate is under serve' '(server/(config|log|serve)/.*|storage/.*)' server/gate
forbid 'threads, log and options are under serve' '(storage|server/(gate|hub|serve|wire))/.*' server/thread server/log server/config
forbid 'the interfaces of storage are store.h and upkeep.h' 'storage/sqlite/.*' server tools
forbid 'the hub keeps to store.h' 'storage/upkeep\.h' server/hub server/gate
forbid 'the sandbox knows nobody' '(ot|storage|tools|server/[^s].*|server/serve)/.*' server/sandbox
forbid 'the commands of the operator need no server' '(server/(auth|config|gate|hub|log|wire)/.*|server/serve/[^a].*)' server/operate
forbid 'the command of tokens needs no server' '(storage|server/(config|gate|hub|log|operate|serve|wire))/.*' server/token
forbid 'tools need no server' '(storage|server/(auth|config|gate|hub|log|serve|thread))/.*' tools
forbid 'the program includes no tests' '(tests|bench)/.*' ot server storage tools

# One third-party header, one folder.
alone 'libwebsockets\.h' 'server/gate/|tests/|bench/'
alone 'openssl/.*' 'server/gate/tls\.c'
alone 'uv\.h' 'server/gate/|tests/|bench/'
alone 'msgpack(\.h|/.*)' 'server/wire/|tests/|bench/'
alone 'sqlite3\.h' 'storage/|tests/|bench/'
alone 'sodium\.h' 'server/auth/|storage/(checksum|secret)\.c'
alone 'seccomp\.h' 'server/sandbox/'
alone 'jansson\.h' 'server/text/|server/auth/|server/config/|server/operate/|server/token/|tools/|tests/'
alone 'cmocka\.h' 'tests/'

# Files under 600 lines.
sources bench ot server storage tests tools web/client web/editor |
    grep -E '\.(c|h|cmake|sh|js|mjs|ts|css)$' |
    while read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -lt 600 ] || echo "$file has $lines lines; the most is 599" >>"$breaches"
    done

# Every row of the tables of limits is used by a unit test: at the limit, and one past it.
{
    sed -n 's/^ *X(\(LIMIT_[A-Z0-9_]*\),.*/\1/p' server/limits.h
    sed -n 's/^ *X(\([A-Z0-9_]*\), ".*/SETTING_\1/p' server/limits.h
} | while read -r limit; do
    grep -rqw "$limit" tests/unit --include='*.c' || echo "$limit is in no unit test" >>"$breaches"
done

# No state of the whole program: a variable at file level is const.
sources ot server storage tools | grep '\.c$' |
    xargs grep -nE '^(static )?(_Atomic |atomic_|bool|char|int|long|size_t|struct|uint|unsigned|void)[a-z0-9_ ]*[ *]+[a-z_0-9]+(\[[^]]*\])*( = .*)?;$' |
    grep -vE ':(static )?(const |[a-z_ ]* const |struct [a-z_]+;)|[( ]const ' |
    prefix 'a variable of the whole program' >>"$breaches"

# Hostile input, rows 124 and 126: no SQL is made of text, and none asks for patterns but the schema's rule of ids.
sources storage | grep '\.[ch]$' | xargs grep -nE 'sqlite3_[a-z]*printf\(.*%[^dl]|sqlite3_str_|[" ](LIKE|MATCH|REGEXP|GLOB) ' |
    grep -v "id NOT GLOB '" | prefix 'SQL of text or with patterns' >>"$breaches"

if [ -s "$breaches" ]; then
    cat "$breaches"
    exit 1
fi
echo "structure: all files are where they belong"
