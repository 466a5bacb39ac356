"""A form frozen for the field, and back: compressed inside the entry that publishes it, named by one hash.

The hash covers the XForm and the names and hashes of its files, so a record that names it says exactly which questions
and which lists it was begun with.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping

from forms.definition.model import FormDefinition
from forms.publish.contract import ledger_kind
from forms.publish.lists import needed_files
from forms.xmldoc import MAX_BYTES
from schemas.bodies import FormVersion
from schemas.canonical import canonical, sha256_hex
from schemas.errors import Code, LedgerError
from schemas.register_fields import MAX_FORM_TEXT, FormFile, PublishedForm

_LONGEST_TITLE = 200


def freeze(definition: FormDefinition, xml: str, files: Mapping[str, bytes]) -> PublishedForm:
    """The fields of a form's register row, with those of `files` that it needs. Raises FORM_TOO_LARGE."""
    text = _deflated(xml.encode())
    deflated = {name: _deflated(files[name]) for name in needed_files(definition)}
    size = len(text) + sum(map(len, deflated.values()))
    if size > MAX_FORM_TEXT:
        raise LedgerError(Code.FORM_TOO_LARGE, size_bytes=size, limit_bytes=MAX_FORM_TEXT)
    media = [FormFile(name=name, sha256=sha256_hex(files[name]), deflated=each) for name, each in deflated.items()]
    xml_sha256 = sha256_hex(xml.encode())
    return PublishedForm(
        form_id=definition.id, version=definition.version, title=(definition.title or definition.id)[:_LONGEST_TITLE],
        ledger_kind=ledger_kind(definition), hash=_hash(xml_sha256, media), xml=text, xml_sha256=xml_sha256,
        media=media,
    )  # fmt: skip


def thaw(form: PublishedForm) -> tuple[str, dict[str, bytes]]:
    """The XForm and its files as they were published. Raises LedgerError(FORM_INVALID) where a hash is not theirs."""
    xml = _inflated(form.xml, form.xml_sha256)
    files = {each.name: _inflated(each.deflated, each.sha256) for each in form.media}
    if form.hash != _hash(form.xml_sha256, form.media):
        raise LedgerError(Code.FORM_INVALID, reason="hash")
    return xml.decode(), files


def version_of(form: PublishedForm) -> FormVersion:
    """What a record that is begun with this form names."""
    return FormVersion(id=form.form_id, version=form.version, hash=form.hash)


def _hash(xml_sha256: str, media: list[FormFile]) -> str:
    return sha256_hex(canonical({"xml": xml_sha256, "media": {each.name: each.sha256 for each in media}}))


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


def _inflated(text: str, sha256: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(text, validate=True), MAX_BYTES)
    except (zlib.error, binascii.Error) as error:
        raise LedgerError(Code.FORM_INVALID, reason=str(error)) from error
    if not unpacker.eof or sha256_hex(data) != sha256:
        raise LedgerError(Code.FORM_INVALID, reason="hash")
    return data
