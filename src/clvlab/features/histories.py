"""Histories for purchase models where some customers were there before the records begin."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.events import Purchases
from clvlab.features.tables import as_table, day_of, to_date
from clvlab.features.transactions import transaction_summary
from clvlab.periods import Period, days_per, epoch_days, parse_date, period_index, period_start, to_periods
from clvlab.refusal import Refused


def purchase_histories(
    purchases: Purchases, customers: ir.Table | None, as_of: str | dt.date, period: Period = "week"
) -> pd.DataFrame:
    """Summarise purchases per customer, with how long each had been one when the records began.

    Parameters
    ----------
    purchases
        From :func:`clvlab.features.events.purchases`. The window of the records begins on their first date.
    customers
        customer_id and, where it is there, ``onboarded_on``. Customers without one, and all of them when the
        table or the column is absent, are taken as new: to have begun with their first purchase in the window.
    as_of
        The last day that counts; later purchases are ignored.
    period
        The unit of ``recency``, ``T`` and ``entry``.

    Returns
    -------
    DataFrame
        Indexed by customer_id, sorted: ``frequency``, ``recency``, ``T``, ``entry`` and, where purchases have
        values, ``monetary_value``; as :meth:`clvlab.clv.ParetoNBD.fit` takes them with ``entry="entry"``.

        - New customers: ``entry`` is 0 and the rest as in :func:`~clvlab.features.transaction_summary` with
          ``merge="day"``.
        - Customers onboarded before the window began: ``entry`` is the time from then to its start,
          ``frequency`` all days with a purchase in the window, ``recency`` the time from the window's start to
          the last of them, ``T`` from its start to ``as_of``, ``monetary_value`` the mean over all of them.

        ``attrs`` are those of the summary, and ``period``, ``window_start``, ``known_before`` (customers in the
        table whom the window found there) and ``known_before_without_purchase``.

    Raises
    ------
    Refused
        As :func:`~clvlab.features.transaction_summary` does.

    Notes
    -----
    Customers known before without a purchase in the window are left out and counted, refunds only included:
    they may have left before it began, and the records do not tell. So a customer known before is in the table
    because of having bought. The model's likelihood does not allow for that: where many are left out, rates of
    purchase come out too high and too alike, and rates of dropout too different.

    The day of onboarding stands for the first purchase, which is unseen.

    Examples
    --------
    >>> import ibis
    >>> from clvlab.features.events import purchases
    >>> invoices = ibis.memtable({
    ...     "customer_id": ["a", "b", "a", "b"],
    ...     "issued_on": ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22"],
    ...     "amount": [10.0, 20.0, 30.0, 40.0],
    ... })
    >>> customers = ibis.memtable({"customer_id": ["a", "b"], "onboarded_on": ["2023-12-04", None]})
    >>> purchase_histories(purchases({"invoices": invoices}), customers, "2024-02-05")  # doctest: +NORMALIZE_WHITESPACE
                 frequency  recency    T  entry  monetary_value
    customer_id
    a                    2      2.0  5.0    4.0            20.0
    b                    1      2.0  4.0    0.0            40.0
    """
    days_per(period)
    until, value = parse_date(as_of), purchases.value
    rows = purchases.table.select("customer_id", "date", *([value] if value else []))
    first = rows.agg(first=rows.date.min()).to_pyarrow().to_pylist()[0]["first"]
    start = None if first is None else to_date(first)
    known = None
    if customers is not None and "onboarded_on" in customers.columns and start is not None and start <= until:
        known = _known_before(customers, start)
        rows = rows.union(_openings(known, start).select(*rows.columns).cast(rows.schema()))
    frame = transaction_summary(rows, value=value, as_of=until, period="day", merge="day", negative=purchases.negative)
    since = pd.Series(dtype=float) if known is None else known.to_pandas().set_index("customer_id")["days"]
    old = frame.index.isin(since.index)
    silent = old & (frame["frequency"] == 0).to_numpy()
    if silent.all():
        raise Refused(f"The table has refunds but no purchase up to {until}; give a later as_of.")
    days = {
        "recency": frame["recency"] - old,  # their opening stands on the day before the window
        "T": frame["T"] - old,
        "entry": since.reindex(frame.index).where(old, 0.0),
    }
    frame = frame.assign(**{name: to_periods(length.astype(float), period) for name, length in days.items()})
    order = ["frequency", "recency", "T", "entry", *(["monetary_value"] if value else [])]
    found = frame.loc[~silent, order]
    found.attrs = frame.attrs | {
        "period": str(period),
        "window_start": start.isoformat() if start else "",
        "known_before": int((old & ~silent).sum()),
        "known_before_without_purchase": int(silent.sum()),
    }
    return found


def _known_before(customers: ir.Table, start: dt.date) -> ir.Table:
    """Return customer_id and days from onboarding to the window's start, of those onboarded before it."""
    table = as_table(customers, ["customer_id", "onboarded_on"])
    dated = table.select("customer_id", day=day_of(table, "onboarded_on"))
    dated = dated.filter(dated.customer_id.notnull() & (dated.day < ibis.literal(start)))
    return dated.group_by("customer_id").agg(days=epoch_days(start) - epoch_days(dated.day.min()))


def _openings(known: ir.Table, start: dt.date) -> ir.Table:
    """Return one purchase worth nothing per customer known before, on the day before the window.

    A summary does not count a customer's first purchase: with this one as the first, it counts all in the window.
    """
    eve = period_start(period_index(start, "day") - 1, "day")
    return known.select("customer_id", date=ibis.literal(eve), value=ibis.literal(0.0))
