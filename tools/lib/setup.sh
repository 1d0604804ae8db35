# Set-up that tools/test and tools/quickstart share; sourced by them. They set `root`, the top of
# the tree, before.

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

has_candidate() {
    [[ "$(apt-cache policy "$1" 2>/dev/null)" == *"Candidate: "[0-9]* ]]
}

# install_packages GROUP...: installs what these groups of tools/lib/packages name and the machine
# has not. The package lists are fetched only when something is missing.
install_packages() {
    local missing=() group alternatives name found updated=no log
    while read -r group alternatives; do
        [[ " $* " == *" $group "* ]] || continue
        found=no
        for name in ${alternatives//|/ }; do
            if is_installed "$name"; then found=yes; fi
        done
        [ $found = yes ] || missing+=("$alternatives")
    done < <(grep -v '^#' "$root/tools/lib/packages")
    [ ${#missing[@]} -gt 0 ] || return 0

    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "needs to install packages: run it as root, or install sudo"
    log=$(mktemp)
    local names=()
    for alternatives in "${missing[@]}"; do
        if [ $updated = no ]; then
            echo "fetching the package lists"
            as_root apt-get update >"$log" 2>&1 || { cat "$log"; die "apt-get update failed"; }
            updated=yes
        fi
        found=
        for name in ${alternatives//|/ }; do
            if [ -z "$found" ] && has_candidate "$name"; then found=$name; fi
        done
        [ -n "$found" ] || die "this release has no package $alternatives"
        names+=("$found")
    done
    echo "installing ${names[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        "${names[@]}" >"$log" 2>&1 || { tail -n 40 "$log"; die "apt-get install failed"; }
    rm -f "$log"
}

# configure DIR MESON_OPTION...: a build directory, made once.
configure() {
    local directory=$root/$1
    shift
    [ -f "$directory/build.ninja" ] && return 0
    CC=clang-19 CXX=clang++-19 meson setup "$directory" "$root" "$@"
}
