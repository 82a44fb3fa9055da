"""Rules of thumb that a model has to beat: forecasts made with a pocket calculator, scaled to the horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.histories import numeric_columns

if TYPE_CHECKING:
    import pandas as pd


def mean_rate(table: pd.DataFrame, horizon: float) -> pd.Series:
    """Return purchases within the horizon when each customer goes on as on average so far.

    Parameters
    ----------
    table
        One row per customer: ``frequency`` and ``T``, as from :func:`~clvlab.features.transaction_summary`.
    horizon
        How far ahead, in the unit of ``T``.

    Returns
    -------
    Series
        ``frequency / T * horizon`` on the table's index: the first purchase starts the clock and is not counted. 0
        for a customer without repeat purchase, also one whose T is 0.

    Examples
    --------
    >>> import pandas as pd
    >>> mean_rate(pd.DataFrame({"frequency": [2, 0], "T": [20.0, 0.0]}, index=["a", "b"]), horizon=30).to_dict()
    {'a': 3.0, 'b': 0.0}
    """
    columns = numeric_columns(table, ["frequency", "T"])
    bought, age = columns["frequency"], columns["T"]
    rate = np.divide(bought, age, out=np.zeros_like(bought), where=age > 0)
    return _series(rate * horizon, table)


def mean_rate_if_active(table: pd.DataFrame, horizon: float) -> pd.Series:
    """Return the mean rate of customers who are no longer silent than their usual gap, and 0 for the others.

    Parameters
    ----------
    table
        One row per customer: ``frequency``, ``recency`` and ``T``.
    horizon
        How far ahead, in the unit of ``recency`` and ``T``.

    Returns
    -------
    Series
        On the table's index. The usual gap is the customer's own mean one, ``recency / frequency``. A customer
        without repeat purchase has no gap and, the mean rate being 0, a forecast of 0 whatever it is taken for.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"frequency": [2, 2, 0], "recency": [16, 10, 0], "T": [20, 20, 20]})
    >>> mean_rate_if_active(table, horizon=30).tolist()
    [3.0, 0.0, 0.0]
    """
    columns = numeric_columns(table, ["frequency", "recency", "T"])
    frequency, recency, age = columns.values()
    # Times frequency on both sides: a gap cannot be divided by 0 repeat purchases.
    active = (age - recency) * frequency <= recency * (1 + 1e-9)
    return _series(np.where(active, mean_rate(table, horizon), 0.0), table)


def last_stretch_again(bought: pd.Series, stretch: float, horizon: float) -> pd.Series:
    """Return purchases within the horizon when the last stretch comes again.

    Parameters
    ----------
    bought
        Each customer's purchases in the last stretch, the first one among them if it lies there.
    stretch
        Its length: the horizon's, or what the records cover when they are shorter.
    horizon
        How far ahead, in the same unit.

    Examples
    --------
    >>> import pandas as pd
    >>> last_stretch_again(pd.Series({"a": 4, "b": 0}), stretch=26, horizon=52).to_dict()
    {'a': 8.0, 'b': 0.0}
    """
    return (bought * (horizon / stretch)).rename("expected_purchases")


def _series(values: np.ndarray, table: pd.DataFrame) -> pd.Series:
    """Return one forecast per row of the table."""
    import pandas as pd

    return pd.Series(values, index=table.index, name="expected_purchases")
