"""Where customers and value stand by how recently and how often customers order."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.tables import AnyTable, events_until
from clvlab.features.transactions import Negative
from clvlab.periods import days_per, epoch_days
from clvlab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Named bands stay the same from month to month and do not break ties by chance, as fifths of 40 customers
# would. Days since the last order, upper bounds included.
RECENCY_BANDS: dict[str, float] = {
    "up to 1 month ago": days_per("month"),
    "1-3 months ago": days_per("quarter"),
    "3-6 months ago": 2 * days_per("quarter"),
    "6-12 months ago": 4 * days_per("quarter"),
    "over 12 months ago": np.inf,
}
# Days between orders on average, upper bounds included: weekly, monthly and half-yearly users are the field's
# heavy, medium and light ones.
FREQUENCY_BANDS: dict[str, float] = {
    "weekly or more": days_per("week"),
    "monthly or more": days_per("month"),
    "quarterly or more": days_per("quarter"),
    "half-yearly or more": 2 * days_per("quarter"),
    "less often": np.inf,
}


class RecencyFrequencyValue(Result):
    """Customers and value by recency band and frequency band."""

    title = "Customers by last order and ordering frequency"

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cell, empty ones too: recency, frequency, customers[, value, value_share]."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cells as a heat map with customers and, where known, their share of value."""
        from clvlab.features.plots import draw_rfv

        return draw_rfv(self._frame, ax)


def recency_frequency_value(
    events: AnyTable,
    customer: str = "customer_id",
    date: str = "date",
    value: str | None = None,
    as_of: str | dt.date | None = None,
    negative: Negative = "refund",
) -> RecencyFrequencyValue:
    """Cross customers by how recently and how often they order, with what they bring.

    Parameters
    ----------
    events
        One row per order: a DataFrame or an Ibis table.
    customer, date, value
        Column names; without ``value`` only customers are counted.
    as_of
        The last day that counts; the last date in the table when None.

    negative
        What a negative value means: ``"refund"``, or ``"purchase"`` when values are margins.

    Returns
    -------
    RecencyFrequencyValue
        One row per cell of five by five named bands. Recency: months of 365.25/12 days since the last day
        with an order. Frequency: days from the first order to ``as_of`` (at least a month, so that one order
        of last week is not "weekly") per day with an order. ``value`` sums everything up to ``as_of``;
        refunds (negative) are no orders but lower it, and customers with refunds only are left out.

    Raises
    ------
    Refused
        For missing columns, missing customers or dates, values that are no numbers, and no event up to
        ``as_of``.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"],
    ...     "date": ["2024-01-10", "2024-06-20", "2024-02-11"],
    ...     "value": [1.0, 2.0, 5.0],
    ... })
    >>> table = recency_frequency_value(events, value="value", as_of="2024-06-30").to_frame()
    >>> table[table.customers > 0][["recency", "frequency", "value"]]
                  recency            frequency  value
    2   up to 1 month ago    quarterly or more    3.0
    13     3-6 months ago  half-yearly or more    5.0
    """
    rows, _, until = events_until(events, customer, date, as_of, value)
    now = epoch_days(until)
    day = epoch_days(rows.day)
    refunds = value is not None and negative == "refund"
    order = (rows.value.isnull() | (rows.value >= 0)) if refunds else ibis.literal(True)
    sums = {"value": rows.value.sum()} if value else {}
    found = rows.group_by("customer").agg(
        days=day.nunique(where=order), first=day.min(where=order), last=day.max(where=order), **sums
    )
    found = found.filter(found.days > 0)
    tenure = ibis.greatest(now - found.first, days_per("month"))
    cells = found.group_by(
        recency=_banded(now - found.last, RECENCY_BANDS),
        frequency=_banded(tenure / found.days, FREQUENCY_BANDS),
    ).agg(customers=found.count(), **({"value": found.value.sum()} if value else {}))
    return RecencyFrequencyValue(_filled(cells.to_pyarrow().to_pandas()))


def _banded(number: ir.NumericValue, bands: dict[str, float]) -> ir.StringValue:
    """Return the name of the first band whose upper bound is not below the number."""
    *bounded, (last, _) = bands.items()
    return ibis.cases(*((number <= bound, name) for name, bound in bounded), else_=last)


def _filled(cells: pd.DataFrame) -> pd.DataFrame:
    """Return all cells in the order of the bands, empty ones with zeros, and each one's share of value."""
    every = pd.MultiIndex.from_product([RECENCY_BANDS, FREQUENCY_BANDS], names=["recency", "frequency"])
    frame = cells.set_index(["recency", "frequency"]).reindex(every).fillna(0).reset_index()
    frame["customers"] = frame.customers.astype("int64")
    if "value" in frame:
        total = frame["value"].sum()
        frame["value_share"] = frame["value"] / total if total > 0 else np.nan
    return frame
