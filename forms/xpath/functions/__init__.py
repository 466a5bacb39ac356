"""The functions of the dialect, one file a topic. Importing this package declares them all."""

from forms.xpath.functions import booleans, choices, dates, digests, geography, nodesets, numbers, strings

__all__ = ["booleans", "choices", "dates", "digests", "geography", "nodesets", "numbers", "strings"]
