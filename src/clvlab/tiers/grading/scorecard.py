"""The scorecard on 100 points: four dimensions, their indicators, and the tiers cut from the total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.by_customer import each_once
from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.results import Remarked, Table
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes
from clvlab.tiers.grading.cuts import named, tier_places
from clvlab.tiers.grading.scales import to_points
from clvlab.tiers.grading.scheme import Scheme, weigh

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCORE, KNOWN_WEIGHT, TIER = "score", "known_weight", "tier"
# Below this share of the weight known, a score says little and is flagged.
ENOUGH = 0.5


@dataclass(frozen=True, repr=False, eq=False)
class Scorecard(Remarked):
    """Scores of customers under a frozen scheme.

    Attributes
    ----------
    scheme
        The weights, scales and cuts.
    points
        One row per customer, one column per indicator: points from 0 to 100, missing where not known.
    levels
        One row per customer, one column per dimension: weighted mean of its indicators' points, 0 to 100.
    score
        By customer, 0 to 100; missing where nothing with a weight is known.
    known_weight
        By customer, the share of the weight that is known, 0 to 1.
    remarks
        What a reader must know, in sentences.
    """

    scheme: Scheme
    points: pd.DataFrame
    levels: pd.DataFrame
    score: pd.Series
    known_weight: pd.Series
    remarks: Sequence[str] = ()

    title = "Scorecard on 100 points"

    def places(self) -> np.ndarray:
        """Return each customer's tier as a number, 0 the best, -1 without a score."""
        return tier_places(self.score.to_numpy(), self.scheme.cuts)

    def subtotals(self) -> pd.DataFrame:
        """Return what each dimension brings: points out of its weight, adding up to the score.

        A dimension of which nothing is known brings its weight's part of the score: the others share its weight.
        """
        weight = self.scheme.weights.of_dimensions()
        return self.levels.apply(lambda level: level.fillna(self.score)) * weight[self.levels.columns].to_numpy()

    def contributions(self, customers: pd.Index | None = None) -> pd.DataFrame:
        """Return what each indicator brings to these customers (all when None), in points adding up to the score.

        An indicator not known brings its weight's part of its dimension's level, or of the score where nothing of the
        dimension is known: that is what leaving it out and scaling up the others comes to.
        """
        points, levels, score = self.points, self.levels, self.score
        if customers is not None:
            points, levels, score = points.loc[customers], levels.loc[customers], score.loc[customers]
        weights = self.scheme.weights
        level = levels[[weights.dimensions[name] for name in weights.values.index]].to_numpy()
        level = np.where(np.isnan(level), score.to_numpy()[:, None], level)
        known = points[weights.values.index]
        brought = np.where(known.isna(), level, known) * weights.values.to_numpy()
        return pd.DataFrame(brought, points.index, known.columns)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer: customer_id, tier, score, known_weight, thin, and each dimension's subtotal.

        ``thin`` flags a score with less than half of its weight known.
        """
        frame = pd.DataFrame(
            {
                TIER: named(self.places(), self.scheme.tiers),
                SCORE: self.score,
                KNOWN_WEIGHT: self.known_weight,
                "thin": self.known_weight < ENOUGH,
            },
            index=self.points.index,
        )
        return frame.join(self.subtotals()).rename_axis("customer_id").reset_index()

    def tiers(self) -> Classes:
        """Return the tiers as classes, each with the points it takes."""
        cuts = self.scheme.cuts
        rules = {self.scheme.tiers[0]: f"{cuts[0]:.1f} points or more"}
        for tier, low, high in zip(self.scheme.tiers[1:-1], cuts[1:], cuts[:-1], strict=True):
            rules[tier] = f"{low:.1f} to {high:.1f} points"
        rules[self.scheme.tiers[-1]] = f"below {cuts[-1]:.1f} points"
        labels = pd.Series(named(self.places(), self.scheme.tiers), index=self.points.index)
        values = pd.DataFrame({SCORE: self.score, KNOWN_WEIGHT: self.known_weight})
        title = f"Tiers by scorecard, weights {self.scheme.weights.method}"
        return Classes(title, labels, rules, values, remarks=self.remarks)

    def summary(self) -> Table:
        """Return one row per tier: tier, customers, customer_share, from_points, score, and each dimension's level."""
        names = [*self.scheme.tiers, *([NOT_KNOWN] if self.score.isna().any() else [])]
        tier = named(self.places(), self.scheme.tiers)
        counts = pd.Series(tier).value_counts().reindex(names, fill_value=0)
        means = self.levels.assign(**{SCORE: self.score}).groupby(tier).mean().reindex(names)
        frame = pd.DataFrame(
            {
                TIER: names,
                "customers": counts.to_numpy(),
                "customer_share": counts.to_numpy() / max(len(tier), 1),
                "from_points": pd.Series([*self.scheme.cuts, 0.0]).reindex(range(len(names))),
                f"mean_{SCORE}": means[SCORE].to_numpy(),
            }
        ).join(means[list(self.levels)].reset_index(drop=True))
        return Table(frame, self.title, decimals=1, percent=("customer_share",), fold=False)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how scores are spread, with the cuts between tiers."""
        from clvlab.tiers.grading.plots import draw_scores

        return draw_scores(self, ax)

    def _in_short(self) -> Table:
        return self.summary()


def scorecard(values: pd.DataFrame, scheme: Scheme) -> Scorecard:
    """Score customers under a frozen scheme.

    Parameters
    ----------
    values
        One row per customer, by customer_id, one column per indicator in the unit the scales were learnt in; missing
        where not known. A column that is missing counts as not known.
    scheme
        Weights, scales and cuts, from :func:`~clvlab.tiers.grading.scheme.learn_scheme`.

    Returns
    -------
    Scorecard
        Scores, dimensions' levels and subtotals, and tiers. An indicator that is missing is left out and the weights of
        its dimension are scaled up; a dimension of which nothing is known leaves its weight to the others; a score with
        less than half of its weight known is flagged; a customer of whom nothing is known has no score.

    Raises
    ------
    Refused
        For a customer with two rows.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from clvlab.tiers.grading.scheme import learn_scheme
    >>> from clvlab.tiers.grading.weights import given_weights
    >>> known = {"margin": SimpleNamespace(dimension="financial", higher_is_better=True),
    ...          "overdue": SimpleNamespace(dimension="risk", higher_is_better=False)}
    >>> base = pd.DataFrame({"margin": [10.0, 20.0, 30.0, 40.0], "overdue": [2.0, 5.0, 0.0, float("nan")]},
    ...                     index=pd.Index(list("abcd"), name="customer_id"))
    >>> scheme = learn_scheme(base, known, given_weights({"financial": 3, "risk": 1}, known), [0.25, 0.25, 0.25])
    >>> scorecard(base, scheme).to_frame()[["customer_id", "tier", "score", "known_weight"]].round(2)
      customer_id       tier  score  known_weight
    0           a    regular   12.5          1.00
    1           b  potential   25.0          1.00
    2           c  important   75.0          1.00
    3           d       core  100.0          0.75
    """
    if not each_once(values.index):
        raise Refused(f"{values.index[values.index.duplicated()][0]!r} has two rows of indicators; keep one.")
    weights = scheme.weights
    points = to_points(values, scheme.scales, list(weights.values.index))
    score, known_weight, levels = weigh(points.to_numpy(), weights)
    thin, none = int(((known_weight < ENOUGH) & (known_weight > 0)).sum()), int(np.isnan(score).sum())
    remarks = [*scheme.remarks]
    if thin:
        remarks.append(f"Less than half of the weight is known of {thin:,} of {plural(len(points), 'customers')}.")
    if none:
        remarks.append(f"Nothing with a weight is known of {none:,} of {plural(len(points), 'customers')}: not scored.")
    return Scorecard(
        scheme,
        points,
        pd.DataFrame(levels, index=points.index, columns=list(weights.dimensions.unique())),
        pd.Series(score, index=points.index, name=SCORE),
        pd.Series(known_weight, index=points.index, name=KNOWN_WEIGHT),
        tuple(remarks),
    )
