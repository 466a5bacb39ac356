"""Accounts: role and the units they reach. No names of people, no contact data; those stay with the office.

Passwords and sign-in at the desk come with the supervisor's screens; until then a desk token is issued on the
command line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from schemas.admin_units import AdminUnits
from schemas.errors import Code, LedgerError
from schemas.roles import Role
from sync.central.tables import accounts


@dataclass(frozen=True)
class Account:
    """Who someone is to the log. `scopes` are unit ids, `district:110105`, `belt:G1` or `city`."""

    account: str
    role: Role
    scopes: tuple[str, ...]
    disabled: bool

    def units(self, table: AdminUnits, on: date) -> frozenset[str]:
        """The implementation units that the scopes reach on a date, by this edition of the units."""
        found: set[str] = set()
        for scope in self.scopes:
            found |= table.units_within(scope, on)
        return frozenset(found)


def put_account(
    connection: Connection, table: AdminUnits, on: date, account: str, role: Role, scopes: Sequence[str]
) -> Account:
    """Create an account or change its scopes; a disabled one stays so.

    A role is for ever: the log names accounts, not roles, so a figure of last year reads today the role of then. Raises
    ACCOUNT_ROLE_FIXED, and UNIT_UNKNOWN for a scope that reaches nothing.
    """
    before = read_accounts(connection, [account]).get(account)
    if before is not None and before.role is not role:
        raise LedgerError(Code.ACCOUNT_ROLE_FIXED, account=account, role=before.role.value)
    known = Account(account, role, tuple(scopes), before is not None and before.disabled)
    for scope in scopes:
        if not table.units_within(scope, on):
            raise LedgerError(Code.UNIT_UNKNOWN, unit=scope)
    connection.execute(delete(accounts).where(accounts.c.account == account))
    connection.execute(
        insert(accounts).values(
            account=account, role=role.value, scopes=json.dumps(list(scopes)), disabled=int(known.disabled)
        )
    )
    return known


def disable_account(connection: Connection, account: str) -> None:
    """Stop an account from signing in and its entries from being accepted. Raises ACCOUNT_UNKNOWN."""
    _switch(connection, account, disabled=1)


def enable_account(connection: Connection, account: str) -> None:
    """Let a disabled account work again. Raises ACCOUNT_UNKNOWN."""
    _switch(connection, account, disabled=0)


def read_accounts(connection: Connection, names: Iterable[str] | None = None) -> dict[str, Account]:
    """Accounts by name; all of them without `names`."""
    query = select(accounts)
    if names is not None:
        query = query.where(accounts.c.account.in_(list(names)))
    return {row.account: _account(row) for row in connection.execute(query)}


def read_account(connection: Connection, name: str) -> Account | None:
    """One account; asked at every request, so by a statement that is built once."""
    row = connection.execute(_BY_NAME, {"name": name}).one_or_none()
    return None if row is None else _account(row)


_BY_NAME = select(accounts).where(accounts.c.account == bindparam("name"))


def _account(row: Any) -> Account:
    return Account(row.account, Role(row.role), tuple(json.loads(row.scopes)), bool(row.disabled))


def _switch(connection: Connection, account: str, disabled: int) -> None:
    change = update(accounts).where(accounts.c.account == account).values(disabled=disabled)
    if not connection.execute(change).rowcount:
        raise LedgerError(Code.ACCOUNT_UNKNOWN, account=account)
