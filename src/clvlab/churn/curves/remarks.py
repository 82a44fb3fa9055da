"""What a reader of a curve must know: where it is conditional, stuck, thin or without an interval."""

from __future__ import annotations

from math import log

import numpy as np

from clvlab.churn.curves.risk_sets import RiskSets
from clvlab.churn.curves.samples import Sample
from clvlab.features.customer_file.shared import plural

# When fewer than this are at risk, one who leaves takes more than a tenth of the curve along.
FEW = 10
_CONFIDENCE = 0.95


def remarks_on(sample: Sample, sets: RiskSets, unit: str) -> list[str]:
    """Return what must be said of one group's curve, as sentences."""
    said = [
        _without_events(sample, unit),
        _conditional(sets),
        _stuck(sets) or _interrupted(sample, sets) or _thin(sets),
        _clustered(sample),
    ]
    where = "" if sample.group is None else f"{sample.group}: "
    return [where + text for text in said if text]


def _without_events(sample: Sample, unit: str) -> str:
    if sample.spells.event.any():
        return ""
    none = "Nobody left, so there is no interval"
    observed = float((sample.spells.exit - np.maximum(sample.spells.entry, 0.0)).sum())
    if not observed:
        return f"{none}; no time was observed."
    highest = -log(1 - _CONFIDENCE) / observed
    return f"{none}; a constant hazard would be below {highest:.2g} per {unit} ({_CONFIDENCE:.0%} confidence)."


def _conditional(sets: RiskSets) -> str:
    if not sets.start:
        return ""
    return f"Nobody was observed before age {sets.start:,.4g}; the curve holds for customers who reach it."


def _stuck(sets: RiskSets) -> str:
    all_left = np.flatnonzero(sets.events == sets.at_risk)
    if not all_left.size or all_left[0] == len(sets.time) - 1:
        return ""
    age, count = sets.time[all_left[0]], sets.at_risk[all_left[0]]
    return (
        f"All at risk at age {age:,.4g} left ({count} of {count}), so survival stays at 0, although others, observed"
        " later, lasted longer; take that early time at risk out and read the curve from there."
    )


def _interrupted(sample: Sample, sets: RiskSets) -> str:
    empty = np.flatnonzero(sets.remaining[:-1] == 0)
    if not empty.size:
        return ""
    since = sets.time[empty[0]]
    until = sample.spells.entry[sample.spells.entry >= since].min()
    return f"Nobody was observed between ages {since:,.4g} and {until:,.4g}; there the curve is flat for want of data."


def _thin(sets: RiskSets) -> str:
    """Speak of losses among few where more came under observation later: they weigh on all that follows."""
    more_later = np.maximum.accumulate(sets.at_risk[::-1])[::-1] >= FEW
    thin = (sets.at_risk < FEW) & more_later & (sets.events > 0)
    if not thin.any():
        return ""
    return (
        f"{sets.events[thin].sum()} of the losses, up to age {sets.time[thin].max():,.4g}, were among fewer than {FEW}"
        " at risk and weigh on the whole curve after them."
    )


def _clustered(sample: Sample) -> str:
    if not sample.clustered:
        return ""
    return (
        f"{sample.count:,} stays come from {plural(sample.customers, 'customers')}; the intervals take each customer"
        " as one observation."
    )
