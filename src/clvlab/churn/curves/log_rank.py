"""Whether groups of customers leave at different rates: the log-rank test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from clvlab.churn.curves.risk_sets import counts_at, under_observation
from clvlab.churn.curves.samples import Sample, samples, several_spells
from clvlab.churn.spells import Floats, Spells
from clvlab.refusal import Refused
from clvlab.results import Result

# Below this many expected events the distribution of the statistic is not the one that p values are taken from.
_EXPECTED = 5
_SINGULAR = 1e-9


class LogRank(Result):
    """A log-rank test, from :func:`log_rank`.

    Attributes
    ----------
    chi_squared, degrees_of_freedom, p_value
        The test that all groups leave at the same rate at every age.
    robust
        Whether the variance takes each customer, not each spell, as one observation.
    remarks
        What a reader must know to trust it.
    """

    decimals = 1

    def __init__(
        self, frame: pd.DataFrame, chi_squared: float, degrees_of_freedom: int, robust: bool, remarks: Sequence[str]
    ) -> None:
        self._frame, self.robust, self.remarks = frame, robust, tuple(remarks)
        self.chi_squared, self.degrees_of_freedom = chi_squared, degrees_of_freedom
        self.p_value = float(chi2.sf(chi_squared, degrees_of_freedom))
        p = f"p = {self.p_value:.3f}" if self.p_value >= 0.001 else "p < 0.001"
        self.title = f"Log-rank test: chi-squared {chi_squared:,.2f} on {degrees_of_freedom} df, {p}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group: ``group``, ``spells``, ``events``, ``expected`` (if all left at one rate)."""
        return self._frame

    def __repr__(self) -> str:
        """Return the test, its table and the remarks as text."""
        return "\n".join([super().__repr__(), *self.remarks])


@dataclass(frozen=True)
class _Comparison:
    """Counts by age at which somebody left (rows) and group (columns), in one stratum."""

    time: Floats
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]

    def shares(self) -> Floats:
        """Return the groups' shares of those at risk."""
        return self.at_risk / self.at_risk.sum(axis=1, keepdims=True)

    def hazard(self) -> Floats:
        """Return the share of all at risk that left."""
        return self.events.sum(axis=1) / self.at_risk.sum(axis=1)

    def expected(self) -> Floats:
        """Return the events that each group would have had if all left at one rate."""
        return self.events.sum(axis=1) @ self.shares()

    def variance(self) -> Floats:
        """Return the covariance of events given who was at risk and how many left (hypergeometric)."""
        n, d, shares = self.at_risk.sum(axis=1), self.events.sum(axis=1), self.shares()
        scale = d * (n - d) / np.maximum(n - 1, 1)
        return np.diag(scale @ shares) - (shares.T * scale) @ shares

    def scores(self, spells: Spells, group: NDArray[np.int64]) -> Floats:
        """Return what each row adds to observed less expected events: (rows, groups)."""
        shares, hazard = self.shares(), self.hazard()
        own = np.arange(shares.shape[1]) == group[:, None]
        begin, end = (np.searchsorted(self.time, ages, side="right") for ages in (spells.entry, spells.exit))
        total = np.append(0.0, np.cumsum(hazard))
        by_group = np.vstack([np.zeros(shares.shape[1]), np.cumsum(hazard[:, None] * shares, axis=0)])
        due = own * (total[end] - total[begin])[:, None] - (by_group[end] - by_group[begin])
        done = spells.event[:, None] * (own - shares[end - 1])
        return done - due


def log_rank(spells: pd.DataFrame, by: str, strata: str | None = None) -> LogRank:
    """Test whether groups of customers leave at the same rate at every age.

    Parameters
    ----------
    spells
        As in :func:`clvlab.churn.curves.survival.survival_curve`; late entries count from their entry on.
    by
        The column with the groups.
    strata
        A column within whose values groups are compared, such as a region: what differs between its values does
        not count.

    Raises
    ------
    Refused
        When spells cannot be used, there is one group only, nobody left, or no two groups were at risk together when
        somebody left and somebody stayed.

    Notes
    -----
    Observed less expected events by group, with their hypergeometric covariance, ties included. Where customers have
    several spells, the covariance is that of the customers' score contributions (the robust score test of a Cox model
    with Breslow's ties). Degrees of freedom are as many as there are groups less one, fewer where strata leave groups
    that never meet.

    References
    ----------
    Peto, R. and Peto, J. (1972), "Asymptotically efficient rank invariant test procedures", Journal of the Royal
    Statistical Society A 135(2).

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [2, 3, 3, 5, 8, 9], "event": [1, 1, 1, 0, 1, 0], "segment": list("aaabbb")})
    >>> round(log_rank(spells, "segment").p_value, 3)
    0.03
    """
    groups = samples(spells, by)
    strata_of = samples(spells, strata)
    if len(groups) == 1:
        raise Refused(f"All spells have the same {by} ({groups[0].group}); a comparison needs two groups.")
    if not any(sample.spells.event.any() for sample in groups):
        raise Refused("Nobody has left so far, so there is nothing to compare.")
    code = _codes(groups, len(spells))
    comparisons = [_compared(stratum.spells, code[stratum.rows], len(groups)) for stratum in strata_of]
    observed = sum(comparison.events.sum(axis=0) for comparison in comparisons)
    expected = sum(comparison.expected() for comparison in comparisons)
    variance = sum(comparison.variance() for comparison in comparisons)
    freedom = int(np.linalg.matrix_rank(variance, tol=_SINGULAR * np.trace(variance), hermitian=True))
    if not freedom:
        raise Refused(
            f"Whenever somebody left, customers of only one {by} were at risk or all at risk left at once; nothing"
            " tells the groups apart."
        )
    robust = several_spells(groups)
    if robust:
        variance = _by_customer(strata_of, comparisons, code)
    difference = observed - expected
    chi_squared = float(difference @ np.linalg.pinv(variance, rcond=_SINGULAR, hermitian=True) @ difference)
    frame = pd.DataFrame(
        {
            "group": [sample.group for sample in groups],
            "spells": [sample.count for sample in groups],
            "events": observed,
            "expected": expected,
        }
    )
    return LogRank(frame, chi_squared, freedom, robust, _remarks(frame, freedom, robust))


def _codes(groups: Sequence[Sample], rows: int) -> NDArray[np.int64]:
    """Return the number of each row's group."""
    code = np.empty(rows, dtype=np.int64)
    for number, sample in enumerate(groups):
        code[sample.rows] = number
    return code


def _compared(spells: Spells, group: NDArray[np.int64], groups: int) -> _Comparison:
    """Return the counts of one stratum."""
    time = np.unique(spells.exit[spells.event])
    at_risk, events = (np.zeros((len(time), groups), dtype=np.int64) for _ in range(2))
    for number in range(groups):
        own = group == number
        at_risk[:, number] = under_observation(
            Spells(spells.entry[own], spells.exit[own], spells.event[own]), time, "left"
        )
        events[:, number] = counts_at(time, spells.exit[own & spells.event])
    return _Comparison(time, at_risk, events)


def _by_customer(strata: Sequence[Sample], comparisons: Sequence[_Comparison], group: NDArray[np.int64]) -> Floats:
    """Return the covariance of observed less expected events from what each customer adds to them."""
    scores = np.vstack(
        [
            comparison.scores(stratum.spells, group[stratum.rows])
            for stratum, comparison in zip(strata, comparisons, strict=True)
        ]
    )
    customer = np.concatenate([stratum.customer for stratum in strata])
    totals = np.array([np.bincount(customer, weights=column) for column in scores.T], dtype=float)
    return totals @ totals.T


def _remarks(frame: pd.DataFrame, freedom: int, robust: bool) -> list[str]:
    remarks = []
    few = frame.loc[frame["expected"] < _EXPECTED, "group"]
    if len(few):
        names = ", ".join(str(group) for group in few)
        remarks.append(f"Fewer than {_EXPECTED} events are expected in {names}; the p value is rough.")
    if freedom < len(frame) - 1:
        remarks.append("Some groups were never at risk together when somebody left; they are not compared.")
    if robust:
        remarks.append("Some customers have several spells; the variance takes each customer as one observation.")
    return remarks
