"""CSV, XML and GeoJSON to rows: what a file holds, with no opinion on how it is kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from forms.instances.rows import Row
from forms.xmldoc import MAX_DEPTH, Document, Element, children, parse
from schemas.errors import Code, LedgerError

MAX_CELL = 10_000_000


@dataclass(frozen=True)
class Flat:
    """A file of alike rows: the names of its columns, its rows, and what the rows are called."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[str, ...]]
    item: str = "item"
    root: str = "root"


def read_file(name: str, data: bytes) -> Flat | Row:
    """The rows of a file by its ending; a tree where an XML file is not flat."""
    ending = name.lower().rpartition(".")[2]
    try:
        if ending == "csv":
            return read_csv(data)
        if ending in ("geojson", "json"):
            return read_geojson(data)
        return read_xml(data)
    except (ValueError, csv.Error, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(Code.FORM_MEDIA_UNREADABLE, name=name, reason=str(error)) from error


def read_csv(data: bytes) -> Flat:
    """Rows separated by commas or semicolons; empty column names and cells beyond the header are left out."""
    text = data.decode("utf-8-sig", "replace")
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(reader, [])]
    places = [at for at, name in enumerate(names) if name]
    columns = tuple(names[at] for at in places)

    def rows() -> Iterator[tuple[str, ...]]:
        for record in reader:
            if any(record):
                yield tuple(record[at].strip() if at < len(record) else "" for at in places)

    return Flat(columns, rows())


def read_geojson(data: bytes) -> Flat:
    """Features as rows: properties, `id`, and `geometry` in the form of a geopoint, geotrace or geoshape."""
    collection = json.loads(data)
    if collection.get("type") != "FeatureCollection":
        raise ValueError("no FeatureCollection")
    features = collection["features"]
    names: dict[str, None] = {"geometry": None}
    records: list[dict[str, str]] = []
    for feature in features:
        record = {"geometry": geometry_text(feature.get("geometry"))}
        if "id" in feature:
            record["id"] = _text(feature["id"])
        for key, value in (feature.get("properties") or {}).items():
            record[key] = _text(value)
        names.update(dict.fromkeys(record))
        records.append(record)
    columns = tuple(names)
    return Flat(columns, (tuple(record.get(name, "") for name in columns) for record in records))


def read_xml(data: bytes) -> Flat | Row:
    """A file of alike flat elements as rows, any other as a tree."""
    form = parse(data)
    items = list(children(form.root))
    names = {str(item.tag) for item in items}
    flat = len(names) == 1 and all(_is_flat(item) for item in items)
    if not flat:
        return tree(form.root, form)
    columns: dict[str, None] = {}
    for item in items:
        columns.update(dict.fromkeys(form.name(str(cell.tag)) for cell in children(item)))
    records = ({form.name(str(cell.tag)): (cell.text or "").strip() for cell in children(item)} for item in items)
    order = tuple(columns)
    rows = (tuple(record.get(name, "") for name in order) for record in records)
    return Flat(order, rows, form.name(names.pop()), form.name(str(form.root.tag)))


def tree(element: Element, form: Document, depth: int = 0) -> Row:
    """An element and everything below it."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    row = Row(form.name(str(element.tag)))
    for each in children(element):
        row.add(tree(each, form, depth + 1))
    if not row.kids:
        row.xval = (element.text or "").strip()
    if element.attrib:
        row.attributes = {form.name(key): Row(form.name(key), value, row) for key, value in element.attrib.items()}
    return row


def geometry_text(geometry: Any) -> str:
    """`lat lon 0 0; …` of a Point, LineString or Polygon (outer ring); '' of anything else."""
    if not geometry:
        return ""
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Point":
            return _point(coordinates)
        case "LineString":
            return "; ".join(_point(each) for each in coordinates)
        case "Polygon":
            return "; ".join(_point(each) for each in coordinates[0])
        case _:
            return ""


def _point(position: list[float]) -> str:
    return f"{position[1]} {position[0]} 0 0"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _is_flat(item: Element) -> bool:
    names = [str(cell.tag) for cell in children(item)]
    return not item.attrib and len(names) == len(set(names)) and all(not len(cell) and not cell.attrib for cell in item)
