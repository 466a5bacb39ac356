"""The walls hold: imports run downwards, a tablet's install stays light, and no file knows the machine it came from."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "forms", "sync", "field_app")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

# ---------------------------------------------------------------- imports


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_walls_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy_of_the_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("schemas", "import sync"),
        ("schemas", "import pyproj"),
        ("forms", "import sync.device"),
        ("forms", "import field_app"),
        ("sync/device", "import sync.central"),
        ("sync/device", "import fastapi"),
        ("sync/device", "from cryptography.hazmat.primitives import hashes"),
        ("sync/ledger", "import sync.device"),
        ("sync/ledger", "import sqlite3"),
        ("sync/ledger", "import time"),
        ("sync/ledger", "from urllib import request"),
        ("sync", "import sync.device, sync.central"),
    ],
)
def test_a_breach_is_seen(copy_of_the_house: Path, room: str, line: str) -> None:
    """A wall that nothing can fall against proves nothing: each contract is broken once."""
    breach = copy_of_the_house / room / "breach_of_a_wall.py"
    breach.write_text(f'"""A breach."""\n\n{line}\n', "utf-8")
    try:
        done = lint_imports(copy_of_the_house)
    finally:
        breach.unlink()
    assert done.returncode != 0
    assert "breach_of_a_wall" in done.stdout, done.stdout + done.stderr


# ---------------------------------------------------------------- installs


def installed_by(extra: str) -> set[str]:
    """All distributions that `greenbelt-ledger[extra]` pulls in here, found without the network."""
    found: set[str] = set()
    waiting = [(Requirement(text), "") for text in PROJECT["optional-dependencies"][extra]]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, of_extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": of_extra}):
            continue
        if name == PROJECT["name"]:
            waiting += [(Requirement(text), "") for part in requirement.extras for text in extras_of_ours(part)]
            continue
        found.add(name)
        for part in {"", *requirement.extras}:
            if (name, part) not in seen:
                seen.add((name, part))
                waiting += [(Requirement(text), part) for text in metadata.requires(name) or []]
    return found


def extras_of_ours(extra: str) -> list[str]:
    return list(PROJECT["optional-dependencies"][extra])


def test_a_tablet_install_is_light() -> None:
    heavy = {
        "shapely", "pyproj", "numpy", "pillow", "pyogrio",
        "fastapi", "starlette", "uvicorn", "flask", "tornado", "aiohttp", "hypercorn", "flet-web",
        "sqlalchemy", "alembic", "psycopg", "psycopg-binary", "typer",
    }  # fmt: skip
    tablet = installed_by("tablet")
    assert {"pydantic", "pydantic-core", "sqlite-utils", "requests", "cryptography"} <= tablet
    assert not tablet & heavy


def test_each_install_holds_the_one_before() -> None:
    assert installed_by("tablet") < installed_by("central") < installed_by("dev")


def test_what_is_only_for_tests_is_not_shipped() -> None:
    """pymerkle is GPL and an oracle; the others test, check or carry a browser's Python."""
    tools = {"pymerkle", "rxeval", "flet-web", "pytest", "hypothesis", "playwright", "mypy", "ruff"}
    assert not installed_by("central") & tools


def test_nothing_is_pinned_but_the_pyodide_of_the_browser_tests_and_a_yardstick() -> None:
    ours = [Requirement(text) for extra in PROJECT["optional-dependencies"] for text in extras_of_ours(extra)]
    pinned = {requirement.name for requirement in ours if re.search(r"==|<|~=", str(requirement.specifier))}
    assert pinned == {"flet-web", "rxeval"}


# ---------------------------------------------------------------- machines and registries

# Written so that this file does not name them either.
HOSTS = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "deb." + "debian.org"]
HOSTS += ["security." + "debian.org", "crates" + ".io", "proxy." + "golang.org"]
FORBIDDEN = re.compile("|".join([r"(?<![\w.*})-])/(?:work|root)/", *map(re.escape, HOSTS)]).encode())


def test_no_committed_file_names_a_registry_or_a_machine() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what would be committed is unknown")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60)
    found = []
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file():
            found += [f"{name}: {match.group().decode()}" for match in FORBIDDEN.finditer(path.read_bytes())]
    assert not found


def test_the_search_for_machines_finds_them() -> None:
    for text in ("/wo" + "rk/main", "'/ro" + "ot/x'", "https://" + HOSTS[0] + "/simple"):
        assert FORBIDDEN.search(text.encode())
    for text in ("field/work/plan", "the network/root", "./root/", "homework/", "instance('x')/root/item"):
        assert not FORBIDDEN.search(text.encode())
