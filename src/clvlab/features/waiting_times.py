"""How long something takes until it is done, with what is still open counted as open: Kaplan-Meier by group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.features.indicators import end_of
from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.shrinkage import jeffreys_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONFIDENCE = 0.9
MINUTES = {"hours": 60, "days": 24 * 60}
ACCOUNT = "customer_id"
# A curve that is at a half exactly comes out a little above or below it.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Waiting:
    """What is waited for, in the words of its tables and titles.

    Attributes
    ----------
    what, done
        What waits, in the plural, and what becomes of it: "complaints", "settled".
    unit, limit
        Unit of time, ``"hours"`` or ``"days"``, and the time within which it should be done.
    still
        What it is until then: "still open".
    """

    what: str
    done: str
    unit: str
    limit: int
    still: str = "still open"

    @property
    def within(self) -> str:
        """The name of the column with the share done in time."""
        return f"within_{self.limit}_{self.unit}"

    @property
    def number(self) -> str:
        """The name of the column that counts all."""
        return self.what.replace(" ", "_")

    @property
    def open(self) -> str:
        """The name of the column that counts the open ones."""
        return self.still.replace(" ", "_")


class WaitingTimes(Result):
    """How long things take, by group, those still open counted as open.

    Attributes
    ----------
    waiting
        What is waited for.
    keys
        The grouping columns.
    whole
        Median and share done in time over all groups, as one row of :meth:`to_frame`.
    remarks
        What a reader should know.
    """

    decimals = 1

    def __init__(
        self, frame: pd.DataFrame, whole: pd.Series, curves: pd.DataFrame, keys: Sequence[str], waiting: Waiting,
        remarks: Sequence[str],
    ) -> None:  # fmt: skip
        self._frame = frame
        self._curves = curves
        self.whole = whole
        self.keys = list(keys)
        self.waiting = waiting
        self.remarks = list(remarks)
        within = waiting.within
        self.percent = (within, f"{within}_lower", f"{within}_upper")
        self.title = _finding(whole, waiting)

    def to_frame(self) -> pd.DataFrame:
        """Return [keys...], <what>, <still>, median, p90 and the share done in time, one row per group.

        The median and the share have their 90% interval in ``<name>_lower`` and ``<name>_upper``. Missing is what the
        records do not reach: the median while fewer than half are done, an end that the interval does not come down to.
        """
        return self._frame

    def curves(self) -> pd.DataFrame:
        """Return [keys...], time, done (share), lower, upper: the curve behind each row, step by step."""
        return self._curves

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share done against time for up to six groups, else the share done in time by group."""
        from clvlab.features.waiting_plots import draw_waiting

        return draw_waiting(self, ax)


def counted_waits(
    rows: ir.Table, keys: Sequence[str], since: str, until: str, as_of: dt.date
) -> tuple[pd.DataFrame, list[str]]:
    """Count how long rows waited, by minute, in the engine.

    Parameters
    ----------
    rows
        With the keys and both columns of times.
    keys
        Columns to keep apart; with ``customer_id`` among them intervals allow for accounts.
    since, until
        Columns of times; rows without ``since`` are left out.
    as_of
        The last day known: a row without ``until`` is open and has waited until its end.

    Returns
    -------
    DataFrame
        [keys...], minutes, done, n.
    list of str
        How many rows are left out because they end before they begin.
    """
    keys = list(dict.fromkeys(keys))
    rows = rows.filter(rows[since].notnull())
    begun, ended = rows[since].cast("timestamp"), rows[until].cast("timestamp")
    minutes = ended.fill_null(ibis.literal(end_of(as_of))).delta(begun, unit="second") / 60  # not shown
    grouped = rows.group_by(*keys, minutes=minutes.floor().cast("int64"), done=ended.notnull())
    found = grouped.agg(n=ibis._.count()).to_pyarrow().to_pandas()
    found = found.sort_values(["minutes", "done", *keys], ignore_index=True)
    backwards = found.minutes < 0
    left_out = int(found.n[backwards].sum())
    return found[~backwards], [f"Left out: {left_out:,} with {until} before {since}."] if left_out else []


def waiting_times(
    waits: pd.DataFrame, keys: Sequence[str], waiting: Waiting, remarks: Sequence[str] = (), most: int | None = None
) -> WaitingTimes:
    """Estimate how long things take by group: median, and the share done in time.

    Parameters
    ----------
    waits
        From :func:`counted_waits`; with a column customer_id, intervals of shares are robust to accounts.
    keys
        Columns to group by.
    waiting
        What is waited for.
    remarks
        What should be said beside it.
    most
        How many groups are shown, the largest; None for all.

    Raises
    ------
    Refused
        When nothing waits.

    Notes
    -----
    The curve is lifelines' Kaplan-Meier estimate. The median's interval holds the times at which a half lies within the
    curve's own (log-log) interval. The share done in time has Jeffreys' interval for as many independent cases as would
    give its variance (Dorey and Korn): without open cases that is the ordinary interval of a rate. The variance is that
    of the curve's influence values, summed by account where accounts are known, and never below that of independent
    cases. An open case counts as long as it has been seen, on the assumption that nothing but the date hides its end.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), "Nonparametric estimation from incomplete observations", Journal of the
    American Statistical Association 53(282).

    Dorey, F. J. and Korn, E. L. (1987), "Effective sample sizes for confidence intervals for survival probabilities",
    Statistics in Medicine 6(6).

    Examples
    --------
    >>> waits = pd.DataFrame({"minutes": [60, 120, 3000], "done": [True, True, False], "n": [2, 1, 1]})
    >>> found = waiting_times(waits, [], Waiting("enquiries", "answered", "hours", 24))
    >>> found.to_frame()[["enquiries", "still_open", "median", "within_24_hours"]]
       enquiries  still_open  median  within_24_hours
    0          4           1     1.5             0.75
    """
    if waits.empty:
        raise Refused(f"There are no {waiting.what} to count; widen the time, or check the records.")
    remarks, rows, curves = list(remarks), [], []
    parts = list(_parts(waits, keys))
    if most is not None and len(parts) > most:
        remarks.append(f"Shown are the {most} largest of {len(parts):,} groups.")
        least = sorted(part.n.sum() for _, part in parts)[-most]
        parts = [(names, part) for names, part in parts if part.n.sum() >= least][:most]
    for names, part in parts:
        row, curve = _estimate(part, waiting)
        rows.append(names | row)
        curves.append(curve.assign(**names))
    whole = _estimate(waits, waiting)[0]
    if pd.isna(whole["median"]):
        remarks.append(f"Half of the {waiting.what} are not {waiting.done} yet, so that there is no median.")
    return WaitingTimes(pd.DataFrame(rows), pd.Series(whole), pd.concat(curves), keys, waiting, remarks)


def _parts(waits: pd.DataFrame, keys: Sequence[str]) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Yield the rows of each group with its names."""
    if not keys:
        yield {}, waits
        return
    for key, part in waits.groupby(list(keys), dropna=False, sort=True):
        yield dict(zip(keys, key, strict=True)), part


def _estimate(part: pd.DataFrame, waiting: Waiting) -> tuple[dict[str, float], pd.DataFrame]:
    """Return one group's row and curve."""
    from lifelines import KaplanMeierFitter

    part = part.sort_values("minutes")
    time = part.minutes.to_numpy() / MINUTES[waiting.unit]
    number, done = part.n.to_numpy(dtype=float), part.done.to_numpy(dtype=bool)
    fit = KaplanMeierFitter(alpha=1 - CONFIDENCE).fit(time, done, weights=number)
    at = fit.survival_function_.index.to_numpy()
    left = fit.survival_function_.to_numpy()[:, 0]
    low, high = fit.confidence_interval_.to_numpy().T
    accounts = pd.factorize(part[ACCOUNT])[0] if ACCOUNT in part else None
    share, lower, upper = _share_done(time, done, number, accounts, waiting.limit)
    row = {
        waiting.number: int(number.sum()), waiting.open: int(number[~done].sum()),
        "median": _first_at(at, left, 0.5),
        "median_lower": _first_at(at, low, 0.5), "median_upper": _first_at(at, high, 0.5),
        "p90": _first_at(at, left, 0.1),
        waiting.within: share, f"{waiting.within}_lower": lower, f"{waiting.within}_upper": upper,
    }  # fmt: skip
    return row, pd.DataFrame({"time": at, "done": 1 - left, "lower": 1 - high, "upper": 1 - low})


def _first_at(time: NDArray[np.float64], left: NDArray[np.float64], height: float) -> float:
    """Return the time at which the share left is down at a height, missing where it never is.

    Where it stays at that height for a while, the middle of that while, as the median of an even number.
    """
    down = np.flatnonzero(left <= height + _ROUNDING)
    if not len(down):
        return float("nan")
    below = np.flatnonzero(left < height - _ROUNDING)
    return float(time[down[0]] + time[below[0] if len(below) else down[0]]) / 2


def _share_done(
    time: NDArray[np.float64],
    done: NDArray[np.bool_],
    number: NDArray[np.float64],
    accounts: NDArray[np.intp] | None,
    limit: float,
) -> tuple[float, float, float]:
    """Return the share done within the limit and its interval; missing where the records do not reach so far."""
    at_risk = number[::-1].cumsum()[::-1][np.searchsorted(time, time)]
    early = done & (time <= limit)
    if not early.any() and time.max() < limit:
        return (float("nan"),) * 3
    ending, place = np.unique(time[early], return_inverse=True)
    ended = np.bincount(place, number[early], len(ending))
    risk = at_risk[early][np.unique(place, return_index=True)[1]]
    left = float(np.prod(1 - ended / risk))
    if time.max() < limit and left > 0:
        return (float("nan"),) * 3
    share, variance = 1 - left, 0.0
    if left > 0:
        # What one case moves the curve by: it raised the share when it ended, and was at risk while others did.
        exposed = np.concatenate([[0.0], (ended / (risk * (risk - ended))).cumsum()])
        raised = np.zeros(len(time))
        raised[early] = (1 / (risk - ended))[place]
        influence = left * (raised - exposed[np.searchsorted(ending, time, side="right")])
        variance = float(number @ influence**2)
        if accounts is not None:
            variance = max(variance, float((np.bincount(accounts, number * influence) ** 2).sum()))
    known = float(number[early | (time > limit)].sum())
    cases = share * left / variance if variance > 0 else known
    lower, upper = jeffreys_interval(share * cases, cases, CONFIDENCE)
    return share, float(lower[0]), float(upper[0])


def _finding(whole: pd.Series, waiting: Waiting) -> str:
    """Return the title: the median, the share in time with its interval, and how many are open."""
    n, still = int(whole[waiting.number]), int(whole[waiting.open])
    share, lower, upper = (whole[waiting.within + end] for end in ("", "_lower", "_upper"))
    limit, unit = waiting.limit, waiting.unit
    in_time = (
        f"how many within {limit} {unit} cannot be told yet"
        if np.isnan(share)
        else f"{share:.1%} within {limit} {unit} (90% interval {lower:.1%} to {upper:.1%})"
    )
    half = "" if np.isnan(whole["median"]) else f", half within {whole['median']:.1f} {unit}"
    return f"{waiting.what.capitalize()} {waiting.done}: {in_time}{half}; {still:,} of {n:,} {waiting.still}"
