"""The forms that a tablet holds: the newest of each to begin with, every older one for the records begun with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from forms.definition.load import load
from forms.definition.model import FormDefinition
from forms.publish.frozen import thaw, version_of
from schemas.bodies import FormVersion
from schemas.errors import Code, LedgerError
from schemas.register_fields import PublishedForm


class Shelf:
    """Published forms in the order of the log."""

    def __init__(self, published: Iterable[PublishedForm]) -> None:
        self._newest: dict[str, PublishedForm] = {}
        self._versions: dict[tuple[str, str, str | None], PublishedForm] = {}
        for form in published:
            self._newest[form.form_id] = form
            self._versions[_key(version_of(form))] = form

    @classmethod
    def of_bodies(cls, bodies: Iterable[Mapping[str, JsonValue]]) -> Shelf:
        """From the bodies of register entries, in the order of the log; other subtypes are passed over."""
        return cls(PublishedForm.model_validate(body["fields"]) for body in bodies if body.get("subtype") == "form")

    @property
    def newest(self) -> tuple[PublishedForm, ...]:
        """The version of each form that a new record begins with, by form id."""
        return tuple(form for _, form in sorted(self._newest.items()))

    def open(self, version: FormVersion) -> tuple[FormDefinition, dict[str, bytes]]:
        """The definition and the files of a version, however old.

        Raises LedgerError: NOT_FOUND where this tablet has not pulled it, FORM_INVALID where it was changed.
        """
        form = self._versions.get(_key(version))
        if form is None:
            raise LedgerError(Code.NOT_FOUND, form=version.id, version=version.version)
        xml, files = thaw(form)
        return load(xml), files


def _key(version: FormVersion) -> tuple[str, str, str | None]:
    return version.id, version.version, version.hash
