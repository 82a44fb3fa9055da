"""The scorecard of a provider's customers: tiers, how firm they are, how they moved, and whether they tell anything."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.clv.valuing.doubts import alike
from clvlab.clv.valuing.fitted import fit_models
from clvlab.evaluation.forecasts import rank_correlation
from clvlab.features.customer_file.shared import plural
from clvlab.features.events import purchases
from clvlab.features.winnable import YEAR_DAYS, start_of
from clvlab.periods import parse_date, period_index, period_label, period_start
from clvlab.refusal import Refused
from clvlab.results import Result, Table
from clvlab.tiers.base import Base
from clvlab.tiers.classes.labelled import Classes
from clvlab.tiers.evidence.prediction import Prediction, predicts
from clvlab.tiers.grading.fifteen import FIFTEEN, scorecard_indicators
from clvlab.tiers.grading.held import BY_POINTS, held_tiers
from clvlab.tiers.grading.indicator import Indicators
from clvlab.tiers.grading.matrix import learn_matrix_cuts, matrix_tiers
from clvlab.tiers.grading.measured import Measured, estimated, from_range
from clvlab.tiers.grading.nine_criteria import NINE, nine_criteria
from clvlab.tiers.grading.objective_weights import critic_weights, entropy_weights
from clvlab.tiers.grading.scheme import Scheme, learn_scheme
from clvlab.tiers.grading.scorecard import TIER, Scorecard, scorecard
from clvlab.tiers.grading.sensitivity import TierSurvival, tier_survival
from clvlab.tiers.grading.stability import TierHistory, tier_history
from clvlab.tiers.grading.topsis import TopsisRanking, topsis
from clvlab.tiers.grading.weights import Weights, combined_weights, given_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# So many reviews back a tier is held; a first quarter's points hardly tell by then.
_REVIEWS, _FEWEST_FOR_MOVES = 8, 2
# Records seldom begin on a quarter's first day or end on its last: a week less is still a year, and a quarter over.
_LAST_DAYS = dt.timedelta(days=7)
_FIFTEEN, _NINE = ({one.name: one for one in scheme} for scheme in (FIFTEEN, NINE))


class Tiers(Result):
    """Tiers of the customers who ordered in the last 365 days, by the four-dimension scorecard.

    Parameters
    ----------
    base
        What grading is read from.
    """

    def __init__(self, base: Base) -> None:
        self.base = base
        self._earlier: dict[dt.date, Tiers] = {}

    def at(self, day: dt.date) -> Tiers:
        """Return the tiers as they would have been made on an earlier day."""
        if day == self.base.as_of:
            return self
        if day not in self._earlier:
            self._earlier[day] = Tiers(self.base.at(day))
        return self._earlier[day]

    @property
    def indicators(self) -> Indicators:
        """The fifteen indicators of the customers graded.

        Raises
        ------
        Refused
            When nobody ordered in the last 365 days.
        """
        if not self.base.graded.any():
            raise Refused(f"Nobody ordered in the 365 days up to {self.base.as_of}: there is nobody to grade.")
        return self._measured

    @cached_property
    def _measured(self) -> Indicators:
        return scorecard_indicators(self.base.last_year, self.base.graded)

    @cached_property
    def weights(self) -> Weights:
        """The weights in use, those of the assumptions."""
        return given_weights(self.base.assumptions.tier_weights, _FIFTEEN)

    @cached_property
    def cut_on(self) -> dt.date:
        """The day on which scales and cuts were learnt: as assumed, else that of the last review, else this day."""
        named = self.base.assumptions.tiers_cut_on
        if named:
            return min(parse_date(named), self.base.as_of)  # nothing is learnt from later days
        return [self.base.as_of, *self.reviews.values()][-1]

    @cached_property
    def scheme(self) -> Scheme:
        """Weights, scales and cuts, learnt on one day and frozen."""
        return self._learnt(self.weights)

    def _learnt(self, weights: Weights) -> Scheme:
        return learn_scheme(self.indicators_on(self.cut_on), _FIFTEEN, weights, self.base.assumptions.tier_shares)

    @cached_property
    def scorecard(self) -> Scorecard:
        """Today's points, and the tiers that points alone would give."""
        return scorecard(self.indicators.values, self.scheme)

    @cached_property
    def held(self) -> Classes:
        """The tier that each graded customer holds: the one that decides, on every page and list."""
        return held_tiers(self.scorecard, self.quarters, self.base.assumptions.tier_band)

    @property
    def labels(self) -> pd.Series:
        """The tier that each graded customer holds, by customer_id."""
        return self.held.labels

    @cached_property
    def matrix(self) -> Classes:
        """Tiers by current worth and prospects: the variant that needs no sum."""
        return matrix_tiers(self.scorecard, learn_matrix_cuts(self.scorecard, self.base.assumptions.tier_shares))

    @cached_property
    def topsis(self) -> TopsisRanking:
        """The ranking by closeness to the ideal, beside the weighted sum."""
        return topsis(self.scorecard)

    @cached_property
    def other_weights(self) -> Table:
        """Return what other weights would say: agreement of scores and tiers with those in use.

        One row per set of weights: ``rank_correlation`` of the scores, and ``same_tier``, the share of customers whose
        tier by points is the same.
        """
        values, known = self.indicators.values, _FIFTEEN
        entropy, critic = entropy_weights(values, known), critic_weights(values, known)
        by_points = self.scorecard.tiers().labels
        sets = {
            "entropy": entropy,
            "CRITIC": critic,
            "judgement and data together": combined_weights(self.weights, entropy, critic, how="mean"),
        }
        rows = []
        for name, weights in sets.items():
            card = scorecard(values, self._learnt(weights))
            heaviest = weights.values.idxmax()
            rows.append(
                {
                    "weights": name,
                    "rank_correlation": rank_correlation(card.score.to_numpy(), self.scorecard.score.to_numpy()),
                    "same_tier": (card.tiers().labels == by_points).mean(),
                    "heaviest": f"{known[heaviest].label} ({weights.values.max():.0%})",
                }
            )
        return Table(pd.DataFrame(rows), "Other weights beside those in use", 2, ("same_tier",), fold=False)

    @cached_property
    def survival(self) -> TierSurvival:
        """How often each tier survives other weights and its own measurement error.

        Raises
        ------
        Refused
            When all customers have the same points, as one customer alone has: no draw could part them.
        """
        if self.scorecard.score.nunique() < 2:
            raise Refused("All customers graded have the same points: what no draw can part says nothing about tiers.")
        known = self.indicators
        return self.base.kept(
            "survival", lambda: tier_survival(known.values, known.errors, self.scheme, seed=self.base.seed)
        )

    @cached_property
    def quarters(self) -> dict[str, Scorecard]:
        """Scorecards of the reviews, at the ends of past quarters, by today's scheme, oldest first."""
        return {quarter: scorecard(self.indicators_on(day), self.scheme) for quarter, day in self.reviews.items()}

    def indicators_on(self, day: dt.date) -> pd.DataFrame:
        """Return the values of the indicators as they were on a day: one row per customer graded then."""
        if day == self.base.as_of:
            return self._measured.values
        return self.base.kept(f"indicators-{day}", lambda: self._then(day)._measured.values)

    def _then(self, day: dt.date) -> Tiers:
        """Return the tiers of a day; its records are held only where others need them, to save memory."""
        return self.at(day) if day in (self.cut_on, self._a_year_ago) else Tiers(self.base.at(day))

    @property
    def _a_year_ago(self) -> dt.date:
        return start_of(self.base.as_of, 0)

    @cached_property
    def history(self) -> TierHistory:
        """Tiers at the ends of past quarters, by today's scheme, and who moved.

        Raises
        ------
        Refused
            When the records do not reach back so far.
        """
        if len(self.quarters) < _FEWEST_FOR_MOVES:
            raise Refused(
                "Moves between tiers need the ends of two quarters with a year of records behind them; up to"
                f" {self.base.as_of} there are {len(self.quarters)}."
            )
        return tier_history(self.quarters, self.base.assumptions.tier_band)

    @cached_property
    def reviews(self) -> dict[str, dt.date]:
        """Labels and days of the last quarters' reviews, with a year of records behind them, oldest first."""
        began = self.base.totals["first_on"].min()
        if pd.isna(began):
            return {}
        a_year_seen = began.date() + dt.timedelta(days=YEAR_DAYS - 1) - _LAST_DAYS
        running = int(period_index(self.base.as_of + _LAST_DAYS, "quarter"))
        ends = {
            period_label(quarter, "quarter"): period_start(quarter + 1, "quarter") - dt.timedelta(days=1)
            for quarter in range(running - _REVIEWS, running)
        }
        return {quarter: min(day, self.base.as_of) for quarter, day in ends.items() if day >= a_year_seen}

    @cached_property
    def nine_criteria(self) -> Scorecard:
        """The grading by nine criteria, all of one weight."""
        base, given = self.base, dict[str, Measured]()
        with suppress(Refused):
            if not alike(base.value_ahead.value):  # else noise would grade
                given["value"] = from_range(base.value_ahead)
        with suppress(Refused):
            given["potential"] = from_range(base.could_be_won)
        with suppress(Refused):
            given["leave"] = estimated(base.churn().prospects.frame, "leave_12")
        found = nine_criteria(base.last_year, **given, whose=base.graded)
        weights = given_weights(dict.fromkeys(_NINE, 1.0), _NINE)
        return scorecard(found.values, learn_scheme(found.values, _NINE, weights, base.assumptions.tier_shares))

    @cached_property
    def prediction(self) -> Prediction:
        """Whether the tiers of a year ago told what the year since brought, beside simpler rankings.

        Raises
        ------
        Refused
            When there were too few customers a year ago.

        Notes
        -----
        Scheme, values and rankings are made with what was known a year ago; tiers are those of that day's points, which
        a band would only delay. Who bought nothing in the second half of
        the year since counts as having left: that is known of everyone by now, whatever the definition of churn.
        """
        return self.base.kept("prediction", self._predicted)

    def _predicted(self) -> Prediction:
        base, then = self.base, self.at(self._a_year_ago)
        rivals, totals = {}, then.base.totals
        with suppress(Refused):
            rivals["CLV"] = fit_models(
                then.base.records, purchases(then.base.records.tables), then.base.as_of, base.assumptions, base.seed
            ).expected_values()
        name = "revenue" if "revenue" in totals else "orders"
        rivals[f"last year's {name}"] = totals[name].astype("float64")
        ranks = pd.DataFrame({"tier": then.scorecard.tiers().labels, "points": then.scorecard.score})
        ranks = ranks.assign(**{key: rival.reindex(ranks.index).fillna(0.0) for key, rival in rivals.items()})
        middle = pd.Timestamp(base.as_of - dt.timedelta(days=YEAR_DAYS // 2))
        came = pd.DataFrame(
            {
                base.worth.name: base.worth.last_year.reindex(ranks.index).fillna(0.0),
                "left": (base.totals["last_on"].reindex(ranks.index) <= middle).astype(float),
            }
        )
        day = then.base.as_of
        return predicts(
            {day: ranks.rename_axis("customer_id").reset_index()},
            {day: came.rename_axis("customer_id").reset_index()},
            base.worth.name,
            self.scheme.tiers,
            seed=base.seed,
        )

    @property
    def title(self) -> str:  # type: ignore[override]
        """What the tiers are made of."""
        return f"Tiers of {plural(len(self.labels), 'customers')} with an order in the last 365 days"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per graded customer: the tier held and by points, score, and what each dimension brings."""
        frame = self.scorecard.to_frame().rename(columns={TIER: BY_POINTS})
        frame.insert(1, TIER, self.labels.to_numpy())
        return frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how scores are spread, with the cuts between tiers."""
        return self.scorecard.plot(ax)

    def __repr__(self) -> str:
        """Return the tiers as text."""
        return f"{self.title}\n{self.held!r}"

    def _repr_html_(self) -> str:
        return self.held._repr_html_()
