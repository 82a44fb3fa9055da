"""How many leave: events over the time customers were at risk, by calendar period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import gamma

from clvlab.periods import DAYS_PER_YEAR, period_label, to_days
from clvlab.refusal import Refused
from clvlab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MONTHS_PER_QUARTER = 3
_DRAWS, _SEED = 4000, 1


class LeavingRates(Result):
    """Share of customers that leaves a year, by quarter and group."""

    percent = ("yearly_share", "lower", "upper")
    decimals = 1

    def __init__(self, frame: pd.DataFrame, by: str) -> None:
        self._frame = frame
        self.by = by
        self.title = f"Customers who left, by quarter and {by}: share of a year's customers (90% interval)"

    def to_frame(self) -> pd.DataFrame:
        """Return quarter, the group, left (customers), customer_years at risk, yearly_share, lower, upper."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shares with their intervals."""
        from clvlab.churn.plots.rates import draw_rates

        return draw_rates(self._frame, self.by, ax)


def leaving_rates(months: pd.DataFrame, groups: pd.Series) -> LeavingRates:
    """Return how many customers left in each quarter, for the time they were at risk.

    Parameters
    ----------
    months
        The panel: month (a calendar month's number), entry and duration (ages in months at the ends of the time at
        risk in it), event.
    groups
        What each row belongs to, named as it is to be shown.

    Returns
    -------
    LeavingRates

    Raises
    ------
    Refused
        When there is no time at risk.

    Notes
    -----
    The yearly share is 1 - exp(-rate): what part of customers would leave within a year at that quarter's rate.
    Intervals are Jeffreys' for a Poisson rate (Brown, Cai and DasGupta 2003, "Interval estimation in exponential
    families", Statistica Sinica 13).

    Examples
    --------
    >>> months = pd.DataFrame({"month": [660, 661], "entry": [0.0, 1.0], "duration": [1.0, 2.0], "event": [0, 1]})
    >>> leaving_rates(months, pd.Series(["spot", "spot"], name="tie")).to_frame()[["quarter", "left"]]
       quarter  left
    0  2025-Q1     1
    """
    if months.empty:
        raise Refused("There is no month at risk; nobody's leaving could be seen.")
    years = to_days(months["duration"] - months["entry"], "month") / DAYS_PER_YEAR
    frame = pd.DataFrame(
        {
            "quarter": months["month"] // _MONTHS_PER_QUARTER,
            str(groups.name): groups.to_numpy(),
            "left": months["event"],
            "customer_years": years,
        }
    )
    frame = frame.groupby(["quarter", str(groups.name)], as_index=False).sum()
    frame["quarter"] = [period_label(quarter, "quarter") for quarter in frame["quarter"]]
    rates = yearly_shares(frame["left"], frame["customer_years"])
    return LeavingRates(pd.concat([frame, rates], axis=1), str(groups.name))


def share_of_today(months: pd.DataFrame, groups: pd.Series, today: pd.Series) -> pd.Series:
    """Return which share of today's customers leaves within a year at the rates of their groups, with its interval.

    Parameters
    ----------
    months, groups
        As for :func:`leaving_rates`. A group whose leavings are known later has fewer months here, not less weight.
    today
        Customers by group.

    Returns
    -------
    Series
        ``yearly_share``, ``lower``, ``upper`` (90% interval, by simulation from Jeffreys' posteriors of the rates; it
        holds the share); missing where a group of today's has no time at risk.
    """
    years = to_days(months["duration"] - months["entry"], "month") / DAYS_PER_YEAR
    sums = pd.DataFrame({"left": months["event"], "years": years}).groupby(groups.to_numpy()).sum().reindex(today.index)
    weight = (today / today.sum()).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        share = -np.expm1(-sums["left"] / sums["years"]).to_numpy() @ weight
        rates = (
            np.random.default_rng(_SEED).gamma(sums["left"] + 0.5, size=(_DRAWS, len(sums))) / sums["years"].to_numpy()
        )
    lower, upper = np.quantile(-np.expm1(-rates) @ weight, [0.05, 0.95])
    # Where nobody left, the share is 0 and all of the posterior lies above it: the interval begins at the share.
    lower = np.minimum(lower, share)
    return pd.Series({"yearly_share": float(share), "lower": float(lower), "upper": float(upper)})


def yearly_shares(left: pd.Series, customer_years: pd.Series) -> pd.DataFrame:
    """Return yearly_share, lower and upper (90% interval) of customers who leave; missing without time at risk."""
    events, time = left.to_numpy(dtype=float), customer_years.to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = {
            "yearly_share": events / time,
            "lower": np.where(events > 0, gamma.ppf(0.05, events + 0.5), 0.0) / time,
            "upper": gamma.ppf(0.95, events + 0.5) / time,
        }
    return pd.DataFrame({name: np.where(time > 0, -np.expm1(-rate), np.nan) for name, rate in rates.items()})
