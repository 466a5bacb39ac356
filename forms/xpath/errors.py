"""What can go wrong in an expression: when it is read (`XPathSyntaxError`) and when it runs (`XPathError`).

These stay inside `forms`: the definition turns the first into a coded LedgerError, the session turns the second into
an empty value and a note, so that no form that was accepted can stop an inspector in the field.
"""

from __future__ import annotations


class XPathError(Exception):
    """An expression cannot be evaluated on these values."""


# What evaluating a sound expression on unsound values may raise; a session turns all of it into a note.
EVALUATION_ERRORS = (XPathError, RecursionError, ArithmeticError, ValueError)


class XPathSyntaxError(XPathError):
    """The text is no XPath expression of the dialect."""
