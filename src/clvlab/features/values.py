"""What each customer's purchases have been worth: how many, their mean, how far they vary, and the total."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.events import Purchases
from clvlab.features.tables import day_of, number_of
from clvlab.periods import parse_date
from clvlab.refusal import Refused

_DIGITS = 12


def value_summary(purchases: Purchases, as_of: str | dt.date) -> pd.DataFrame:
    """Summarise what each customer's purchases have been worth up to a date.

    Parameters
    ----------
    purchases
        As :func:`~clvlab.features.events.purchases` or ``study.purchases`` gives them, with a value.
    as_of
        The last day that counts.

    Returns
    -------
    DataFrame
        Indexed by customer_id, sorted; one row for everyone with a row up to ``as_of``:

        - ``valued_purchases``: days with an order whose value is known (orders of one day are one purchase);
        - ``mean_value``: total_value over valued_purchases; missing without one;
        - ``value_variance``: mean squared distance of these days' values from their own mean; 0 for a single
          day, missing without one;
        - ``total_value``: all value known by then, of whatever row.

        ``attrs`` says what was done: ``as_of``, ``value`` (what the value means), ``purchases_without_value``.

    Raises
    ------
    Refused
        When the purchases have no value, or there is none up to ``as_of``.

    Notes
    -----
    What is no order (a credit note, a surcharge) counts in the total. On a day with a valued order it belongs to
    that day's value; on any other day it is spread evenly over the customer's valued purchases: it moves their
    mean and leaves their variance. So ``valued_purchases * mean_value`` is always ``total_value`` for those who
    have any. An order without value counts neither here nor there; a loss is a value like any other.

    Totals are rounded at the 12th digit of the sum of absolute values, and variances at the 12th of the mean
    square: an engine adds in any order, and the last bits of a sum would differ between runs.

    Examples
    --------
    >>> import ibis
    >>> from clvlab.features.events import purchases
    >>> invoices = ibis.memtable({
    ...     "customer_id": ["a", "a", "a"], "issued_on": ["2025-01-02", "2025-01-09", "2025-01-20"],
    ...     "amount": [50.0, 70.0, -10.0], "kind": ["freight", "freight", "credit note"],
    ... })
    >>> value_summary(purchases({"invoices": invoices}), "2025-12-31")  # doctest: +NORMALIZE_WHITESPACE
                 valued_purchases  mean_value  value_variance  total_value
    customer_id
    a                           2        55.0           100.0        110.0
    """
    if purchases.value is None:
        raise Refused("The purchases have no value; give shipments with revenue, or invoices with amounts.")
    until = parse_date(as_of)
    table = purchases.table
    rows = table.select(
        customer_id=table.customer_id,
        day=day_of(table, "date"),
        is_order=table.is_order,
        value=number_of(table, "value"),
    )
    rows = rows.filter(rows.day <= ibis.literal(until))
    frame = _summed(rows).to_pyarrow().to_pandas(deduplicate_objects=False)
    if frame.empty:
        raise Refused(f"There is no purchase up to {until}; give a later as_of.")
    n = frame.valued_purchases.to_numpy()
    total = _at_digit(frame.total.to_numpy(float), frame.moved.to_numpy(float))
    variance = _at_digit(frame.variance.to_numpy(float), frame.mean_square.to_numpy(float))
    summary = pd.DataFrame(
        {
            "valued_purchases": n,
            "mean_value": np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0),
            "value_variance": np.where(n > 0, variance, np.nan),
            "total_value": total,
        },
        index=pd.Index(frame.customer_id, name="customer_id"),
    )
    unknown = int(frame.without_value.sum())
    summary.attrs.update(as_of=until.isoformat(), value=purchases.meaning, purchases_without_value=unknown)
    return summary


def _summed(rows: ir.Table) -> ir.Table:
    """Return one row per customer: counts, total, sum of absolute values, and how the purchase days vary."""
    known = rows.is_order & rows.value.notnull()
    days = rows.group_by("customer_id", "day").agg(
        value=rows.value.sum().fill_null(0.0),
        moved=rows.value.abs().sum().fill_null(0.0),
        valued=known.any().fill_null(False),
        without_value=(rows.is_order & rows.value.isnull()).sum(),
    )
    return (
        days.group_by("customer_id")
        .agg(
            valued_purchases=days.valued.sum().cast("int64"),
            total=days.value.sum(),
            moved=days.moved.sum(),
            variance=days.value.var(where=days.valued, how="pop"),
            mean_square=(days.value * days.value).mean(where=days.valued),
            without_value=days.without_value.sum(),
        )
        .order_by("customer_id")
    )


def _at_digit(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return values rounded at the 12th digit of their sizes; the same for a size of 0 or none."""
    known = np.isfinite(sizes) & (sizes > 0)
    scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(np.where(known, sizes, 1.0))))
    return np.where(known, np.round(values * scale) / scale, values) + 0.0  # + 0.0 turns -0.0 into 0.0
