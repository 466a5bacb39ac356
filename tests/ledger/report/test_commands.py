"""The commands over a real log: import, publish, check, go on, publish again, explain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.errors import LedgerError
from sync.central.keys import verify
from sync.commands.door import app
from sync.ledger.report.check import check_report
from tests.imports.planning.kit import parcel, write

ROOT = Path(__file__).parents[3]


def run(*words: str | Path, ok: bool = True, language: str = "zh") -> str:
    """One command, in this process; its output, and the code that ended it where one did."""
    done = CliRunner().invoke(app, [*map(str, words)], env={"LEDGER_LANG": language, "COLUMNS": "220"})
    if isinstance(done.exception, LedgerError):
        assert not ok, done.exception
        return f"{done.output} {done.exception.code.value}"
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert (done.exit_code == 0) == ok, done.output
    return done.output


def test_publish_check_go_on_and_explain(tmp_path: Path) -> None:
    data, first, later = tmp_path / "central", tmp_path / "first", tmp_path / "later"
    here = ("--data", data)
    run("central", "init", *here, "--demo-units")
    run("central", "account", "district-1", "district", "district:11019X", *here)
    imports = ("--by", "district-1", "--crs", "4490", *here)
    two = write(tmp_path, [parcel("LS-1"), parcel("LS-2", east=3)], "a.csv")
    run("import", two, "--kind", "parcel", *imports)
    period = ("--from", "2025-12-31", "--state-date", "2026-12-31", "--issued-by", "city:city")

    said = run("report", *period, "--out", first, *here)
    files = sorted(first.iterdir())
    position = int(files[0].stem.rsplit("-", 1)[1])
    assert [path.suffix for path in files] == [".html", ".json", ".xlsx"]
    assert not list(first.glob(".*"))
    key = json.loads(files[1].read_bytes())["seal"]["public_key"]
    (tmp_path / "key.txt").write_text(key + "\n")
    for path in files:
        assert check_report(path.read_bytes(), verify, key).holds
    assert "报告成立，由所给公钥签发" in run("verify", files[2], "--key", tmp_path / "key.txt")
    assert "未核对公钥" in run("verify", files[1])
    assert "演示数据·虚构" in files[0].read_text("utf-8")

    more = write(tmp_path, [parcel("LS-3", east=6, 实施单元="DEMO-HJ")], "b.csv")
    run("import", more, "--kind", "parcel", *imports)
    run("report", *period, "--position", str(position), "--out", later, *here)
    for path in files:
        assert (later / path.name).read_bytes() == path.read_bytes()  # the old position, the same bytes

    run("report", *period, "--out", later, "--format", "json", *here)
    (newest,) = (path for path in later.iterdir() if path.name not in {one.name for one in files})
    json_file = files[1]
    found = json.loads(run("report", "diff", json_file, newest, "--data", data, "--json"))
    city = next(one for one in found["differences"] if one["level"] == "city" and one["figure"] == "base")
    assert city["now"] - city["before"] == sum(part["change"] for part in city["parts"]) > 900_000
    key_of = ("unit", "DEMO-HJ", "base")
    unit = next(one for one in found["differences"] if (one["level"], one["code"], one["figure"]) == key_of)
    (part,) = (one for one in unit["parts"] if one["parcel"])
    assert (part["parcel"], part["cause"]) == ("LS-3", "position")
    assert len(part["entries"]) == 1
    shown = run("report", "diff", json_file, newest, language="en")
    assert "LS-3 Further entries" in shown and "position" in shown

    later_period = ("--from", "2026-12-31", "--state-date", "2027-12-31")
    run("report", *later_period, "--since", json_file, "--out", later, "--format", "json", *here)
    since = json.loads(next(later.glob("report-2027*")).read_bytes())
    assert since["header"]["last_report"] == json.loads(json_file.read_bytes())["seal"]["hash"]
    assert {row[6] for row in since["sections"]["restated"]} == {"late"}
    assert said.count("指纹") == 2

    damaged = tmp_path / "damaged.json"
    document = json.loads(json_file.read_bytes())
    document["sections"]["figures"][0][21] += 1
    damaged.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    assert "report_figure" in run("verify", damaged, ok=False)
    assert "report_key_wrong" in run("verify", json_file, "--key", "0" * 64, ok=False)
    assert "report_position_unknown" in run("report", "--position", "9999", *here, ok=False)
    assert "value_invalid" in run("report", "--format", "pdf", *here, ok=False)
    run("report", *period, "--annex", "units", "--out", tmp_path / "units", "--format", "json,xlsx", *here)
    names = {path.name.split("-", 5)[-1] for path in (tmp_path / "units").glob("*DEMO*")}
    assert {"DEMO-HJ.json", "DEMO-HJ.xlsx", "DEMO-LS.json", "DEMO-LS.xlsx"} == names
    for path in (tmp_path / "units").iterdir():
        assert check_report(path.read_bytes(), verify, key).holds


@pytest.mark.parametrize(("language", "words"), [("zh", "不是本系统的核验报告"), ("en", "Not a verification report")])
def test_a_process_of_its_own_says_it_in_words(tmp_path: Path, language: str, words: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "verify", str(tmp_path / "none.json")],
        capture_output=True, text=True, cwd=ROOT, timeout=120, env={**os.environ, "LEDGER_LANG": language},
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert words in done.stderr and "report_format_unknown" in done.stderr
