"""A checker finds every edit, names it by a code, and survives whatever a stranger sends."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from schemas.canonical import canonical
from schemas.errors import CATALOGUE, Code, LedgerError
from sync.central.keys import verify
from sync.ledger.report import container
from sync.ledger.report.check import check_report, trusted_key
from sync.ledger.report.findings import Verdict
from sync.ledger.report.page import CLOSING, OPENING, embedded, page
from sync.ledger.report.sealed import Report, hash_of, read_document, whole_digest
from sync.ledger.report.sections import SECTIONS
from sync.ledger.report.table import Kind
from sync.ledger.report.xlsx import workbook
from tests.ledger.report.kit import Log, contents, sealed, statement

Files = dict[str, bytes]


def _codes(data: bytes, trusted: str | None = None) -> set[Code]:
    return {finding.code for finding in _checked(data, trusted).findings}


def _checked(data: bytes, trusted: str | None = None) -> Verdict:
    verdict = check_report(data, verify, trusted)
    for finding in verdict.findings:
        assert finding.code in CATALOGUE
        assert "…" not in finding.text("zh").replace("……", "") and finding.text("en")
    return verdict


def _repacked(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            part = change(info.filename, old.read(info))
            if part is not None:
                new.writestr(info, part)
    return target.getvalue()


# -- what holds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["json", "html", "xlsx"])
def test_an_untouched_file_holds(files: Files, report: Report, kind: str) -> None:
    for trusted in (None, report.seal.public_key, report.seal.log):
        verdict = _checked(files[kind], trusted)
        assert verdict.holds and verdict.container == kind
        assert verdict.key_confirmed is (trusted is not None)


def test_indented_json_holds(report: Report) -> None:
    assert _checked(json.dumps(report.document(), indent=2).encode()).holds


def test_a_report_under_a_later_tree_head_holds() -> None:
    log = Log.new()
    said = contents(log, statement(log))
    log.append(11)
    assert _checked(sealed(log, said, head=len(log.rows)).data()).holds


# -- edits of the document -------------------------------------------------------------------------------------------


def _edited_value(document: dict[str, Any], chance: Random) -> None:
    """One value of one table, header, digest, seal or proof becomes another."""
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = chance.choice(list(keys))
        value = place[key]
        if isinstance(value, dict | list) and value:
            place = value
            continue
        place[key] = _other(value)
        return


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{8,}", value):
        return ("0" if value[0] != "0" else "1") + value[1:]
    return f"{value}x" if isinstance(value, str) else ["x"] if isinstance(value, list) else "x"


@pytest.mark.parametrize("seed", range(60))
def test_a_random_edit_of_the_json_is_found(files: Files, report: Report, seed: int) -> None:
    document = json.loads(files["json"])
    _edited_value(document, Random(seed))
    assert document != json.loads(files["json"])
    assert not _checked(canonical(document), report.seal.log).holds


@pytest.mark.parametrize("seed", range(40))
def test_a_changed_figure_is_named(files: Files, seed: int) -> None:
    chance = Random(seed)
    document = json.loads(files["json"])
    name = chance.choice([name for name, rows in document["sections"].items() if rows])
    section = SECTIONS[name]
    places = [place for place, column in enumerate(section.columns) if column.kind in (Kind.AREA, Kind.COUNT)]
    if not places:
        return
    row, place = chance.randrange(len(document["sections"][name])), chance.choice(places)
    document["sections"][name][row][place] = (document["sections"][name][row][place] or 0) + 12_300
    found = [one for one in _checked(canonical(document)).findings if one.code.value.startswith("report_figure")]
    assert len(found) == 1
    details = found[0].details
    assert details["row"] == row + 1
    assert section.columns[place].zh in str(details["column"]) and section.zh in str(details["section"])


def test_a_changed_unit_figure_is_given_back_by_the_others(files: Files) -> None:
    document = json.loads(files["json"])
    rows, place = document["sections"]["figures"], SECTIONS["figures"].place("verified")
    was = rows[0][place]
    rows[0][place] += 5_000_000
    (found,) = (one for one in _checked(canonical(document)).findings if one.code is Code.REPORT_FIGURE_IMPLIED)
    assert str(found.details["was"]) == f"{was / 100:,.2f} m²"
    assert str(found.details["now"]) == f"{was / 100 + 50_000:,.2f} m²"
    assert "原约为" in found.text("zh")


def test_a_row_added_or_taken_is_found(files: Files) -> None:
    for change in (lambda rows: rows.pop(), lambda rows: rows.append(rows[0])):
        document = json.loads(files["json"])
        change(document["sections"]["figures"])
        assert Code.REPORT_SECTION_CHANGED in _codes(canonical(document))


def test_a_unit_taken_from_the_annex_is_found(files: Files) -> None:
    document = json.loads(files["json"])
    del document["annex"]["DEMO-QL"]
    (found, *_) = _checked(canonical(document)).findings
    assert found.code is Code.REPORT_SECTION_CHANGED and "DEMO-QL" in str(found.details["section"])


def _resealed(document: dict[str, Any], log: Log) -> bytes:
    """Digest, hash and signature made anew over changed contents, by a key at hand."""
    report = read_document(canonical(document))
    digest = whole_digest(report.contents, report.proof.rows)
    seal = report.seal.model_copy(update={"hash": hash_of(digest), "public_key": log.public_key.hex()})
    from schemas.ids import key_id

    seal = seal.model_copy(update={"log": key_id(log.public_key)})
    seal = seal.model_copy(update={"sig": log.key.sign(seal.signed_bytes()).hex()})
    return canonical({**document, "digest": digest, "seal": seal.model_dump()})


def test_who_makes_digest_and_hash_anew_lacks_the_signature(files: Files) -> None:
    document = json.loads(files["json"])
    document["sections"]["figures"][0][10] += 1
    report = read_document(canonical(document))
    document["digest"] = whole_digest(report.contents, report.proof.rows)
    assert _codes(canonical(document)) == {Code.REPORT_HASH_WRONG}
    document["seal"]["hash"] = hash_of(document["digest"])
    assert _codes(canonical(document)) == {Code.REPORT_SIGNATURE_WRONG}


def test_who_signs_with_another_key_is_found_out(files: Files, report: Report) -> None:
    document = json.loads(files["json"])
    document["sections"]["figures"][0][10] += 1
    forger = Log.new(99)
    from schemas.ids import key_id

    document["header"]["log"] = key_id(forger.public_key)
    forged = _resealed(document, forger)
    codes = _codes(forged, report.seal.log)
    assert Code.REPORT_KEY_WRONG in codes and Code.REPORT_CHECKPOINT_WRONG in codes
    assert Code.REPORT_CHECKPOINT_WRONG in _codes(forged)


def test_the_right_key_over_a_forged_proof_is_found(files: Files) -> None:
    log = Log.new()
    statement(log)  # the log as it was
    document = json.loads(files["json"])
    document["proof"]["rows"][3][2] = "ab" * 32
    assert _codes(_resealed(document, log)) == {Code.REPORT_PROOF_WRONG}
    document = json.loads(files["json"])
    document["proof"]["rows"].pop()
    assert Code.REPORT_PROOF_WRONG in _codes(_resealed(document, log))
    document = json.loads(files["json"])
    document["proof"]["hashes"].append("00" * 32)
    assert Code.REPORT_PROOF_WRONG in _codes(_resealed(document, log))
    document = json.loads(files["json"])
    document["proof"]["checkpoint"]["at_ms"] += 1
    assert Code.REPORT_CHECKPOINT_WRONG in _codes(_resealed(document, log))


# -- edits of what is seen -------------------------------------------------------------------------------------------


def _sheet_part(data: bytes, number: int) -> tuple[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = f"xl/worksheets/sheet{number}.xml"
        return name, archive.read(name).decode()


@pytest.mark.parametrize("seed", range(30))
def test_a_changed_cell_of_the_workbook_is_named(files: Files, seed: int) -> None:
    chance = Random(seed)
    while True:
        number = chance.randint(2, 38)
        name, xml = _sheet_part(files["xlsx"], number)
        cells = re.findall(r'<c r="([A-Z]+[0-9]+)" s="[0-9]+"><v>([-0-9.]+)</v></c>', xml)
        if cells:
            break
    cell, was = chance.choice(cells)
    now = str(float(was) + 1000)
    changed = re.sub(rf'(<c r="{cell}" s="[0-9]+"><v>){re.escape(was)}(</v></c>)', rf"\g<1>{now}\g<2>", xml, count=1)
    data = _repacked(files["xlsx"], lambda part, old: changed.encode() if part == name else old)
    (found,) = _checked(data).findings
    assert found.code is Code.REPORT_CELL_CHANGED
    assert (found.details["cell"], found.details["was"], found.details["now"]) == (cell, was, now)
    assert found.details["column"]


def test_a_text_of_the_workbook_is_named(files: Files) -> None:
    def change(name: str, part: bytes) -> bytes:
        return part.replace("柳树营".encode(), "柳树庄".encode()) if name == "xl/sharedStrings.xml" else part

    found = _checked(_repacked(files["xlsx"], change)).findings
    assert {one.code for one in found} == {Code.REPORT_CELL_CHANGED}
    assert "柳树营" in found[0].text("zh") and "柳树庄" in found[0].text("zh")


@pytest.mark.parametrize(
    ("pattern", "into"),
    [
        (rb'formatCode="#,##0.00"', b'formatCode="&quot;9&quot;0"'),  # a format that prints another figure
        (rb"<cols>", b'<cols><col min="9" max="9" width="0" hidden="1"/>'),
    ],
)
def test_formats_and_hidden_columns_are_found(files: Files, pattern: bytes, into: bytes) -> None:
    data = _repacked(files["xlsx"], lambda _, part: part.replace(pattern, into, 1))
    assert data != files["xlsx"]
    assert _codes(data) == {Code.REPORT_FILE_CHANGED}


def test_a_formula_in_place_of_a_figure_is_found(files: Files) -> None:
    name, xml = _sheet_part(files["xlsx"], 4)
    changed = re.sub(r'(<c r="E5" s="[0-9]+">)<v>', r"\1<f>1+1</f><v>", xml)
    data = _repacked(files["xlsx"], lambda part, old: changed.encode() if part == name else old)
    assert changed != xml and _codes(data) == {Code.REPORT_SHEET_CHANGED}


def test_a_sheet_hidden_renamed_or_taken_is_found(files: Files) -> None:
    def hide(name: str, part: bytes) -> bytes:
        return part.replace(b'sheetId="9"', b'sheetId="9" state="hidden"') if name == "xl/workbook.xml" else part

    def rename(name: str, part: bytes) -> bytes:
        return part.replace("8 差异".encode(), "8 其他".encode()) if name == "xl/workbook.xml" else part

    for change in (hide, rename):
        assert Code.REPORT_SHEET_CHANGED in _codes(_repacked(files["xlsx"], change))


@pytest.mark.parametrize("seed", range(30))
def test_a_changed_text_of_the_page_is_named(files: Files, seed: int) -> None:
    chance = Random(seed)
    text = files["html"].decode()
    body = text.index("<main>"), text.index("</main>")
    found = [m for m in re.finditer(r'<td class="n">([-0-9,.]+)</td>', text) if body[0] < m.start() < body[1]]
    cell = chance.choice(found)
    now = "987,654.32"
    data = (text[: cell.start(1)] + now + text[cell.end(1) :]).encode()
    (finding,) = _checked(data).findings
    assert finding.code is Code.REPORT_CELL_CHANGED
    assert (finding.details["was"], finding.details["now"]) == (cell[1], now)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("演示数据·虚构", "", Code.REPORT_SHEET_CHANGED),
        ("<h1>", '<h1 style="display:none">', Code.REPORT_FILE_CHANGED),
        ("td.n { text-align: right; white-space: nowrap; }", "td.n { visibility: hidden; }", Code.REPORT_SHEET_CHANGED),
        ("</main>", "<p>补充说明</p></main>", Code.REPORT_SHEET_CHANGED),
        ("</body>", "<script>document.body.textContent=''</script></body>", Code.REPORT_SHEET_CHANGED),
        ("<main>\n", "<main>\n<p>一行</p>\n", Code.REPORT_SHEET_CHANGED),
        ("核验减量</span>", "认定减量</span>", Code.REPORT_CELL_CHANGED),
    ],
)
def test_other_changes_of_the_page_are_found(files: Files, old: str, new: str, code: Code) -> None:
    data = files["html"].decode().replace(old, new, 1)
    assert data.encode() != files["html"]
    assert code in _codes(data.encode())


def test_the_data_changed_and_the_page_left_alone_says_that_they_disagree(files: Files) -> None:
    text = files["html"].decode()
    start, end = text.index(OPENING) + len(OPENING), text.rindex(CLOSING)
    document = json.loads(text[start:end])
    document["sections"]["figures"][0][SECTIONS["figures"].place("verified")] += 100
    changed = read_document(canonical(document))
    codes = _codes((text[:start] + embedded(changed) + text[end:]).encode())
    assert {Code.REPORT_FIGURE_IMPLIED, Code.REPORT_CELL_DISAGREES} <= codes


def test_data_and_page_changed_alike_are_found_by_the_digests(files: Files) -> None:
    document = json.loads(files["json"])
    document["sections"]["figures"][0][SECTIONS["figures"].place("verified")] += 100
    changed = read_document(canonical(document))
    for data in (page(changed), workbook(changed)):
        assert Code.REPORT_FIGURE_IMPLIED in _codes(data)


# -- what strangers send ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["json", "html", "xlsx"])
@pytest.mark.parametrize("seed", range(12))
def test_a_truncated_or_damaged_file_is_a_coded_error(files: Files, kind: str, seed: int) -> None:
    chance = Random(seed)
    data = files[kind]
    assert not _checked(data[: chance.randrange(len(data) - 1)]).holds
    place = chance.randrange(len(data))
    damaged = data[:place] + bytes([data[place] ^ (1 << chance.randrange(7))]) + data[place + 1 :]
    if kind != "json" or _parsed(damaged) != _parsed(data):
        assert not _checked(damaged).holds


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Code.REPORT_FORMAT_UNKNOWN),
        (b"   \n", Code.REPORT_FORMAT_UNKNOWN),
        (b"%PDF-1.7", Code.REPORT_FORMAT_UNKNOWN),
        (b"PK\x03\x04", Code.REPORT_DAMAGED),
        (b"<!DOCTYPE html><p>", Code.REPORT_DAMAGED),
        (b"<!doctype html>" + OPENING.encode() * 2, Code.REPORT_DAMAGED),
        (b"<!doctype html>" + OPENING.encode() + b"{}", Code.REPORT_DAMAGED),
        (b"<!doctype html>" + OPENING.encode() + b"{}</script>", Code.REPORT_FORMAT_UNKNOWN),
        (b"{", Code.REPORT_DAMAGED),
        (b"{}", Code.REPORT_FORMAT_UNKNOWN),
        (b'{"a":' * 50_000, Code.REPORT_DAMAGED),
        (b"<!--" * 100_000, Code.REPORT_DAMAGED),
    ],
)
def test_hostile_bytes(data: bytes, code: Code) -> None:
    assert _codes(data) == {code}


def _zip(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/"), part)
    return target.getvalue()


def test_a_zip_bomb_is_not_opened() -> None:
    assert _codes(_zip(bomb=b"\0" * 50_000_000)) == {Code.REPORT_ARCHIVE_UNSAFE}


def test_too_many_parts_are_refused() -> None:
    assert _codes(_zip(**{f"p{n}": b"" for n in range(2_100)})) == {Code.REPORT_ARCHIVE_UNSAFE}


def test_two_parts_of_one_name_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    assert _codes(target.getvalue()) == {Code.REPORT_ARCHIVE_UNSAFE}


def test_entities_do_not_expand(files: Files) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    data = _repacked(files["xlsx"], lambda name, part: bomb if name == "xl/sharedStrings.xml" else part)
    assert _codes(data) == {Code.REPORT_ARCHIVE_UNSAFE}


def test_deep_xml_is_refused(files: Files) -> None:
    deep = b"<a>" * 5_000 + b"</a>" * 5_000
    data = _repacked(files["xlsx"], lambda name, part: deep if name == "xl/workbook.xml" else part)
    assert _codes(data) == {Code.REPORT_DAMAGED}


@pytest.mark.parametrize("missing", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"])
def test_a_workbook_without_a_part(files: Files, missing: str) -> None:
    assert not _checked(_repacked(files["xlsx"], lambda name, part: None if name == missing else part)).holds


def test_a_large_file_is_not_read(monkeypatch: pytest.MonkeyPatch, files: Files) -> None:
    monkeypatch.setattr(container, "MAX_FILE_BYTES", 1_000)
    assert _codes(files["json"]) == {Code.REPORT_TOO_LARGE}


def test_values_of_a_wrong_kind_do_not_reach_the_writers(files: Files) -> None:
    document = json.loads(files["json"])
    for value in ("x", ["x"], {"a": 1}, True):
        document["sections"]["figures"][0][10] = value
        changed = files["html"].decode()
        start, end = changed.index(OPENING) + len(OPENING), changed.rindex(CLOSING)
        data = (changed[:start] + json.dumps(document).replace("<", "\\u003c") + changed[end:]).encode()
        assert Code.REPORT_DAMAGED in _codes(data)


def test_another_layout_says_so(files: Files) -> None:
    document = json.loads(files["json"])
    document["header"]["layout"] = 7
    data = page(read_document(canonical(document)))
    assert Code.REPORT_LAYOUT_UNKNOWN in _codes(data)


# -- keys ------------------------------------------------------------------------------------------------------------


def test_keys_are_read_in_every_form(report: Report) -> None:
    key, fingerprint = report.seal.public_key, report.seal.log
    assert trusted_key(f"  {key.upper()}\n") == key
    assert trusted_key(fingerprint) == fingerprint
    assert trusted_key(json.dumps({"public_key": key, "log": fingerprint})) == key
    assert trusted_key(json.dumps({"log": fingerprint, "size": 4})) == fingerprint


@pytest.mark.parametrize("text", ["", "abc", "0" * 63, "{", "{}", "z" * 64, "0" * 200_000])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(LedgerError) as caught:
        trusted_key(text)
    assert caught.value.code is Code.REPORT_KEY_UNREADABLE


def test_the_wrong_key_is_said(files: Files) -> None:
    assert _codes(files["json"], "0" * 32) == {Code.REPORT_KEY_WRONG}
    assert _codes(files["xlsx"], "0" * 64) == {Code.REPORT_KEY_WRONG}
