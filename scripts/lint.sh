#!/usr/bin/env bash
# Style, types and walls: seconds, so they come before the tests.
set -euo pipefail
cd -P "$(dirname "$0")/.."
. scripts/common.sh

say "ruff"
.venv/bin/ruff check .
say "mypy"
.venv/bin/mypy
say "import-linter"
.venv/bin/lint-imports
