"""Room for more orders: what capacity was left in the last year, and which services a group's orders use."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd

from clvlab.features.tables import AnyTable, as_table
from clvlab.refusal import Refused
from clvlab.results import Remarked

_DAYS = 365
_NEEDED = ["date", "service", "available", "booked"]


class SpareCapacity(Remarked):
    """Shipments that could have been carried in the last year and were not, by service.

    Attributes
    ----------
    remarks
        What a reader should know.
    """

    title = "Spare capacity of the last 365 days, shipments"
    decimals = 0
    percent = ("full",)
    fold = False

    def __init__(self, frame: pd.DataFrame, remarks: tuple[str, ...]) -> None:
        self._frame, self.remarks = frame, remarks

    def limits(self, mix: pd.DataFrame) -> dict[str, float]:
        """Return spare shipments a year of the services in ``mix`` (:func:`service_mix_by_group`), for ``allocate``.

        A service of which no capacity is told has no limit.
        """
        spare = self._frame.set_index("service")["spare"]
        return {service: float(spare[service]) for service in mix.columns if service in spare}

    def to_frame(self) -> pd.DataFrame:
        """Return service, available, booked, spare, full (share of periods and lanes with nothing left)."""
        return self._frame


def spare_capacity(capacity: AnyTable, as_of: dt.date) -> SpareCapacity:
    """Return what was left of each service's capacity in the 365 days up to ``as_of``.

    What one period or lane has left another cannot use: only what is left where something is left adds up, and
    bookings beyond capacity (carried by others) do not take it away. More orders than that would be refused or
    subcontracted; as they also come where nothing is left, it is the most that could fit.

    Parameters
    ----------
    capacity
        The table of capacity: date (first day of a period of any length), service, available, booked and, where
        capacity is told by lane, lane. A row without a lane is of the whole service, and then counts alone.
    as_of
        The last day that counts.

    Returns
    -------
    SpareCapacity
        Scaled to a year where the table covers less of it.

    Raises
    ------
    Refused
        When columns are missing, or fewer than two dates lie in the year.

    Examples
    --------
    >>> rows = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=365), "service": "road",
    ...                      "available": 10.0, "booked": [12.0, 9.0] + 363 * [10.0]})
    >>> spare_capacity(rows, dt.date(2025, 12, 31)).to_frame()["spare"].tolist()
    [1.0]
    """
    missing = [name for name in _NEEDED if name not in capacity.columns]
    if missing:
        raise Refused(f"Spare capacity needs {', '.join(missing)} in capacity.")
    lane = [name for name in ("lane",) if name in capacity.columns]
    table = as_table(capacity, _NEEDED + lane)
    day, end = table.date.cast("date"), ibis.literal(as_of)
    rows = table.filter((day > ibis.literal(as_of - dt.timedelta(days=_DAYS))) & (day <= end)).to_pandas()
    remarks = []
    unknown = rows[["available", "booked"]].isna().any(axis=1)
    if unknown.any():
        remarks.append(
            f"{unknown.sum():,} of {len(rows):,} rows of capacity lack available or booked and are left out."
        )
    rows = rows[~unknown]
    if lane:
        whole = rows["lane"].isna()
        told_whole = rows["service"].isin(rows.loc[whole, "service"])
        rows = rows[whole | ~told_whole]
    years = _years_covered(rows["date"])
    if years < 1:
        remarks.append(f"Capacity is told for {years * _DAYS:.0f} of the last {_DAYS} days and scaled to a year.")
    left = (rows["available"] - rows["booked"]).clip(lower=0)
    found = rows.assign(spare=left, full=left <= 0).groupby("service").agg(
        available=("available", "sum"), booked=("booked", "sum"), spare=("spare", "sum"), full=("full", "mean")
    )  # fmt: skip
    found[["available", "booked", "spare"]] /= years
    return SpareCapacity(found.reset_index(), tuple(remarks))


def _years_covered(dates: pd.Series) -> float:
    """Return which part of the year the periods cover that begin on ``dates``, each as long as they are on average."""
    starts = np.unique(dates.to_numpy("datetime64[D]"))
    if len(starts) < 2:
        raise Refused("Spare capacity needs capacity on two dates or more of the last 365 days, to tell their length.")
    length = (starts[-1] - starts[0]).astype(int) / (len(starts) - 1)
    covered = length * len(starts)
    return 1.0 if covered >= _DAYS - length else covered / _DAYS


def service_mix_by_group(shipments: AnyTable, groups: pd.Series, as_of: dt.date) -> pd.DataFrame:
    """Return which share of each group's orders of the last 365 days used which service.

    Parameters
    ----------
    shipments
        The table of shipments, with service. Refused orders count: they too ask for capacity.
    groups
        Group by customer_id.
    as_of
        The last day that counts.

    Returns
    -------
    DataFrame
        Index group, one column per service; rows add up to 1. A group without an order gets the mix of all.

    Raises
    ------
    Refused
        When shipments do not tell the service, or none of the customers ordered in the year.

    Examples
    --------
    >>> shipments = pd.DataFrame({"customer_id": ["a", "a"], "booked_at": pd.to_datetime(["2025-05-01"] * 2),
    ...                           "service": ["road", "air"]})
    >>> service_mix_by_group(shipments, pd.Series({"a": "core"}), dt.date(2025, 12, 31)).loc["core"].to_dict()
    {'air': 0.5, 'road': 0.5}
    """
    if "service" not in shipments.columns:
        raise Refused("Which services a group uses needs service in shipments.")
    table = as_table(shipments, ["customer_id", "booked_at", "service"])
    day = table.booked_at.cast("date")
    since = ibis.literal(as_of - dt.timedelta(days=_DAYS))
    table = table.filter((day > since) & (day <= ibis.literal(as_of)) & table.service.notnull())
    counts = table.group_by(["customer_id", "service"]).agg(orders=table.count()).to_pandas()
    counts = counts[counts["customer_id"].isin(groups.index)]
    if counts.empty:
        raise Refused("None of the customers ordered a named service in the last 365 days, so their mix is unknown.")
    orders = counts.assign(group=counts["customer_id"].map(groups)).pivot_table(
        index="group", columns="service", values="orders", aggfunc="sum", fill_value=0
    )
    every = orders.reindex(sorted(groups.dropna().unique()))
    every = every.fillna(orders.sum()).rename_axis(columns=None)
    return every.div(every.sum(axis=1), axis=0)
