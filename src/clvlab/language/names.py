"""Which columns hold names: of a customer, a person, a place; they read the same in every language."""

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
