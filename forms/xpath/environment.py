"""What an expression needs besides its context node: clock, chance, instances, texts.

One small object handed down through the closures; a session owns one, a predicate works on a copy of it.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol

from forms.xpath.moments import Moment, moment_of_datetime


class Clock(Protocol):
    """The time of day and the zone in which it is read."""

    @property
    def tz(self) -> tzinfo:
        """The zone."""
        ...

    def now(self) -> Moment:
        """This instant."""
        ...


@dataclass(frozen=True)
class SystemClock:
    """The machine's clock, in the zone given (its own by default)."""

    tz: tzinfo = field(default_factory=lambda: datetime.now().astimezone().tzinfo or UTC)

    def now(self) -> Moment:
        """This instant."""
        return moment_of_datetime(datetime.now(UTC), self.tz)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still, for tests and replays."""

    moment: Moment

    @property
    def tz(self) -> tzinfo:
        """The zone of the moment."""
        return self.moment.tz

    def now(self) -> Moment:
        """The moment that was given."""
        return self.moment


class Chance:
    """Randomness behind one door, so that a test can fix it."""

    def __init__(self, seed: int | None = None) -> None:
        self._source: random.Random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return self._source.random()

    def below(self, bound: int) -> int:
        """A whole number in [0, bound)."""
        return self._source.randrange(bound)

    def uuid(self) -> str:
        """A version-4 UUID."""
        return str(uuid.UUID(int=self._source.getrandbits(128), version=4))


@dataclass(slots=True)
class Environment:
    """What closures read. `slots` holds the nodes outside all repeats, so that most paths are one list access."""

    clock: Clock
    chance: Chance
    slots: list[Any] = field(default_factory=list)
    root: Any = None
    instance: Callable[[str], Any] = lambda name: None
    itext: Callable[[str], str] = lambda text_id: f"[itext:{text_id}]"
    choice_name: Callable[[str, str, Any], str] = lambda value, path, node: ""
    property: Callable[[str], str] = lambda name: ""
    version: str = ""
    current: Any = None  # the node that current() means inside a predicate
    position: int = 0  # 1-based place in the nodeset that a predicate filters; 0 outside one

    def inside(self, current: Any) -> Environment:
        """A copy for a predicate that was reached from `current`."""
        copy = Environment(
            self.clock, self.chance, self.slots, self.root, self.instance, self.itext, self.choice_name,
            self.property, self.version,
        )
        copy.current = self.current if self.position else current
        return copy
