"""How long customers stay on average within a given time: restricted means and their differences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import norm

from clvlab.churn.curves.influence import Influence
from clvlab.churn.curves.intervals import margin_of
from clvlab.churn.curves.remarks import remarks_on
from clvlab.churn.curves.risk_sets import RiskSets, risk_sets
from clvlab.churn.curves.samples import Sample, samples, several_spells
from clvlab.churn.spells import Floats
from clvlab.refusal import Refused
from clvlab.results import Result

# Below this share of the age no error is told from rounding.
_ROUNDING = 1e-10


class RestrictedMean(Result):
    """Mean lifetimes up to an age, from :func:`restricted_mean`.

    Parameters
    ----------
    frame
        One row per group: ``restricted_mean``, ``standard_error``, ``lower``, ``upper``.
    covariance
        Of the groups' means: (groups, groups).
    until, confidence, unit, remarks
        Up to which age; what the intervals promise; the unit of ages; what a reader must know.
    """

    decimals = 1

    def __init__(
        self,
        frame: pd.DataFrame,
        covariance: Floats,
        until: float,
        confidence: float,
        unit: str,
        remarks: Sequence[str],
    ) -> None:
        self._frame, self._covariance, self.remarks = frame, covariance, tuple(remarks)
        self.until, self.confidence, self.unit = until, confidence, unit
        self.title = f"Mean {unit}s as a customer, of the first {until:,.4g}, with {confidence:.0%} intervals"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group: [``group``,] ``restricted_mean``, ``standard_error``, ``lower``, ``upper``."""
        return self._frame

    def differences(self) -> pd.DataFrame:
        """Return one row per pair of groups: by how much longer the first stays than the second.

        Returns
        -------
        DataFrame
            ``group``, ``other``, ``difference``, ``standard_error``, ``lower``, ``upper``, ``p_value`` (two-sided,
            for this pair alone: among many pairs some are small by chance).

        Raises
        ------
        Refused
            When there are no two groups.
        """
        if len(self._frame) < 2:
            raise Refused("There is one group only; a difference needs two (give by=).")
        rows = []
        for i, j in combinations(range(len(self._frame)), 2):
            difference = float(self._frame["restricted_mean"].iloc[i] - self._frame["restricted_mean"].iloc[j])
            error = float(np.sqrt(self._covariance[i, i] + self._covariance[j, j] - 2 * self._covariance[i, j]))
            rows.append((self._frame["group"].iloc[i], self._frame["group"].iloc[j], difference, error))
        frame = pd.DataFrame(rows, columns=["group", "other", "difference", "standard_error"])
        margin = margin_of(self.confidence) * frame["standard_error"]
        return frame.assign(
            lower=frame["difference"] - margin,
            upper=frame["difference"] + margin,
            p_value=2 * norm.sf(frame["difference"].abs() / frame["standard_error"]),
        )

    def __repr__(self) -> str:
        """Return the table and the remarks as text."""
        return "\n".join([super().__repr__(), *self.remarks])


def restricted_mean(
    spells: pd.DataFrame, until: float, by: str | None = None, confidence: float = 0.95, unit: str = "month"
) -> RestrictedMean:
    """Estimate how long customers stay on average within the first ``until`` units of age.

    Unlike the mean lifetime it needs no guess about ages that nobody has reached, and unlike the median it exists
    where most customers stay.

    Parameters
    ----------
    spells, by, confidence, unit
        As in :func:`clvlab.churn.curves.survival.survival_curve`.
    until
        The age up to which lifetimes count.

    Returns
    -------
    RestrictedMean
        ``to_frame()``: [``group``,] ``restricted_mean``, ``standard_error``, ``lower``, ``upper``;
        ``differences()`` between groups.

    Raises
    ------
    Refused
        When spells cannot be used, ``until`` is not above 0, or customers of a group were not observed that long.

    Notes
    -----
    The area under the Kaplan-Meier curve; before the first age observed the curve is 1, and the mean that of customers
    who reach it. Each age at which somebody left adds to the variance Greenwood's term times the squared area beyond
    that age; where customers have several spells it is the infinitesimal jackknife by customer. Without events
    before ``until`` there is no error and no interval.

    References
    ----------
    Royston, P. and Parmar, M. K. B. (2013), "Restricted mean survival time: an alternative to the hazard ratio",
    BMC Medical Research Methodology 13:152.

    Examples
    --------
    >>> found = restricted_mean(pd.DataFrame({"duration": [2, 3, 3, 5, 8], "event": [1, 1, 0, 1, 0]}), until=6)
    >>> found.to_frame().round(3).values.tolist()
    [[4.3, 0.705, 2.918, 5.682]]
    """
    if not until > 0:
        raise Refused(f"until={until} is no length of time; give an age above 0.")
    groups = samples(spells, by)
    all_sets = [risk_sets(sample) for sample in groups]
    for sample, sets in zip(groups, all_sets, strict=True):
        _need_observed(sample, sets, until, unit)
    areas = [_areas(sets, until) for sets in all_sets]
    covariance = _covariance(groups, all_sets, [beyond for _, beyond in areas])
    unknown = np.diag(covariance) < (_ROUNDING * until) ** 2
    covariance[unknown], covariance[:, unknown] = np.nan, np.nan
    means = np.array([mean for mean, _ in areas])
    error = np.sqrt(np.diag(covariance))
    margin = margin_of(confidence) * error
    columns = {"restricted_mean": means, "standard_error": error, "lower": means - margin, "upper": means + margin}
    frame = pd.DataFrame(columns)
    if by is not None:
        frame.insert(0, "group", [sample.group for sample in groups])
    remarks = [text for sample, sets in zip(groups, all_sets, strict=True) for text in remarks_on(sample, sets, unit)]
    return RestrictedMean(frame, covariance, until, confidence, unit, remarks)


def _need_observed(sample: Sample, sets: RiskSets, until: float, unit: str) -> None:
    last = float(sets.time[-1])
    if last < until and sets.survival[-1] > 0:
        whom = "Customers" if sample.group is None else f"Customers of {sample.group}"
        raise Refused(f"{whom} were observed up to age {last:,.4g} {unit}s only; give until={last:.4g} or less.")


def _areas(sets: RiskSets, until: float) -> tuple[float, Floats]:
    """Return the area under the curve up to ``until``, and at each age the part of it beyond that age."""
    ages = np.minimum(np.concatenate([[0.0], sets.time, [until]]), until)
    pieces = np.diff(ages) * np.append(1.0, sets.survival)
    beyond = np.cumsum(pieces[::-1])[::-1]
    return float(beyond[0]), beyond[1:]


def _covariance(groups: Sequence[Sample], all_sets: Sequence[RiskSets], all_beyond: Sequence[Floats]) -> Floats:
    """Return the covariance of the groups' restricted means."""
    if not several_spells(groups):
        terms = [(beyond**2 * sets.greenwood).sum() for sets, beyond in zip(all_sets, all_beyond, strict=True)]
        return np.diag(terms)
    customers = 1 + max(int(sample.customer.max()) for sample in groups)
    moved = np.empty((customers, len(groups)))
    for number, (sample, sets, beyond) in enumerate(zip(groups, all_sets, all_beyond, strict=True)):
        influence = Influence(sample, sets.time)
        part = influence.contribution(beyond * sets.per_survivor, sets.hazard)
        moved[:, number] = np.bincount(sample.customer, influence.totals(part), minlength=customers)
    return moved.T @ moved
