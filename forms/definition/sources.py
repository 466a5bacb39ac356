"""Secondary instances: those inside the form become rows at once, files are only named here."""

from __future__ import annotations

from forms.definition.model import Source
from forms.instances.rows import Row, document
from forms.xmldoc import MAX_DEPTH, Document, Element, attribute, children
from schemas.errors import Code, LedgerError


def read_source(element: Element, form: Document) -> Source | None:
    """An `<instance id=… >` that is not the main one."""
    name = attribute(element, "id")
    if not name:
        return None
    src = attribute(element, "src")
    if src:
        return Source(name, src)
    root = next(children(element), None)
    return Source(name, rows=document(row_of(root, form) if root is not None else Row("root")))


def row_of(element: Element, form: Document, depth: int = 0) -> Row:
    """An element and everything below it as rows."""
    if depth > MAX_DEPTH:
        raise LedgerError(Code.FORM_INVALID, reason="an instance is nested too deeply")
    row = Row(form.name(str(element.tag)))
    for each in children(element):
        row.add(row_of(each, form, depth + 1))
    if not row.kids:
        row.xval = (element.text or "").strip()
    if element.attrib:
        row.attributes = {form.name(key): Row(form.name(key), value, row) for key, value in element.attrib.items()}
    return row
