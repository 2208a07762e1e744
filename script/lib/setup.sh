# What the scripts share: saying what happens, and installing what is missing. To be sourced by bash.

say() {
    printf '\n==> %s\n' "$*"
}

die() {
    printf '\nquire: %s\n' "$*" >&2
    exit 1
}

# Debian's names. A C compiler (which optimises what is linked with make, on all cores) and what the server is linked with;
# node comes apart.
BUILD_PACKAGES=(
    ca-certificates cmake gcc libc6-dev make ninja-build pkg-config
    libjansson-dev libmsgpack-dev libseccomp-dev libsodium-dev libsqlite3-dev libssl-dev libuv1-dev
    libwebsockets-dev libwebsockets-evlib-uv zlib1g-dev
)
TEST_PACKAGES=(chromium e2fsprogs g++ haproxy libcmocka-dev mount nginx openssl procps systemd)

NODE_LEAST=18.19.0

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

node_is_new_enough() {
    command -v node >/dev/null && command -v npm >/dev/null &&
        printf '%s\n%s\n' "$NODE_LEAST" "$(node --version | tr -d v)" | sort -V -C
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root, and there is no sudo. As root: $*"
    fi
}

# without_services COMMAND... : runs it, and services of what it installs (a proxy of the tests) are not started, nor do they take ports.
without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    "$@" || status=$?
    as_root rm -f "$policy"
    return "$status"
}

# need PACKAGE... : installs those that are missing.
need() {
    local package missing=()
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then
        return
    fi
    say "Installing ${missing[*]}"
    as_root apt-get update -qq
    without_services as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

# setup PACKAGE... : all that is needed to build, and these.
setup() {
    if ! command -v apt-get >/dev/null; then
        say "This is not Debian: these packages, or what they are called here, must be there already"
        echo "    ${BUILD_PACKAGES[*]} $* nodejs npm"
    else
        need "${BUILD_PACKAGES[@]}" "$@"
        node_is_new_enough || need nodejs npm
    fi
    node_is_new_enough || die "Node.js $NODE_LEAST or later with npm is needed, and $(node --version 2>/dev/null || echo none) is what there is"
}

# build PRESET TARGET... : configures the preset and builds the targets, or all of them.
build() {
    say "Building ($1)"
    if [ ! -f "build/$1/build.ninja" ]; then
        cmake --preset "$1"
    fi
    cmake --build --preset "$1" ${2:+--target "${@:2}"}
}
