"""The base of curves over age: a table of steps by group, looked up at any age, shown with its remarks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clvlab.churn.curves.remarks import remarks_on
from clvlab.churn.curves.risk_sets import RiskSets, risk_sets
from clvlab.churn.curves.samples import Sample, samples
from clvlab.churn.spells import Floats
from clvlab.results import Remarked


class StepCurve(Remarked):
    """Estimates that change in steps as customers age.

    Parameters
    ----------
    frame
        One row per step (and cause): ``time`` and the estimates, after ``group`` where there are groups.
    remarks
        What a reader must know to read the curve.
    confidence
        What the intervals promise.
    unit
        The unit of ages, for labels.
    """

    def __init__(self, frame: pd.DataFrame, title: str, remarks: Sequence[str], confidence: float, unit: str) -> None:
        self._frame, self.title, self.remarks = frame, title, tuple(remarks)
        self.confidence, self.unit = confidence, unit

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step of the curve, unrounded."""
        return self._frame

    def by_group(self) -> dict[Hashable, pd.DataFrame]:
        """Return the table of each group, in order; of the one group None where there are none."""
        if "group" not in self._frame.columns:
            return {None: self._frame}
        return dict(list(self._frame.groupby("group", sort=False, observed=True)))


def looked_up(steps: pd.DataFrame, times: ArrayLike, final: bool) -> pd.DataFrame:
    """Return the row of a curve that holds at each age, with that age as its time.

    Parameters
    ----------
    steps
        The rows of one curve, times rising.
    times
        Ages.
    final
        Whether nothing can change after the last step; else what holds later is not known and missing.
    """
    ages = np.atleast_1d(np.asarray(times, dtype=float))
    known = steps["time"].to_numpy()
    place = np.searchsorted(known, ages, side="right") - 1
    found = steps.iloc[np.maximum(place, 0)].reset_index(drop=True).assign(time=ages)
    unseen = (place < 0) | ((ages > known[-1]) & (not final)) | np.isnan(ages)
    estimates = [name for name in found.columns if name not in ("group", "cause", "time")]
    return found.assign(**{name: found[name].where(~unseen) for name in estimates})


def estimated(
    spells: pd.DataFrame, by: str | None, unit: str, table: Callable[[Sample, RiskSets], pd.DataFrame]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the curves of all groups as one table, each made by ``table``, and what a reader must know of them."""
    remarks: list[str] = []
    frames = {}
    for sample in samples(spells, by):
        sets = risk_sets(sample)
        frames[sample.group] = table(sample, sets)
        remarks += remarks_on(sample, sets, unit)
    return stacked(frames), remarks


def stacked(frames: dict[Hashable, pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of groups in one, with the group in front where there are groups."""
    if None in frames:
        return frames[None]
    labelled = [frame.assign(group=group)[["group", *frame.columns]] for group, frame in frames.items()]
    return pd.concat(labelled, ignore_index=True)


def steps(sets: RiskSets, start: float, **estimates: Floats) -> pd.DataFrame:
    """Return the table of one curve: a first row where it starts, then one row per age at which spells ended."""
    columns = {
        name: np.append(0.0 if name == "standard_error" else start, values) for name, values in estimates.items()
    }
    return pd.DataFrame(
        {
            "time": np.append(sets.start, sets.time),
            **columns,
            "at_risk": np.append(sets.at_start, sets.at_risk),
            "events": np.append(0, sets.events),
        }
    )
