"""What each customer's purchases come to: frequency, recency, age and mean value, in the engine."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.tables import AnyTable, as_table, day_of, number_of, refuse_missing, to_date
from clvlab.periods import Period, days_per, parse_date, period_index, to_periods
from clvlab.refusal import Refused

Merge = Literal["period", "day"]
Negative = Literal["refund", "purchase"]
_DIGITS = 12


def transaction_summary(
    table: AnyTable,
    customer: str = "customer_id",
    date: str = "date",
    value: str | None = None,
    as_of: str | dt.date | None = None,
    period: Period = "week",
    merge: Merge = "period",
    negative: Negative = "refund",
) -> pd.DataFrame:
    """Summarise purchases per customer as purchase models need them.

    Parameters
    ----------
    table
        One row per purchase: a DataFrame or an Ibis table. Other columns and the order of rows do not matter.
    customer, date, value
        Column names. Dates may be dates, timestamps (the time of day is cut off) or ISO text. Without
        ``value`` there is no ``monetary_value`` and every row is a purchase.
    as_of
        The last day that counts; later rows are ignored. The last date in the table when None.
    period
        The unit of ``recency`` and ``T``: ``"day"``, ``"week"`` (Monday to Sunday), ``"month"`` or
        ``"quarter"``.
    merge
        ``"period"``: purchases within one calendar period are one, and whole calendar periods are counted.
        ``"day"``: purchases within one day are one; ``recency`` and ``T`` are days over the period's length.

    negative
        What a negative value means: ``"refund"``, or ``"purchase"`` when values are margins, where a purchase
        can bring a loss.

    Returns
    -------
    DataFrame
        Indexed by customer, sorted; as in lifetimes and pymc-marketing:

        - ``frequency``: periods (``merge="day"``: days) with a purchase after the first one;
        - ``recency``: periods from the first purchase to the last; 0 for a single purchase;
        - ``T``: periods from the first purchase to ``as_of``;
        - ``monetary_value``: mean over the repeat periods of the value within one; 0.0 without one.

        ``attrs`` says what was done: ``period``, ``merge``, ``as_of``, ``refunds`` (rows),
        ``refund_only_customers``, ``purchases_without_value``.

    Raises
    ------
    Refused
        For a missing column (the nearest name is given), missing customers or dates (with their count), dates
        that are no ISO text, values that are no numbers, and a table without purchase up to ``as_of``.

    Notes
    -----
    A refund is no purchase, so it moves neither frequency nor recency; its amount is
    taken from the customer's repeat value, unless it falls within the period of the first purchase, whose
    value does not count either. ``monetary_value`` may therefore be negative. A customer with refunds only is
    not in the summary. A purchase of 0 counts. A purchase without value counts too, and the mean is over the
    repeat periods with a known one (missing where there is none).

    ``monetary_value`` is rounded to 12 significant digits: an engine adds in any order, and the last bits of
    a sum would differ between runs.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), "RFM and CLV: using iso-value curves for customer
    base analysis", Journal of Marketing Research 42(4).

    Examples
    --------
    >>> import pandas as pd
    >>> purchases = pd.DataFrame({
    ...     "customer_id": ["a", "a", "a", "b"],
    ...     "date": ["2024-01-01", "2024-01-15", "2024-01-16", "2024-01-08"],
    ...     "value": [10.0, 20.0, 5.0, 7.0],
    ... })
    >>> transaction_summary(purchases, value="value", as_of="2024-02-04")  # doctest: +NORMALIZE_WHITESPACE
                 frequency  recency  T  monetary_value
    customer_id
    a                    1        2  4            25.0
    b                    0        0  3             0.0
    """
    days_per(period)
    if merge not in ("period", "day"):
        raise Refused(f"merge={merge!r} is not known; choose 'period' or 'day'.")
    if negative not in ("refund", "purchase"):
        raise Refused(f"negative={negative!r} is not known; choose 'refund' or 'purchase'.")
    until = None if as_of is None else parse_date(as_of)
    rows = _prepare(as_table(table, [customer, date, *([value] if value else [])]), customer, date, value)
    facts = _scan(rows, until)
    if negative == "purchase":
        facts["refunds"] = 0
    refuse_missing(date, facts["undated"], "date (ISO, as 2025-12-31)")
    if facts["rows"] == 0:
        raise Refused(_nothing(facts["first"], until))
    until = until or to_date(facts["last"])

    unit = period if merge == "period" else "day"
    rows = rows.filter(rows.day <= ibis.literal(until)).mutate(unit=period_index(rows.day, unit))
    gaps = facts["refunds"] > 0 or facts["unknown"] > 0
    found = _with_gaps(rows, refunds=negative == "refund") if gaps else _complete(rows)
    summary = _measured(found, period_index(until, unit), period, merge)
    # Through Arrow: Ibis' own way to pandas doubles the time of the whole query on a million customers.
    frame = summary.to_pyarrow().to_pandas(deduplicate_objects=False)
    if frame.customer.hasnans:
        refuse_missing(customer, int(rows.customer.isnull().sum().to_pyarrow().as_py()), "customer")
    return _indexed(
        frame,
        customer,
        {
            "period": str(period),
            "merge": str(merge),
            "as_of": until.isoformat(),
            "refunds": facts["refunds"],
            "purchases_without_value": facts["unknown"],
        },
    )


def _nothing(first: object, until: dt.date | None) -> str:
    """Return why there is nothing to summarise."""
    if first is None:
        return "The table has no rows; give the purchases of at least one customer."
    return f"The table has no row up to {until}: its first is on {to_date(first)}; give a later as_of."


def _prepare(table: ir.Table, customer: str, date: str, value: str | None) -> ir.Table:
    """Return the rows under our own names: customer, day and, when asked for, value (a float)."""
    columns: dict[str, Any] = {"customer": table[customer], "day": day_of(table, date)}
    if value is not None:
        columns["value"] = number_of(table, value)
    return table.select(**columns)


def _scan(rows: ir.Table, until: dt.date | None) -> dict[str, Any]:
    """Return counts and dates of the rows up to ``until``: one pass without the customer column."""
    counted = rows.day.notnull() if until is None else rows.day <= ibis.literal(until)
    facts = {
        "rows": counted.sum(),
        "undated": rows.day.isnull().sum(),
        "first": rows.day.min(),
        "last": rows.day.max(),
    }
    if "value" in rows.columns:
        facts["refunds"] = ((rows.value < 0) & counted).sum()
        facts["unknown"] = (rows.value.isnull() & counted).sum()
    found = rows.agg(**facts).to_pyarrow().to_pylist()[0]
    return found | {name: int(found.get(name) or 0) for name in ("rows", "undated", "refunds", "unknown")}


# Rows are merged within the unit first (customer, unit), then summed per customer: one pass over the rows and
# one over what is left of them, on integers. That is as fast as COUNT(DISTINCT) and gives the values as well.


def _complete(rows: ir.Table) -> ir.Table:
    """Return purchases, first, last[, total, first_value] per customer, every row being a valued purchase."""
    valued = "value" in rows.columns
    merged = rows.group_by("customer", "unit").agg(**({"value": rows.value.sum()} if valued else {}))
    money = {"total": merged.value.sum(), "first_value": _at_first(merged.value, merged.unit)} if valued else {}
    found = merged.group_by("customer").agg(
        purchases=merged.count(), first=merged.unit.min(), last=merged.unit.max(), **money
    )
    return found.mutate(valued_repeats=found.purchases - 1) if valued else found


@ibis.udf.agg.builtin(name="arg_min")
def _arg_min(value: float, key: int) -> float:  # type: ignore[empty-body]
    """DuckDB's own arg_min: Ibis writes argmin as an ordered FIRST, which takes several times as long."""


def _at_first(value: ir.Value, unit: ir.Value) -> ir.Value:
    """Return the value within the first unit; a NULL unit does not count."""
    if value.get_backend().name == "duckdb":
        return _arg_min(value.cast("float64"), unit)
    return value.argmin(unit, where=unit.notnull())


def _with_gaps(rows: ir.Table, refunds: bool) -> ir.Table:
    """Return the same where some rows are refunds or have no value; purchases may then be 0."""
    valued = rows.value >= 0 if refunds else rows.value.notnull()
    merged = rows.group_by("customer", "unit").agg(
        value=rows.value.sum().fill_null(0.0),
        bought=(rows.value.isnull() | valued).any().cast("int32"),
        valued=valued.any().fill_null(False).cast("int32"),
    )
    unit_bought = ibis.ifelse(merged.bought > 0, merged.unit, None)
    found = merged.group_by("customer").agg(
        purchases=merged.bought.sum(),
        first=unit_bought.min(),
        last=unit_bought.max(),
        total=merged.value.sum(),
        first_value=_at_first(merged.value, unit_bought),
        valued=merged.valued.sum(),
        first_valued=_at_first(merged.valued, unit_bought),
    )
    return found.mutate(valued_repeats=found.valued - found.first_valued)


def _measured(found: ir.Table, now: int, period: str, merge: str) -> ir.Table:
    """Return customer, frequency, recency, T[, monetary_value]; frequency is -1 without any purchase."""
    recency, age = found.last - found.first, ibis.literal(now) - found.first
    if merge == "day":
        recency, age = to_periods(recency.cast("float64"), period), to_periods(age.cast("float64"), period)
    columns = {"frequency": found.purchases - 1, "recency": recency, "T": age}
    if "total" in found.columns:
        mean = (found.total - found.first_value) / found.valued_repeats.nullif(0)
        columns["monetary_value"] = ibis.ifelse(found.purchases > 1, mean, 0.0)
    return found.select("customer", **columns).order_by("customer")


def _indexed(frame: pd.DataFrame, customer: str, attrs: dict[str, Any]) -> pd.DataFrame:
    """Return the summary indexed by customer, without those who never purchased, saying what was done."""
    bought = frame.frequency >= 0
    refund_only = int(len(frame) - bought.sum())
    frame = frame[bought] if refund_only else frame
    if frame.empty:
        raise Refused(f"The table has refunds but no purchase up to {attrs['as_of']}; give a later as_of.")
    frame = frame.set_index("customer").rename_axis(customer)
    if "monetary_value" in frame:
        frame["monetary_value"] = _significant(frame["monetary_value"].to_numpy())
    attrs["refund_only_customers"] = refund_only
    frame.attrs.update(attrs)
    return frame


def _significant(values: np.ndarray) -> np.ndarray:
    """Return values rounded to 12 significant digits."""
    size = np.abs(values, where=np.isfinite(values) & (values != 0), out=np.ones_like(values))
    scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(size)))
    return np.round(values * scale) / scale
