#!/usr/bin/env bash
# What the tests need beside Python: PostgreSQL and Chromium from Debian, Node and tus-js-client as a foreign client.
# Installs only what is missing, and starts no service: the tests start a PostgreSQL of their own.
set -euo pipefail
cd -P "$(dirname "$0")/.."
. scripts/common.sh

one_at_a_time

# Debian's PostgreSQL makes and starts a database cluster when it is installed, unless told not to. This is said in a
# file that is removed again, so that it holds for this one installation; clusters that exist are left alone.
no_cluster=/etc/postgresql-common/createcluster.d/greenbelt-tests.conf
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
without_cluster() {
    as_root mkdir -p "$(dirname "$no_cluster")"
    trap 'as_root rm -f "$no_cluster"' EXIT
    echo "create_main_cluster = false" | as_root tee "$no_cluster" >/dev/null
}

missing=()
has() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
has chromium || missing+=(chromium)
has node || missing+=(nodejs)
has npm || missing+=(npm)
has mkfs.ext4 || missing+=(e2fsprogs)
has mount || missing+=(mount)
has setpriv || missing+=(util-linux)

if [ ${#missing[@]} -gt 0 ]; then
    case " ${missing[*]} " in *" postgresql "*)
        if [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null || [ -t 0 ]; then without_cluster; fi ;;
    esac
    debian_install "The tests need more of Debian." "${missing[@]}"
fi

# Into build/, without a lock file, since that would carry the addresses of a registry.
if [ ! -f build/node/node_modules/tus-js-client/package.json ]; then
    say "Installing tus-js-client into build/node"
    mkdir -p build/node
    npm install --prefix build/node --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error \
        'tus-js-client@^4' </dev/null >&2
fi
