"""Mapping files (字段对照): which column of an office's file is which field, in what unit, form and words.

JSON or TOML with an edition. A plain file with the usual Chinese headings needs none. Example:

    edition = "chaoyang-2026-1"
    kind = "parcel"
    date_form = "%Y%m%d"
    columns = { ledger_no = "BH", unit = "DW", baseline_on = "JQRQ", class_code = "DLBM", valid_from = "SXRQ" }
    constants = { class_system = "third_land_survey" }
    area_units = { planned_land_area_e2 = "mu" }
    values = { unit = { "来广营" = "CY-LGY" } }
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from schemas.canonical import canonical, sha256_hex
from schemas.entries import first_fault
from schemas.errors import Code, LedgerError
from schemas.measures import AreaUnit
from sync.imports import fields
from sync.imports.fields import Form, ReadWith
from sync.imports.sheet import Cell, Fault, Sheet

DEFAULT_EDITION = "default-2026-11"
Edition = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
MAX_MAPPING_BYTES = 1 << 20


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ColumnMapping(_Said):
    """How the columns of one layer are read. Names are those of fields, without the `@` of `fields.py`."""

    columns: Mapping[str, str] = Field(default_factory=dict)
    constants: Mapping[str, str | int | float] = Field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    area_unit: Annotated[AreaUnit, Field(strict=False)] = AreaUnit.M2
    area_units: Mapping[str, Annotated[AreaUnit, Field(strict=False)]] = Field(default_factory=dict)
    date_form: str | None = None


class ImportMapping(ColumnMapping):
    """A mapping file: one layer, and a second one for the baseline parts of parcels where there is a second file."""

    edition: Edition = DEFAULT_EDITION
    kind: str | None = None
    baseline: ColumnMapping = ColumnMapping()

    @property
    def sha256(self) -> str:
        """The hash of what it says; two files that say the same have one hash."""
        return sha256_hex(canonical(json.loads(self.model_dump_json(), parse_float=str)))


def load_mapping(path: Path | None, form: Form) -> ImportMapping:
    """The mapping in `path`, or the default one. Raises LedgerError(IMPORT_MAPPING_INVALID)."""
    if path is None:
        return ImportMapping()
    try:
        data = path.read_bytes()
        if len(data) > MAX_MAPPING_BYTES:
            raise _invalid("the file is too large")
        text = data.decode("utf-8-sig")
        said = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
        mapping = ImportMapping.model_validate(said)
    except ValidationError as error:
        raise _invalid(first_fault(error)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _invalid(f"{type(error).__name__}") from error
    if "edition" not in mapping.model_fields_set:
        raise _invalid("edition: missing")
    if mapping.kind not in (None, form.name):
        raise _invalid(f"kind: it is for {mapping.kind}")
    _check_names(mapping, form.field_names)
    _check_names(mapping.baseline, [field.name for field in fields.BASELINE])
    return mapping


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field's cells come from: a column of the file, or one cell for all rows."""

    heading: str | None
    constant: Cell
    given: ReadWith
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Every field that the file or the mapping gives, and what is wrong with the headings."""

    of: Mapping[str, Column]
    unread: tuple[str, ...]
    faults: tuple[Fault, ...]


def resolve(sheet: Sheet, wanted: Sequence[fields.Field], mapping: ColumnMapping) -> Columns:
    """Find each field's column: as the mapping names it, else by its usual headings, which may carry a unit of area.

    Faults name what is missing, named but not there, or there twice; columns that nothing reads are listed.
    """
    found: dict[str, Column] = {}
    faults: list[Fault] = []
    usual: dict[str, list[tuple[str, AreaUnit | None]]] = {}
    for heading in sheet.columns:
        base, unit = _heading(heading)
        usual.setdefault(base, []).append((heading, unit))
    missing = []
    for field in wanted:
        name = field.name.removeprefix("@")
        words = mapping.values.get(name, {})
        unit = mapping.area_units.get(name, mapping.area_unit)
        if name in mapping.columns:
            heading = mapping.columns[name]
            if heading not in sheet.columns:
                faults.append(Fault(Code.IMPORT_COLUMN_UNKNOWN, column=heading, details={"columns": [heading]}))
                continue
            found[field.name] = Column(heading, None, ReadWith(unit, mapping.date_form), words)
            continue
        if name in mapping.constants:
            found[field.name] = Column(None, mapping.constants[name], ReadWith(unit, mapping.date_form), words)
            continue
        taken = set(mapping.columns.values())
        there = [
            (heading, of_heading)
            for base in dict.fromkeys((*map(_plain, field.headings), name.lower()))
            for heading, of_heading in usual.get(base, ())
            if heading not in taken and (of_heading is None or field.is_area)
        ]
        if len(there) > 1:
            doubled = [heading for heading, _ in there]
            faults.append(Fault(Code.IMPORT_COLUMN_DOUBLED, column=doubled[0], details={"columns": doubled}))
        elif there:
            heading, of_heading = there[0]
            found[field.name] = Column(heading, None, ReadWith(of_heading or unit, mapping.date_form), words)
        elif field.required:
            missing.append(field.headings[0])
    if missing:
        faults.append(Fault(Code.IMPORT_COLUMN_MISSING, details={"columns": missing}))
    read = {column.heading for column in found.values()}
    return Columns(found, tuple(heading for heading in sheet.columns if heading not in read), tuple(faults))


def _check_names(mapping: ColumnMapping, known: Sequence[str]) -> None:
    names = {name.removeprefix("@") for name in known}
    for part in ("columns", "constants", "values", "area_units"):
        unknown = sorted(set(getattr(mapping, part)) - names)
        if unknown:
            raise _invalid(f"{part}: unknown field {unknown[0]}")
    both = sorted(mapping.columns.keys() & mapping.constants.keys())
    if both:
        raise _invalid(f"{both[0]}: both a column and a constant")
    headings = list(mapping.columns.values())
    doubled = sorted({heading for heading in headings if headings.count(heading) > 1})
    if doubled:
        raise _invalid(f"columns: {doubled[0]} is named for two fields")


def _heading(heading: str) -> tuple[str, AreaUnit | None]:
    """A heading without its unit of area, and that unit: 面积（亩） or 面积_亩."""
    said = _plain(heading)
    match = _WITH_UNIT.fullmatch(said)
    if match is None:
        return said, None
    return match["base"], _UNITS[match["unit"]]


def _plain(heading: str) -> str:
    return unicodedata.normalize("NFKC", heading).strip().lower()


def _invalid(where: str) -> LedgerError:
    return LedgerError(Code.IMPORT_MAPPING_INVALID, where=where)


_UNITS = {
    "平方米": AreaUnit.M2, "m2": AreaUnit.M2, "亩": AreaUnit.MU, "mu": AreaUnit.MU, "公顷": AreaUnit.HA,
    "ha": AreaUnit.HA, "平方公里": AreaUnit.KM2, "km2": AreaUnit.KM2, "万平方米": AreaUnit.WAN_M2,
}  # fmt: skip
_WITH_UNIT = re.compile(rf"(?P<base>.+?)(?:_(?P<tail>)|[(\[])(?P<unit>{'|'.join(_UNITS)})[)\]]?")
