"""What the demonstration prints: its acts as they pass, with the time each took, and a line of progress meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sync.commands.say import out, words


class Stage:
    """Prints acts in order and remembers how long each took."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self.took: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._started

    @contextmanager
    def act(self, zh: str, en: str) -> Iterator[None]:
        """An act: a spinner where a person watches, and its time for the list at the end."""
        title, began = words(zh, en), time.monotonic()
        with out.status(title):
            yield
        self.took[title] = self.took.get(title, 0.0) + time.monotonic() - began

    def say(self, zh: str, en: str) -> None:
        """One line of the story, with the time that has passed."""
        out.print(f"[dim]{self.seconds:5.0f} s[/dim] • " + words(zh, en))

    def times(self) -> None:
        """How long the acts took."""
        parts = "，".join(f"{title} {seconds:.0f} s" for title, seconds in self.took.items() if seconds >= 0.5)
        out.print(words("用时：", "Times: ") + parts)
