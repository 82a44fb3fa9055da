"""Estimates by account as the models hand them over: one row each, with an interval."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clvlab.clv.valuing.ranges import Range
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused


def one_each(frame: pd.DataFrame, table: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return columns by customer_id.

    Parameters
    ----------
    frame
        customer_id and the columns.
    table
        What the reader of a refusal knows the frame as.
    columns
        Their names.

    Raises
    ------
    Refused
        When a column is missing, or an account has several rows.

    Examples
    --------
    >>> one_each(pd.DataFrame({"customer_id": ["a"], "margin": [5.0]}), "worth", ["margin"])["margin"].to_dict()
    {'a': 5.0}
    """
    need_columns(frame.columns, ["customer_id", *columns])
    twice = frame["customer_id"].duplicated()
    if twice.any():
        raise Refused(f"{table} has several rows for {frame['customer_id'][twice].iloc[0]!r}; give one per account.")
    return frame.set_index("customer_id")[list(columns)]


def estimate(frame: pd.DataFrame, table: str, name: str, accounts: pd.Index) -> Range:
    """Return an estimate with its interval for each of ``accounts``; missing where any of the three is.

    Parameters
    ----------
    frame
        customer_id, the estimate, and lower and upper, its 90% interval.
    table
        What the reader of a refusal knows the frame as.
    name
        The estimate's column.
    accounts
        Codes of customers.

    Raises
    ------
    Refused
        As :func:`one_each` does, and for an estimate outside its own interval.

    Examples
    --------
    >>> worth = pd.DataFrame({"customer_id": ["a"], "margin": [5.0], "lower": [4.0], "upper": [7.0]})
    >>> estimate(worth, "worth", "margin", pd.Index(["a", "b"])).value.to_dict()
    {'a': 5.0, 'b': nan}
    """
    found = one_each(frame, table, [name, "lower", "upper"]).astype(float)
    if ((found["lower"] > found[name]) | (found[name] > found["upper"])).any():
        raise Refused(f"{table} has a {name} outside its own interval; check lower and upper.")
    whole = found.dropna().reindex(accounts)
    return Range(whole[name], whole["lower"], whole["upper"])
