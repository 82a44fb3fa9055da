"""How firm tiers are: whether they survive other weights and the error with which indicators are measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Remarked, Table
from clvlab.tiers.grading.cuts import cuts_at, named, tier_places
from clvlab.tiers.grading.scheme import weigh
from clvlab.tiers.grading.scorecard import SCORE, TIER, scorecard

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from clvlab.tiers.grading.scheme import Scheme
    from clvlab.tiers.grading.scorecard import Scorecard

# A tier that survives in so many draws is firm.
FIRM = 0.9
WAYS = ("by_weights", "by_error", "by_both")


@dataclass(frozen=True, repr=False, eq=False)
class TierSurvival(Remarked):
    """How often each account's tier survives.

    Attributes
    ----------
    frame
        One row per account with a score: customer_id, tier, score; by_weights, by_error and by_both, the probability
        that its tier survives other weights, its measurement error, and both; firm (by_both is 0.9 or more); and, by
        both, the probability of each tier, named by it.
    importance
        One row per dimension and indicator with a weight: weight_of, weight, tiers_changed (share of accounts whose
        tier changes when this weight alone rises or falls by the stated part, mean of the two).
    tiers
        The tiers' names, best first.
    cuts
        The scheme's cuts in points.
    change
        The part by which weights change.
    remarks
        What a reader must know, in sentences.
    """

    frame: pd.DataFrame
    importance: pd.DataFrame
    tiers: Sequence[str]
    cuts: Sequence[float]
    change: float
    remarks: Sequence[str] = ()

    title = "How firm the tiers are"

    @property
    def firm_share(self) -> float:
        """Return the share of accounts whose tier is firm."""
        return float(self.frame["firm"].mean())

    def to_frame(self) -> pd.DataFrame:
        """Return one row per account: see ``frame``."""
        return self.frame

    def summary(self) -> Table:
        """Return one row per tier: tier, accounts, mean by_weights, by_error and by_both, firm (share)."""
        groups = self.frame.groupby(TIER)
        means = groups[[*WAYS, "firm"]].mean().reindex(self.tiers)
        sizes = groups.size().reindex(self.tiers, fill_value=0).rename("accounts")
        return Table(
            pd.concat([sizes, means], axis=1).rename_axis(TIER).reset_index(),
            self.title,
            percent=(*WAYS, "firm"),
            fold=False,
        )

    def which_weights_matter(self) -> Table:
        """Return the importance of each weight as a table, most important first."""
        title = f"Accounts whose tier changes when one weight alone changes by {self.change:.0%}"
        return Table(self.importance, title, percent=("weight", "tiers_changed"), fold=False)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the probability that each account's tier survives against its score, with the cuts."""
        from clvlab.tiers.grading.plots import draw_survival

        return draw_survival(self, ax)

    def _in_short(self) -> Table:
        return self.summary()


def tier_survival(
    values: pd.DataFrame,
    errors: pd.DataFrame,
    scheme: Scheme,
    change: float = 0.2,
    draws: int = 200,
    most: int = 10_000,
    seed: int = 0,
) -> TierSurvival:
    """Tell how often each account's tier survives other weights and its own measurement error.

    Parameters
    ----------
    values
        One row per customer, one column per indicator, in the units of the scheme's scales.
    errors
        Standard error of measurement by customer and indicator, alike; missing counts as 0, which a remark says.
    scheme
        Weights, scales and cuts.
    change
        Part by which weights change: 0.2 for 20% up or down.
    draws
        How often weights and values are drawn anew.
    most
        Of a larger base, so many accounts are drawn at random and stand for the rest; 10,000 take about four seconds.
    seed
        Of the generator.

    Returns
    -------
    TierSurvival
        Probabilities are shares of the draws: with 200 of them, their standard error is 0.035 at most.

    Raises
    ------
    Refused
        For a ``change`` not between 0 and 1, less than one draw, negative errors, and when nobody has a score.

    Notes
    -----
    *Weights.* In every draw, each dimension's weight and each indicator's weight within it are multiplied by numbers
    drawn evenly from 1 - ``change`` to 1 + ``change``, and scaled to add up to 1. Whoever weighs otherwise would also
    cut otherwise: cuts move so that tiers hold as many accounts as now.

    *Error.* Values are drawn from normal distributions around what was measured (where that is a mean drawn towards
    the common one, with its posterior's error, this is what the account may truly be), and go through the frozen
    scales, weights and cuts. *Both*: values as drawn for the error, weights and cuts as drawn for the weights.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from clvlab.tiers.grading.scheme import learn_scheme
    >>> from clvlab.tiers.grading.weights import given_weights
    >>> known = {"margin": SimpleNamespace(dimension="financial", higher_is_better=True)}
    >>> base = pd.DataFrame({"margin": [10.0, 20.0, 30.0, 40.0]}, index=pd.Index(list("abcd"), name="customer_id"))
    >>> scheme = learn_scheme(base, known, given_weights({"financial": 1}, known), [0.25, 0.25, 0.25])
    >>> found = tier_survival(base, pd.DataFrame({"margin": [0.1, 5, 5, 0.1]}, base.index), scheme)
    >>> found.frame["by_weights"].to_list(), (found.frame["by_error"] > 0.9).to_list()
    ([1.0, 1.0, 1.0, 1.0], [True, False, False, True])
    """
    if not 0 < change < 1 or draws < 1:
        raise Refused(f"change={change} must be between 0 and 1, and draws={draws} 1 or more.")
    generator = np.random.default_rng(seed)
    scored = values[scorecard(values, scheme).score.notna()]
    if scored.empty:
        raise Refused("No customer has a score, so there are no tiers to survive.")
    base = scored
    if len(scored) > most:
        base = scored.iloc[np.sort(generator.choice(len(scored), most, replace=False))]
    card, noise = scorecard(base, scheme), _Noise(base, errors, scheme)
    stayed, reached = _drawn_tiers(card, noise, change, draws, generator)
    frame = pd.DataFrame(
        {
            TIER: named(card.places(), scheme.tiers),
            SCORE: card.score,
            **dict(zip(WAYS, stayed, strict=True)),
            "firm": stayed[-1] >= FIRM,
            **dict(zip(scheme.tiers, reached, strict=True)),
        }
    )
    remarks = [f"Probabilities are shares of {draws:,} draws; a tier is firm that survives in {FIRM:.0%} of them."]
    if len(base) < len(scored):
        remarks.append(f"{len(base):,} of {len(scored):,} accounts are drawn at random; they stand for the rest.")
    if noise.silent:
        remarks.append(f"Taken as measured without error, for want of one: {', '.join(noise.silent)}.")
    return TierSurvival(
        frame.rename_axis("customer_id").reset_index(),
        _importance(card, change),
        scheme.tiers,
        scheme.cuts,
        change,
        (*remarks, *scheme.remarks),
    )


def _drawn_tiers(
    card: Scorecard, noise: _Noise, change: float, draws: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares of draws in which each account keeps its tier, by way, and by both is in each tier."""
    scheme, places, sizes = card.scheme, card.places(), _sizes(card)
    stayed = np.zeros((len(WAYS), len(places)))
    reached = np.zeros((len(scheme.tiers), len(places)))
    for amounts in _other_weights(scheme, change, draws, generator):
        points = noise.drawn(generator)
        scores = weigh(card.points.to_numpy(), scheme.weights, amounts)[0]
        cuts = cuts_at(scores, sizes)
        by_both = tier_places(weigh(points, scheme.weights, amounts)[0], cuts)
        by_error = tier_places(weigh(points, scheme.weights)[0], scheme.cuts)
        stayed += [way == places for way in (tier_places(scores, cuts), by_error, by_both)]
        reached += by_both == np.arange(len(scheme.tiers))[:, None]
    return stayed / draws, reached / draws


def _sizes(card: Scorecard) -> NDArray[np.int64]:
    """Return how many accounts are above each cut."""
    return np.cumsum(np.bincount(card.places(), minlength=len(card.scheme.tiers)))[:-1]


class _Noise:
    """Points as they might have been measured: values drawn from normal distributions, through the frozen scales."""

    def __init__(self, values: pd.DataFrame, errors: pd.DataFrame, scheme: Scheme) -> None:
        columns = scheme.weights.values.index
        measured = values.reindex(columns=columns).astype(float)
        given = errors.reindex(index=values.index, columns=columns).astype(float)
        if (given < 0).any(axis=None):
            raise Refused(f"{(given < 0).any().idxmax()!r} has a negative standard error; give 0 or more.")
        without = (measured.notna() & given.isna()).any()
        self.silent = list(columns[without])
        self._values, self._errors = measured.to_numpy(), given.fillna(0.0).to_numpy()
        self._scales = [(i, scheme.scales[name]) for i, name in enumerate(columns) if name in scheme.scales]

    def drawn(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Return points of values drawn anew, one row per customer."""
        values = self._values + self._errors * generator.standard_normal(self._errors.shape)
        points = np.full(values.shape, np.nan)
        for i, scale in self._scales:
            points[:, i] = scale.of(values[:, i])
        return points


def _other_weights(
    scheme: Scheme, change: float, draws: int, generator: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Yield other weights: dimensions and indicators within them changed by up to ``change``, adding up to 1."""
    weights = scheme.weights.values.to_numpy()
    codes, dimensions = pd.factorize(scheme.weights.dimensions)
    for _ in range(draws):
        amounts = weights * generator.uniform(1 - change, 1 + change, len(weights))
        amounts *= generator.uniform(1 - change, 1 + change, len(dimensions))[codes]
        yield amounts / amounts.sum()


def _importance(card: Scorecard, change: float) -> pd.DataFrame:
    """Return how many accounts change tier when one weight alone changes, most first."""
    places, sizes = card.places(), _sizes(card)
    weights, points = card.scheme.weights, card.points.to_numpy()
    amounts, dimensions = weights.values.to_numpy(), weights.dimensions.to_numpy()
    parts = [(name, dimensions == name) for name in dict.fromkeys(dimensions)]
    parts += [(name, weights.values.index == name) for name in weights.values.index]
    rows = []
    for name, part in parts:
        changed = []
        for factor in (1 - change, 1 + change):
            scores = weigh(points, weights, np.where(part, factor * amounts, amounts))[0]
            changed.append(tier_places(scores, cuts_at(scores, sizes)) != places)
        rows.append((name, amounts[part].sum(), float(np.mean(changed))))
    frame = pd.DataFrame(rows, columns=["weight_of", "weight", "tiers_changed"])
    return frame[frame["weight"] > 0].sort_values("tiers_changed", ascending=False, kind="stable", ignore_index=True)
