"""The builder of the folder that a browser installs, as far as it shows without a browser."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from sync.device.browser.static_build import BuildError, pack_app, patch_pyodide, tablet_files

FDATASYNC = "x;function ___syscall_fdatasync(fd){try{var stream=SYSCALLS.getStreamFromFD(fd);return 0}catch(e){}}"


def test_fdatasync_is_patched_once(tmp_path: Path) -> None:
    (tmp_path / "pyodide.asm.mjs").write_text(FDATASYNC, encoding="utf-8")
    patch_pyodide(tmp_path)
    assert "return stream.stream_ops?.fsync?.(stream)??0}catch" in (tmp_path / "pyodide.asm.mjs").read_text("utf-8")
    with pytest.raises(BuildError):
        patch_pyodide(tmp_path)


@pytest.mark.parametrize("text", ["", FDATASYNC * 2, FDATASYNC.replace("return 0", "return 1")])
def test_the_build_fails_where_the_text_to_patch_is_gone(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyodide.asm.mjs").write_text(text, encoding="utf-8")
    with pytest.raises(BuildError):
        patch_pyodide(tmp_path)
    assert (tmp_path / "pyodide.asm.mjs").read_text("utf-8") == text


def test_the_archive_holds_what_a_tablet_needs_and_no_more(tmp_path: Path) -> None:
    wheel = tmp_path / "some-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("some/__init__.py", "x = 1")
    first = pack_app(tmp_path / "a.tar.gz", tablet_files(), [wheel])
    assert first == pack_app(tmp_path / "b.tar.gz", tablet_files(), [wheel])
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        names = archive.getnames()
    assert {"schemas/errors.py", "sync/__init__.py", "sync/device/ports.py", "sync/device/browser/opfs.js"} <= set(
        names
    )
    assert "__pypackages__/some/__init__.py" in names
    unwanted = ("sync/central", "sync/ledger", "sync/device/native", "sync/device/browser/static_build", "__pycache__")
    assert not [name for name in names if any(part in name for part in unwanted)]
