# Shared by the scripts here (sourced, bash): messages, one set-up at a time, Debian packages by root or sudo.

say() { printf '== %s\n' "$*" >&2; }

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Two set-ups at once would trip over each other; the lock ends with the shell that took it.
one_at_a_time() {
    mkdir -p build
    if command -v flock >/dev/null; then
        exec 9>build/setup.lock
        flock 9
    fi
}

# debian_install WHY PACKAGE…: installs, or says what a person has to type.
debian_install() {
    local why=$1 root=()
    shift
    if [ "$(id -u)" -ne 0 ]; then
        root=(sudo)
        [ -t 0 ] || root=(sudo -n) # nobody is there to type a password
    fi
    if ! command -v apt-get >/dev/null || { [ "$(id -u)" -ne 0 ] && ! "${root[@]}" true 2>/dev/null; }; then
        die "$why" "Please install as root and run this again:" "    apt-get install $*"
    fi
    say "$why Installing Debian's $*"
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    # An update can fail for a foreign source that this needs nothing from; the install then tells.
    "${apt[@]}" update </dev/null >build/apt.log 2>&1 || true
    "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >>build/apt.log 2>&1 || {
        tail -n 20 build/apt.log >&2
        die "apt-get could not install $* (all of it: build/apt.log)"
    }
}
