"""Makes the folder that a browser installs: Pyodide, patched, and one archive with the tablet's code and its packages.

`python -m sync.device.browser.static_build` writes `build/field/` with a plain page. A builder of another page (the
Flet application) calls `patch_pyodide` on its own copy of Pyodide and `pack_app` with its own sources: the archive has
the layout that Flet's worker expects as well. Wheels are fetched once into `build/wheels` and then used offline;
nothing is loaded from a CDN, and micropip never runs.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
BUILD = REPOSITORY / "build"

TABLET_SOURCES = ("schemas", "forms", "sync/__init__.py", "sync/device")
TABLET_PACKAGES = ("geographiclib", "piexif", "pydantic", "requests", "sqlite-utils")

_PYODIDE_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")
_TARGET = (
    "--platform", "pyemscripten_2026_0_wasm32", "--python-version", "3.14",
    "--implementation", "cp", "--abi", "cp314", "--abi", "none",
)  # fmt: skip
_NOT_NEEDED = ("pip-",)  # sqlite-utils names it for its command line
_NOT_SHIPPED = ("sync/device/native", "sync/device/browser/static_build.py")

# SQLite commits by fdatasync, which does nothing in Pyodide; this makes it reach the file system's own fsync.
_PLAIN_FDATASYNC = "function ___syscall_fdatasync(fd){try{var stream=SYSCALLS.getStreamFromFD(fd);return 0}catch"
_FLUSHING_FDATASYNC = _PLAIN_FDATASYNC.replace("return 0", "return stream.stream_ops?.fsync?.(stream)??0")


class BuildError(Exception):
    """What the build is made from is not as it must be; nothing that was built may be used."""


def build_plain(destination: Path = BUILD / "field", wheels: Path = BUILD / "wheels") -> Path:
    """Write the whole static folder with the plain page, and give its path."""
    shutil.rmtree(destination, ignore_errors=True)
    destination.mkdir(parents=True)
    copy_pyodide(destination / "pyodide")
    pack_app(destination / "app.tar.gz", tablet_files(), fetch_wheels(wheels))
    here = Path(__file__).parent
    shutil.copy(here / "page.html", destination / "index.html")
    shutil.copy(here / "worker.js", destination / "worker.js")
    return destination


def copy_pyodide(destination: Path) -> None:
    """Copy Pyodide's runtime out of the installed flet-web package, and patch it."""
    package = find_spec("flet_web")
    if package is None or package.origin is None:
        raise BuildError("flet-web is not installed; it is part of the dev extra")
    source = Path(package.origin).parent / "web" / "pyodide"
    destination.mkdir(parents=True)
    for name in _PYODIDE_FILES:
        shutil.copy(source / name, destination / name)
    patch_pyodide(destination)


def patch_pyodide(pyodide: Path) -> None:
    """Make fdatasync reach the disk in the folder `pyodide`. Raises BuildError where the text to patch is gone."""
    runtime = pyodide / "pyodide.asm.mjs"
    text = runtime.read_text(encoding="utf-8")
    if text.count(_PLAIN_FDATASYNC) != 1:
        raise BuildError("fdatasync looks different in this Pyodide: commits would not be durable")
    runtime.write_text(text.replace(_PLAIN_FDATASYNC, _FLUSHING_FDATASYNC), encoding="utf-8")


def fetch_wheels(folder: Path, packages: Iterable[str] = TABLET_PACKAGES) -> list[Path]:
    """The wheels of `packages` and all that they need, for Pyodide, in the versions that are installed here.

    They are downloaded by pip into `folder` when it was filled for other versions, or not at all.
    """
    wanted = sorted(f"{name}=={version(name)}" for name in packages)
    note = folder / "wanted.txt"
    if not note.is_file() or note.read_text(encoding="utf-8").splitlines() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(folder)]
        subprocess.run([*command, *_TARGET, *wanted], check=True)
        note.write_text("\n".join(wanted), encoding="utf-8")
    return sorted(wheel for wheel in folder.glob("*.whl") if not wheel.name.startswith(_NOT_NEEDED))


def tablet_files(repository: Path = REPOSITORY, sources: Iterable[str] = TABLET_SOURCES) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the tablet's own files, without caches and without what only CPython can use."""
    for source in sources:
        start = repository / source
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            name = path.relative_to(repository).as_posix()
            if path.is_file() and "__pycache__" not in name and not name.startswith(_NOT_SHIPPED):
                yield name, path.read_bytes()


def pack_app(archive: Path, files: Iterable[tuple[str, bytes]], wheels: Iterable[Path]) -> str:
    """Write `archive` (tar.gz) with `files` at its top and the unpacked wheels in `__pypackages__`; give its SHA-256.

    The same content gives the same bytes, so that a service worker fetches it again only when something changed.
    """
    content = dict(files)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as unpacked:
            for name in unpacked.namelist():
                if not name.endswith("/"):
                    content[f"__pypackages__/{name}"] = unpacked.read(name)
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for name in sorted(content):
            entry = tarfile.TarInfo(name)
            entry.size = len(content[name])
            tar.addfile(entry, io.BytesIO(content[name]))
    archive.write_bytes(packed.getvalue())
    return hashlib.sha256(packed.getvalue()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(f"{build_plain().relative_to(REPOSITORY)}\n")
