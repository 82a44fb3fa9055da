"""Control limits that tell a bad month from noise: Laney's p'-chart of an indicator over time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import beta, gamma, norm, t

from clvlab.features.indicators import label_of
from clvlab.features.kpi_table import KpiTable, is_share, well_is_high
from clvlab.periods import PERIODS, period_index, period_label
from clvlab.refusal import Refused
from clvlab.results import Result, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

FEWEST_PERIODS = 8
# As often as a normal value lies beyond three standard deviations: Shewhart's limits.
CHANCE = float(2 * norm.sf(3))
_MEDIAN_RANGE_OF_TWO = np.sqrt(2) * norm.isf(0.25)  # of two standard normal values
# A variance from the median of so many ranges is as sure as one from 0.31 times as many values (24 to 60, simulated).
_WORTH_OF_A_RANGE = 0.31
_LEAST = 1e-6  # instead of 0, where a number must be above it

WORSE, BETTER, WITHIN, OPEN = "worse", "better", "within", "not over"


class ControlChart(Result):
    """An indicator by period with its control limits.

    Attributes
    ----------
    kpi, period
        The indicator, and the calendar period.
    center
        Its rate over all periods that are over.
    scatter
        Laney's sigma_z: how many times as widely periods scatter as independent orders would let them; below 1, the
        limits take 1.
    worse, better
        Labels of the periods out of the limits.
    expected_false_alarms
        How many periods would lie out of the limits by chance alone.
    """

    percent = ("rate", "center", "lower_limit", "upper_limit", "probability")

    def __init__(self, frame: pd.DataFrame, kpi: str, period: str, scatter: float) -> None:
        self._frame = frame
        self.kpi, self.period, self.scatter = kpi, period, scatter
        self.center = float(frame.center.iloc[0])
        self.worse = frame.loc[frame.verdict == WORSE, period].tolist()
        self.better = frame.loc[frame.verdict == BETTER, period].tolist()
        self.expected_false_alarms = CHANCE * int((frame.verdict != OPEN).sum())
        self.title = f"{label_of(kpi)} by {period} with control limits"

    @property
    def remarks(self) -> list[str]:
        """What a reader should know of the limits."""
        said = [
            f"Periods scatter {self.scatter:.1f} times as widely as independent orders would; the limits allow for it.",
            f"By chance alone {self.expected_false_alarms:.2f} periods would lie out of the limits.",
            "The chart knows no season: a peak that comes every year shows as a bad period every year.",
        ]
        if (self._frame.verdict == OPEN).any():
            said.append("The last period is not over: it is not judged and does not move the limits.")
        return said

    def to_frame(self) -> pd.DataFrame:
        """Return <period>, numerator, denominator, rate, center, lower_limit, upper_limit, probability, verdict.

        The probability is that of a period at least so far out, to either side, if nothing had changed.
        """
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rate by period, its limits, and the periods out of them."""
        from clvlab.features.service.plots import draw_control_chart

        return draw_control_chart(self, ax)


def control_chart(table: KpiTable, kpi: str = "on_time_delivery") -> ControlChart:
    """Say which periods of an indicator were worse or better than chance explains.

    Parameters
    ----------
    table
        Indicators by one calendar period: ``service_kpis(tables, as_of, period="month")``.
    kpi
        The indicator's name.

    Returns
    -------
    ControlChart
        One row per period.

    Raises
    ------
    Refused
        When the table is not by one period, the indicator is switched off, never failed or always did, or has fewer
        than 8 periods that are over.

    Notes
    -----
    A period's rate is standardised by the binomial deviation (Poisson for complaints per order), and these z scatter
    sigma_z times as widely as they should, by the ranges between neighbours, which a slow drift hardly moves. Laney's
    limits are the mean +/- 3 sigma_z binomial deviations. Four things are different here:

    - sigma_z is from the median range, not the mean: a bad month makes two wide ranges and would hide itself, the more
      so when it comes every year.
    - A sigma_z below 1 counts as 1.
    - The limits are those of a beta (a gamma) of that mean and deviation, half an order further out: the same for many
      orders, but with few, and rates near 0 or 100%, a normal's limits cry wolf.
    - sigma_z is an estimate: its part above 1 has a t's tails, with the degrees of freedom of Satterthwaite (1946).

    Share of false alarms, nominally 0.27% of periods, in 12 and 36 simulated months of 50 to 5,000 orders at rates of
    90 and 98% (``benchmarks/control_limits.py``): binomial months 0.00 to 0.25% (Laney's own limits 0.08 to 0.81%);
    beta-binomial months with an intraclass correlation of 0.002 0.00 to 0.75% (0.17 to 0.93%), of 0.02 0.04 to 1.6%
    (0.38 to 2.6%). The largest are at 98% with a correlation of 0.02, where months' own rates are skewed.

    References
    ----------
    Laney, D. B. (2002), "Improved control charts for attributes", Quality Engineering 14(4).

    Satterthwaite, F. E. (1946), "An approximate distribution of estimates of variance components", Biometrics
    Bulletin 2(6).

    Examples
    --------
    >>> months = pd.DataFrame({
    ...     "month": [f"2025-{m:02d}" for m in range(1, 11)], "kpi": "on_time_delivery",
    ...     "numerator": [905, 898, 902, 893, 907, 780, 899, 904, 896, 901], "denominator": 1000,
    ... })
    >>> control_chart(KpiTable(months, ["month"], {}, None)).worse
    ['2025-06']
    """
    if len(table.by) != 1 or table.by[0] not in PERIODS:
        raise Refused(
            'A control chart needs indicators by one calendar period, such as period="month", and nothing else.'
        )
    period = table.by[0]
    rows = table.of(kpi).to_frame().sort_values(period)
    rows = rows.loc[rows[period].notna(), [period, "numerator", "denominator"]].reset_index(drop=True)
    over = ~_still_open(rows[period], period, table.as_of)
    if over.sum() < FEWEST_PERIODS:
        raise Refused(
            f"{label_of(kpi)} has {over.sum()} periods that are over; control limits need at least {FEWEST_PERIODS}."
        )
    x, n = rows.numerator.to_numpy(dtype=float), rows.denominator.to_numpy(dtype=float)
    share = is_share(kpi)
    center = x[over].sum() / n[over].sum()
    if center == 0 or (share and center == 1):
        raise Refused(
            f"{label_of(kpi)} is {center:.0%} in all {over.sum()} periods: without a single difference there is nothing"
            " to tell chance from; check that failures are recorded."
        )
    deviation = np.sqrt((center * (1 - center) if share else center) / n)
    ranges = np.abs(np.diff(((x / n - center) / deviation)[over]))
    scatter = float(np.median(ranges) / _MEDIAN_RANGE_OF_TWO)
    excess = max(1 - max(scatter, 1.0) ** -2, _LEAST)
    degrees = _WORTH_OF_A_RANGE * len(ranges) / excess**2

    chances = _beta(center, n, scatter) if share else _gamma(center, n, scatter)
    half, limit = 0.5 / n, norm.sf(t.isf(CHANCE / 2, degrees))
    lower, upper = chances.ppf(limit) - half, chances.isf(limit) + half
    low, high = (t.sf(norm.isf(tail), degrees) for tail in (chances.cdf(x / n + half), chances.sf(x / n - half)))
    bad, good = (low, high) if well_is_high(kpi) else (high, low)
    rows = rows.assign(
        rate=x / n,
        center=center,
        lower_limit=np.maximum(lower, 0.0),
        upper_limit=np.minimum(upper, 1.0) if share else upper,
        probability=np.minimum(2 * np.minimum(low, high), 1.0),
        verdict=np.select([~over, bad < CHANCE / 2, good < CHANCE / 2], [OPEN, WORSE, BETTER], WITHIN),
    )
    return ControlChart(rows, kpi, period, scatter)


def out_of_limits(table: KpiTable) -> Table:
    """Return every period of every indicator that was worse or better than chance explains, least likely first.

    Parameters
    ----------
    table
        Indicators by one calendar period.

    Returns
    -------
    Table
        kpi, <period>, rate, center, lower_limit, upper_limit, probability, verdict. The title says how many would be
        there by chance alone. Indicators without limits (too few periods, no failure) are left out.

    Raises
    ------
    Refused
        When no indicator has limits.
    """
    charts = []
    for kpi in dict.fromkeys(table.to_frame().kpi):
        try:
            charts.append(control_chart(table, kpi))
        except Refused:
            continue
    if not charts:
        raise Refused(f"No indicator has {FEWEST_PERIODS} periods with a difference between them; use shorter periods.")
    frames = [chart.to_frame().assign(kpi=chart.kpi) for chart in charts]
    frame = pd.concat(frames, ignore_index=True)
    out = frame[frame.verdict.isin([WORSE, BETTER])].sort_values("probability", ignore_index=True)
    period = charts[0].period
    columns = ["kpi", period, "rate", "center", "lower_limit", "upper_limit", "probability", "verdict"]
    expected = sum(chart.expected_false_alarms for chart in charts)
    judged = (frame.verdict != OPEN).sum()
    title = (
        f"{len(out)} of {judged:,} {period}s of {len(charts)} indicators are out of their limits,"
        f" {expected:.1f} would be by chance"
    )
    return Table(out[columns], title, percent=ControlChart.percent)


def _still_open(labels: pd.Series, period: str, as_of: dt.date | None) -> NDArray[np.bool_]:
    """Return for each period whether it is not over at the end of the day; without a day all are over."""
    if as_of is None:
        return np.zeros(len(labels), dtype=bool)
    now, next_day = (period_index(day, period) for day in (as_of, as_of + dt.timedelta(days=1)))
    return labels.to_numpy() == (period_label(now, period) if now == next_day else "")


def _beta(center: float, opportunities: NDArray[np.float64], scatter: float) -> Any:
    """Return the distribution of shares with the mean and the binomial deviation times the scatter."""
    size = np.maximum(opportunities / max(scatter, 1.0) ** 2 - 1, _LEAST)
    return beta(center * size, (1 - center) * size)


def _gamma(center: float, exposure: NDArray[np.float64], scatter: float) -> Any:
    """Return the distribution of rates with the mean and the Poisson deviation times the scatter."""
    per_event = max(scatter, 1.0) ** 2 / exposure
    return gamma(center / per_event, scale=per_event)
