"""The checker: one program that reads central's store, the tablets' stores and acknowledgement logs, and says which of
the invariants I1–I16 (`reliability.md` §5) do not hold. Every fault test runs it.

It reads the tables itself and recomputes trees, chains and projections in its own words, so that a fault in the code
under test is not repeated here. I14 (every queue empties) holds only once faults have stopped: `queues_not_empty`.

    python -m sync.checker --central DIR_OR_URL --tablet DIR --acks FILE
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.errors import LedgerError
from sync.checker.log_rules import LOG_RULES, Rule
from sync.checker.tablet_rules import TABLET_RULES, queues_not_empty
from sync.checker.world import (
    CentralState,
    TabletState,
    Violation,
    World,
    read_acks,
    read_central,
    read_tablet,
)

__all__ = [
    "CentralState",
    "TabletState",
    "Violation",
    "World",
    "check",
    "queues_not_empty",
    "read_acks",
    "read_central",
    "read_tablet",
]


def check(world: World) -> list[Violation]:
    """Every violation found, in the order of the rules; empty where all invariants hold."""
    return [violation for rule in (*LOG_RULES, *TABLET_RULES) for violation in _found(rule, world)]


def _found(rule: Rule, world: World) -> Iterator[Violation]:
    """What a rule finds; a store so damaged that the rule cannot read it breaks the rule's invariant too."""
    try:
        yield from rule(world)
    except (LookupError, TypeError, ValueError, AttributeError, LedgerError) as error:
        invariant = (rule.__doc__ or "I?").split()[0].rstrip(":")
        yield Violation(invariant, rule.__name__, f"cannot be read: {type(error).__name__} {error}")
