#!/usr/bin/env bash
# venv.sh tablet|central|dev|bench: .venv with this project and that extra, made anew or brought up to date.
# The second run is quick: a stamp remembers what was installed, from which pyproject.toml, in which folder.
set -euo pipefail
cd -P "$(dirname "$0")/.."
. scripts/common.sh

extra=${1:?tablet, central, dev or bench}
stamp=.venv/.installed
python=.venv/bin/python

wanted() { printf '%s %s %s\n' "$1" "$PWD" "$(sha256sum <pyproject.toml | cut -c1-64)"; }

# Each extra holds the ones before it.
installed() {
    [ -x "$python" ] && [ -f "$stamp" ] || return 1
    local have later reached=
    have=$(cat "$stamp")
    for later in tablet central dev bench; do
        [ "$later" != "$extra" ] || reached=yes
        [ -z "$reached" ] || [ "$have" != "$(wanted "$later")" ] || return 0
    done
    return 1
}

# The first Python of 3.11 or newer, unless PYTHON names one.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    local base
    if ! command -v python3 >/dev/null; then
        debian_install "There is no Python here." python3 python3-venv
    fi
    base=$(find_python) || die "This needs Python 3.11 or newer, and none was found (python3 is $(python3 -V 2>&1))." \
        "Install one, for example Debian 12's python3, or name it: make PYTHON=/path/to/python3.12 …"
    if ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then
        case $(readlink -f "$base") in
        /usr/bin/python3.*) debian_install "Python's venv module is missing." \
            "$("$base" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" ;;
        *) die "$base has no venv or ensurepip module; install them, or name another Python: make PYTHON=… …" ;;
        esac
    fi
    say "Making .venv with $("$base" -V)"
    "$base" -m venv --clear .venv
}

one_at_a_time
installed && exit 0

# A .venv that was moved, half made or made by an older Python is made anew; one that works is kept.
if ! "$python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11) or sys.prefix != sys.argv[1])' "$PWD/.venv" \
    2>/dev/null; then
    make_venv
fi
rm -f "$stamp"
say "Installing greenbelt-ledger[$extra] into .venv (a minute or two)"
"$python" -m pip install --quiet --no-input --disable-pip-version-check --retries 5 --editable ".[$extra]" \
    </dev/null >build/pip.log 2>&1 || {
    tail -n 40 build/pip.log >&2
    die "pip could not install the packages (all of it: build/pip.log). Is the package index reachable?"
}
wanted "$extra" >"$stamp"
