"""The table of service indicators: counts by group and indicator, with their rates, intervals and pooled rates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.indicators import BY_NAME, label_of
from clvlab.refusal import Refused
from clvlab.results import Note, Result
from clvlab.shrinkage import jeffreys_interval, pool_counts, pool_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOT_ONE_OF_THE_FIELD = "not known"  # the stage of an indicator that only the provider knows


class KpiTable(Result):
    """Service indicators, one row per group and indicator.

    Attributes
    ----------
    by
        The grouping columns.
    missing
        Indicators that are switched off, with the reason.
    as_of
        The last known day, or None when shipments still on their way were left out.
    remarks
        What a reader should know of how it was counted.
    """

    percent = ("rate", "lower", "upper", "shrunk", "shrunk_lower", "shrunk_upper")

    def __init__(
        self,
        frame: pd.DataFrame,
        by: Sequence[str],
        missing: Mapping[str, str],
        as_of: dt.date | None,
        remarks: Sequence[str] = (),
    ) -> None:
        self._frame = frame
        self.by = list(by)
        self.missing = dict(missing)
        self.as_of = as_of
        self.remarks = list(remarks)
        self.title = "Service indicators" + (f" by {', '.join(by)}" if by else "")

    def to_frame(self) -> pd.DataFrame:
        """Return the table: [by...], stage, kpi, numerator, denominator, rate, lower, upper.

        With groups also shrunk, shrunk_lower, shrunk_upper: the group's rate pooled with the other groups'.
        """
        return self._frame

    def of(self, kpi: str) -> KpiTable:
        """Return one indicator's rows; an indicator that is switched off is refused with its reason."""
        found = self._frame[self._frame.kpi == kpi]
        if found.empty:
            shown = ", ".join(dict.fromkeys(self._frame.kpi))
            raise Refused(
                f"{label_of(kpi)} {self.missing[kpi]}."
                if kpi in self.missing
                else f"There is no indicator {kpi!r}; choose one of {shown}."
            )
        one = KpiTable(found.reset_index(drop=True), self.by, self.missing, self.as_of, self.remarks)
        one.title = label_of(kpi) + (f" by {', '.join(self.by)}" if self.by else "")
        return one

    def notes(self) -> Note:
        """Return the remarks, and what is switched off with the reason, one sentence each."""
        off: dict[str, list[str]] = {}
        for kpi, reason in self.missing.items():
            off.setdefault(reason, []).append(label_of(kpi).lower())
        return Note(*self.remarks, *(f"Switched off: {', '.join(kpis)} ({why})." for why, kpis in off.items()))

    def plot(self, ax: Axes | None = None, kpi: str = "on_time_delivery") -> Axes:
        """Draw how often each indicator fails, by stage; or with groups one indicator by group.

        Parameters
        ----------
        ax
            Axes to draw on; a new figure when None.
        kpi
            With groups: the indicator to draw.
        """
        from clvlab.features.service.plots import draw_by_group, draw_by_stage

        if not self.by:
            return draw_by_stage(self._frame, ax)
        return draw_by_group(self.of(kpi).to_frame(), self.by, label_of(kpi), ax)


def well_is_high(kpi: str) -> bool:
    """Return whether an indicator's numerator counts what went well; one of the provider's own is so counted."""
    return kpi not in BY_NAME or BY_NAME[kpi].high_is_good


def is_share(kpi: str) -> bool:
    """Return whether an indicator's numerator is a part of its denominator; one of the provider's own is."""
    return kpi not in BY_NAME or BY_NAME[kpi].is_share


def rated(counts: pd.DataFrame, keys: Sequence[str], confidence: float) -> pd.DataFrame:
    """Return counts with their rates, in the order of the field's indicators and of the keys.

    Parameters
    ----------
    counts
        [keys...], kpi, numerator, denominator. Rows without anything to count are left out.
    keys
        The grouping columns; with any, rates are pooled over the groups, indicator by indicator.
    confidence
        Probability that each interval is to have.

    Returns
    -------
    DataFrame
        As :meth:`KpiTable.to_frame`. Shares have Jeffreys intervals and are pooled by the beta-binomial model; rates
        that are no share (complaints per order) have those of a Poisson rate and are pooled by the gamma-Poisson one.
    """
    kept = counts[counts.denominator > 0]
    order = [*BY_NAME, *(kpi for kpi in dict.fromkeys(kept.kpi) if kpi not in BY_NAME)]
    parts = {str(kpi): part for kpi, part in kept.groupby("kpi", sort=False)}
    frames = [_rated(kpi, parts[kpi], keys, confidence) for kpi in order if kpi in parts]
    return pd.concat(frames, ignore_index=True) if frames else kept


def _rated(kpi: str, part: pd.DataFrame, keys: Sequence[str], confidence: float) -> pd.DataFrame:
    """Return one indicator's rows."""
    share = is_share(kpi)
    stage = BY_NAME[kpi].stage if kpi in BY_NAME else NOT_ONE_OF_THE_FIELD
    x, n = part.numerator.to_numpy(), part.denominator.to_numpy()
    lower, upper = (jeffreys_interval if share else _events_interval)(x, n, confidence)
    rows = part[list(keys)].assign(
        stage=stage, kpi=kpi, numerator=_whole(x), denominator=_whole(n), rate=x / n, lower=lower, upper=upper
    )
    if keys:
        pooled = (pool_rates if share else pool_counts)(x, n, confidence)
        rows = rows.assign(shrunk=pooled.estimate, shrunk_lower=pooled.lower, shrunk_upper=pooled.upper)
    return rows.sort_values(list(keys)) if keys else rows


def _whole(counts: np.ndarray) -> np.ndarray:
    """Return counts as whole numbers where they all are; an engine adds up as it likes."""
    return counts.astype("int64") if np.all(counts % 1 == 0) else counts


def _events_interval(events: np.ndarray, exposure: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the Jeffreys interval of a Poisson rate: gamma quantiles, closed at 0 without an event."""
    from scipy.stats import gamma

    tail = (1 - confidence) / 2
    lower = np.where(events == 0, 0.0, gamma.ppf(tail, events + 0.5) / exposure)
    return lower, gamma.ppf(1 - tail, events + 0.5) / exposure
