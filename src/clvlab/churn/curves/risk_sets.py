"""How many were at risk at each age, and how many left: what every curve is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clvlab.churn.curves.samples import Sample
from clvlab.churn.spells import Floats, Spells


@dataclass(frozen=True)
class RiskSets:
    """Counts at each age at which a spell ended.

    Attributes
    ----------
    start, at_start
        The first age under observation, and the spells observed from it on.
    time
        Ages at which spells ended, by the event or not, rising; ends of mere pieces of a spell are left out.
    at_risk
        Spells with entry < time <= exit: who enters at an age is at risk after it, who leaves at it still was.
    events
        Spells that ended there by the event.
    remaining
        Spells under observation just after it.
    """

    start: float
    at_start: int
    time: Floats
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    remaining: NDArray[np.int64]

    @property
    def hazard(self) -> Floats:
        """Return the share of those at risk that left at each age."""
        return self.events / self.at_risk

    @property
    def survival(self) -> Floats:
        """Return the Kaplan-Meier estimate after each age."""
        return np.cumprod(1 - self.hazard, dtype=np.float64)

    @property
    def per_survivor(self) -> Floats:
        """Return 1 / those who stayed at each age; 0 where nobody did, since no curve changes after it."""
        stayed = self.at_risk - self.events
        return np.divide(1.0, stayed, out=np.zeros(len(stayed)), where=stayed > 0)

    @property
    def greenwood(self) -> Floats:
        """Return what each age adds to the variance of survival, over its square."""
        return self.hazard * self.per_survivor


def risk_sets(sample: Sample) -> RiskSets:
    """Return the risk sets of a sample, late entries counted from their entry on.

    Examples
    --------
    >>> import pandas as pd
    >>> from clvlab.churn.curves.samples import samples
    >>> [sample] = samples(pd.DataFrame({"entry": [0, 0, 2], "duration": [2, 5, 5], "event": [1, 0, 1]}))
    >>> sets = risk_sets(sample)
    >>> sets.time.tolist(), sets.at_risk.tolist(), sets.events.tolist(), sets.remaining.tolist()
    ([2.0, 5.0], [2, 2], [1, 1], [2, 0])
    """
    spells = sample.spells
    time = np.unique(spells.exit[~sample.continued])
    start = float(spells.entry.min())
    return RiskSets(
        start=max(start, 0.0),
        at_start=int((spells.entry == start).sum()),
        time=time,
        at_risk=under_observation(spells, time, "left"),
        events=counts_at(time, spells.exit[spells.event]),
        remaining=under_observation(spells, time, "right"),
    )


def under_observation(spells: Spells, time: Floats, side: Literal["left", "right"]) -> NDArray[np.int64]:
    """Return how many spells are at risk at each time ("left"), or still are just after it ("right")."""
    entered, ended = (np.searchsorted(np.sort(ages), time, side) for ages in (spells.entry, spells.exit))
    return entered - ended


def counts_at(time: Floats, ages: Floats) -> NDArray[np.int64]:
    """Return how many of ``ages``, each of them one of ``time``, lie at each time."""
    return np.bincount(np.searchsorted(time, np.sort(ages)), minlength=len(time))  # sorted: far faster
