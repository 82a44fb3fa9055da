"""Which columns hold names: of a customer, a person, a place, a column in a file; they are in no language."""

from __future__ import annotations

_NAMES = frozenset(
    (
        "customer",
        "account",
        "name",
        "manager",
        "account manager",
        "contact",
        "partner",
        "lane",
        "origin",
        "destination",
        "report",
        "source column",
    )
)  # not shown


def holds_names(column: str) -> bool:
    """Tell whether a column holds names or ids.

    Examples
    --------
    >>> holds_names("customer_id"), holds_names("tier")
    (True, False)
    """
    words = column.replace("_", " ")
    return words in _NAMES or words.endswith(" id")
