"""The first sheet: what the report is, from where, by which editions, and how to check it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sync.ledger.report.document import TITLE
from sync.ledger.report.sealed import Report
from sync.ledger.report.sheet import Heading, Sheet
from sync.ledger.report.show import NONE, Shown
from sync.ledger.report.words import WORDS

_ANNEX = {
    "all": ("全部图斑", "all parcels"),
    "some": ("部分单元", "some units"),
    "none": ("未附", "not included"),
}
_CHECK = (
    "main.py verify 本文件 --key 中心公钥：离线核验签名、台账证明和每一格。公钥指纹应由其他途径取得后比对。",
    "main.py verify FILE --key KEY checks signature, proof and every cell offline. Compare the key's fingerprint with "
    "one obtained elsewhere.",
)
_SHOWS = (
    "证明只说明：所列记录在此台账位置之前已按此顺序收到；数字由中心计算并签名。记录所述是否属实，不在证明之内。",
    "The proof shows that the entries named had been received by this position of the log; the figures are central's, "
    "signed. Whether an entry tells the truth is no part of it.",
)
_SIGN = (
    "乡镇（街道）审核：　　　　　　区级审核：　　　　　　市级认定：　　　　　　（签字、盖章）",
    "Township: 　　　　　　District: 　　　　　　City: 　　　　　　(signatures and seals)",
)


def cover(report: Report) -> Sheet:
    """The cover as a sheet of two columns."""
    head, seal = report.contents.header, report.seal
    annex = _ANNEX.get(str(head.get("annex")), (NONE, NONE))
    rows: list[tuple[tuple[str, str], tuple[str, str]]] = [
        (("报告", "Report"), (TITLE, "Verification report of the reduction")),
        (("范围", "Scope"), _scope(str(head.get("scope")))),
        (("统计期", "Period"), _period(head)),
        (("截止日期（状态日）", "State date"), _same(head.get("until"))),
        (("台账位置", "Log position"), _same(f"{head.get('position')}（{_moment(head.get('position_ms'))}）")),
        (("树根", "Root of the log's tree"), _same(head.get("root"))),
        (("台账（公钥指纹）", "Log (fingerprint of central's key)"), _same(seal.log)),
        (("报告指纹", "Hash of the report"), _same(seal.hash)),
        (("中心签名", "Central's signature"), _same(seal.sig)),
        (("上期报告指纹", "Hash of the last report"), _same(head.get("last_report") or NONE)),
        *((_edition_words(table), _same(edition)) for table, edition in _editions(head)),
        (("区划版次", "Edition of the units"), _same(head.get("admin_edition"))),
        (("附表", "Annex"), annex),
        (("证明所含记录数", "Entries proven"), _same(len(report.proof.rows))),
        (("软件", "Software"), _same(seal.software)),
        (("编制", "Issued by"), _issuer(report)),
        (("如何核验", "How to check"), _CHECK),
        (("证明说明", "What the proof shows"), _SHOWS),
        (("签章", "Signatures"), _SIGN),
    ]
    return Sheet(
        id="cover", zh="封面", en="Cover",
        headings=(Heading("项目", "Item", 24), Heading("内容", "Content", 110)),
        rows=tuple((Shown.text(*label), Shown.text(*value)) for label, value in rows),
    )  # fmt: skip


def _same(value: Any) -> tuple[str, str]:
    return str(value), str(value)


def _scope(scope: str) -> tuple[str, str]:
    return ("全市", "City") if scope == "city" else (scope, scope)


def _period(head: Any) -> tuple[str, str]:
    after, until = head.get("after"), head.get("until")
    return f"{after} 日终之后至 {until} 日终", f"after the end of {after}, until the end of {until}"


def _editions(head: Any) -> list[tuple[str, str]]:
    editions = head.get("editions")
    return sorted((str(k), str(v)) for k, v in editions.items()) if isinstance(editions, dict) else []


def _edition_words(table: str) -> tuple[str, str]:
    zh, en = WORDS["edition"].get(table, (table, table))
    return f"版次·{zh}", f"Edition: {en.lower()}"


def _issuer(report: Report) -> tuple[str, str]:
    issuer = report.seal.issuer
    if issuer is None:
        return NONE, NONE
    zh, en = WORDS["role"].get(issuer.role, (issuer.role, issuer.role))
    return f"{zh}级（{issuer.scope}）", f"{en} ({issuer.scope})"


def _moment(at_ms: Any) -> str:
    """An instant in Beijing time, to the second."""
    if not isinstance(at_ms, int) or not 0 <= at_ms < 253_402_300_799_000:
        return NONE
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms, hours=8)
    return f"{moment:%Y-%m-%d %H:%M:%S} +08:00"
