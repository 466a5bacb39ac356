"""From the names of a form's files to its lists: a function of a definition gives a function of an instance's id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from forms.definition.model import FormDefinition, Source
from forms.instances.rows import Row, document
from forms.instances.store import InstanceStore

Instances = Callable[[str], Any]
Media = Callable[[FormDefinition], Instances]
_LAST_SAVED = "jr://instance/last-saved"


def no_media(definition: FormDefinition) -> Instances:
    """For forms without files: a list that is missing is empty."""
    return media_of({})(definition)


def media_of(files: Mapping[str, bytes], store: InstanceStore | None = None, last_saved: str = "") -> Media:
    """Lists from the contents of files by name; `last_saved` is the XML of the form that was filled before."""

    def open_for(definition: FormDefinition) -> Instances:
        held = store or InstanceStore()
        opened: dict[str, Any] = {}

        def instance(name: str) -> Any:
            if name not in opened:
                source = definition.sources.get(name)
                opened[name] = None if source is None else _open(source, files, held, last_saved)
            return opened[name]

        return instance

    return open_for


def file_name(src: str) -> str:
    """`jr://file-csv/plots.csv` → `plots.csv`."""
    return PurePosixPath(src.partition("://")[2] or src).name


def _open(source: Source, files: Mapping[str, bytes], store: InstanceStore, last_saved: str) -> Any:
    if not source.src:
        return source.rows
    if source.src.startswith(_LAST_SAVED):
        return store.tree(last_saved.encode()) if last_saved else document(Row("data"))
    name = file_name(source.src)
    if name not in files:
        return document(Row("root"))  # as in ODK Collect; `FormDefinition.media` says beforehand what a form needs
    return store.open(name, files[name])
