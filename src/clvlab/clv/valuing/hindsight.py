"""What customers were valued at on a day in the past, and what they have brought since."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.clv.valuing.valuation import draw_values, expected_values
from clvlab.evaluation.forecasts import rank_correlation, relative_bias, top_decile_capture
from clvlab.features.known_costs import SERVING
from clvlab.periods import discount_factor, to_days, to_periods
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.clv.valuing.customer_values import CustomerValues
    from clvlab.features.events import Purchases
    from clvlab.records.records import Records

AGAIN = "the last months again"
_TENTHS = 10


class Hindsight(Result):
    """A past valuation beside what came: the whole base, and how well it told customers apart.

    Attributes
    ----------
    customers
        One row per customer known on that day: tie, ``expected``, ``lower``, ``upper`` (its 90% interval), ``actual``
        and ``again`` (what the same number of months before that day had brought).
    on, until
        The day of the valuation, and the last day that counts.
    interval
        90% interval of the total.
    before
        The valuation itself.

    Notes
    -----
    Expected and actual are discounted alike, and less the same recorded costs.
    """

    decimals = 2
    percent = ("bias", "top_decile_capture", "inside_interval")

    def __init__(
        self, before: CustomerValues, customers: pd.DataFrame, interval: tuple[float, float], until: dt.date
    ) -> None:
        self.before, self.customers, self.interval, self.until = before, customers, interval, until
        self.on, self.unit = before.as_of, before.currency
        on = self.on
        self.title = f"Valued on {on}, and what came until {until}"

    @property
    def total(self) -> tuple[float, float]:
        """What was expected of all together, and what came."""
        return float(self.customers["expected"].sum()), float(self.customers["actual"].sum())

    def to_frame(self) -> pd.DataFrame:
        """Return one row per forecaster, the valuation and the rule that the last months come again.

        Returns
        -------
        DataFrame
            forecaster, ``total`` and ``bias`` (of the total), ``mean_absolute_error`` (per customer),
            ``rank_correlation`` (Spearman), ``top_decile_capture`` (of what the best tenth brought, what the expected
            best tenth did), ``inside_interval`` (customers whose actual value lies in their interval, ends included).
        """
        actual = self.customers["actual"].to_numpy()
        inside = self.customers["actual"].between(self.customers["lower"], self.customers["upper"]).mean()
        rows = []
        for name, column, share in (("valuation", "expected", inside), (AGAIN, "again", np.nan)):
            expected = self.customers[column].to_numpy()
            rows.append(
                {
                    "forecaster": name,
                    "total": expected.sum(),
                    "bias": relative_bias(expected, actual),
                    "mean_absolute_error": np.abs(expected - actual).mean(),
                    "rank_correlation": rank_correlation(expected, actual),
                    "top_decile_capture": top_decile_capture(expected, actual),
                    "inside_interval": share,
                }
            )
        return pd.DataFrame(rows)

    def headlines(self) -> Headlines:
        """Return what was expected of all together, and whether what came lies in its interval."""
        expected, came = self.total
        low, high = self.interval
        where = "within the interval" if low <= came <= high else "above it" if came > high else "below it"
        note = f"made on {self.on} until {self.until}; came: {came:,.0f}, {where}"
        return Headlines(Headline("past forecast: value to come", expected, self.unit, low, high, note=note))

    def by_tenth(self) -> pd.DataFrame:
        """Return what each tenth of customers, ranked by what was expected of them, was to bring and brought."""
        ranked = self.customers.sort_values("expected", ascending=False, kind="stable")
        tenth = np.arange(len(ranked)) * _TENTHS // max(len(ranked), 1) + 1
        found = ranked.groupby(tenth)[["expected", "actual", "again"]].sum()
        return found.rename_axis("tenth").reset_index()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw expected and actual by tenth of customers."""
        from clvlab.clv.plots.hindsight import draw_hindsight

        return draw_hindsight(self, ax)


def hindsight(
    values: CustomerValues, records: Records, purchases: Purchases, as_of: dt.date, months: int = 12, seed: int = 1
) -> Hindsight:
    """Compare a past valuation with what customers have brought since.

    Parameters
    ----------
    values
        Valued on a day in the past.
    records, purchases
        As they are known now.
    as_of
        The last day known now.
    months
        How long after that day is looked at.
    seed
        Of the draws behind the intervals.

    Raises
    ------
    Refused
        When the records do not reach that far beyond the day.
    """
    days = int(to_days(months, "month"))
    until = values.as_of + dt.timedelta(days=days)
    if as_of < until:
        raise Refused(f"{months} months after {values.as_of} end on {until}, and nothing is known after {as_of}.")
    outlook = values.outlook.over(horizon=to_periods(days, values.outlook.period))
    streams, money = values.streams, values.money
    expected = pd.concat([expected_values(stream, money, outlook)[0] for stream in streams])
    everyone = pd.DataFrame({"all": 1.0}, index=expected.index)
    missed = values.backtest.missed(str(values.backtest.winner))
    drawn = draw_values(streams, money, (outlook,), values.growth, everyone, seed, missed)
    frame = pd.DataFrame({"tie": values.frame["tie"].reindex(expected.index), "expected": expected})
    frame["lower"] = np.concatenate([part.lower[:, 0] for part in drawn])
    frame["upper"] = np.concatenate([part.upper[:, 0] for part in drawn])
    rate = values.annual_rate
    frame["actual"] = _brought(records, purchases, values.as_of, until, rate).reindex(frame.index).fillna(0.0)
    before = values.as_of - dt.timedelta(days=days)
    frame["again"] = _brought(records, purchases, before, values.as_of, rate).reindex(frame.index).fillna(0.0)
    total = np.sum([part.totals[:, 0, 0] for part in drawn], axis=0)
    low, high = np.quantile(total, [0.05, 0.95])
    return Hindsight(values, frame, (float(low), float(high)), until)


def _brought(records: Records, purchases: Purchases, after: dt.date, until: dt.date, rate: float) -> pd.Series:
    """Return what each customer brought between two days, less recorded costs, discounted to the first."""
    table = purchases.table
    rows = [table.filter(table.value.notnull()).group_by("customer_id", "date").agg(value=table.value.sum()).execute()]
    for name in SERVING:
        if records.has(name, "cost"):
            costs = records[name]
            day = costs[records.events[name]].cast("date")
            spent = costs.group_by(costs.customer_id, date=day).agg(value=-costs.cost.sum().cast("float64"))
            rows.append(spent.execute())
    flow = pd.concat(rows)
    flow["date"] = pd.to_datetime(flow["date"])
    flow = flow[(flow["date"] > pd.Timestamp(after)) & (flow["date"] <= pd.Timestamp(until))]
    worth = flow["value"] * discount_factor(rate, (flow["date"] - pd.Timestamp(after)).dt.days.to_numpy())
    return worth.groupby(flow["customer_id"]).sum()
