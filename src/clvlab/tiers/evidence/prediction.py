"""Whether tiers say anything about the next year: out of time, against simpler rankings of the same customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.evaluation.forecasts import Array
from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused
from clvlab.results import Note, Result, Table
from clvlab.shrinkage import jeffreys_interval
from clvlab.tiers.evidence.rankings import (
    Ranked,
    amount_by_tier,
    drawn,
    held_by_first,
    interval,
    joined,
    ranked,
    scores,
)
from clvlab.tiers.grading.cuts import CORE, IMPORTANT, POTENTIAL, REGULAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCORECARD, BEST = "scorecard", "best possible"
TIERS = (CORE, IMPORTANT, POTENTIAL, REGULAR)
BEATEN, AHEAD, NOT_TOLD = "beaten", "ahead", "no difference told"
_POINTS_OF_CURVE = 101


class Prediction(Result):
    """What the scorecard and its rivals said about the next year.

    Attributes
    ----------
    by_tier
        DataFrame: tier, customers (rows of all days), mean amount of the next year, ``amount_share`` of all of it,
        ``left`` (share that left, of those of whom it is known); the mean and ``left`` with _lower and _upper.
    curves
        DataFrame: one row per share of customers (index), one column per ranking and ``best possible``: the part of
        next year's amount that the first of the ranking held, the mean over days.
    cuts
        Shares of customers in the first tier, the first two, and so on: the mean over days.
    amount, remarks
        What was measured, and what a reader has to know.
    """

    def __init__(
        self, frame: pd.DataFrame, by_tier: pd.DataFrame, curves: pd.DataFrame, cuts: Array, amount: str,
        remarks: Sequence[str],
    ) -> None:  # fmt: skip
        self._frame, self.by_tier, self.curves, self.cuts = frame, by_tier, curves, cuts
        self.amount, self.remarks = amount, tuple(remarks)
        self.title = f"What rankings said about next year's {amount.replace('_', ' ')} (90% intervals)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per measure and ranking.

        Returns
        -------
        DataFrame
            measure, ranking, value (higher is better), lower, upper; ``difference``: the scorecard's value less this
            rival's, with difference_lower, difference_upper; ``scorecard_is``: beaten, ahead, or no difference told.
        """
        return self._frame

    @property
    def beaten(self) -> bool:
        """Whether any rival beats the scorecard in any measure."""
        return bool((self._frame["scorecard_is"] == BEATEN).any())

    @property
    def finding(self) -> str:
        """Where the scorecard is beaten and where it is ahead: one sentence per rival."""
        rivals = self._frame[self._frame["ranking"] != SCORECARD]
        return " ".join(_verdict(str(rival), rows) for rival, rows in rivals.groupby("ranking", sort=False))

    def tiers(self) -> Table:
        """Return what the next year brought by tier."""
        title = f"Next year's {self.amount.replace('_', ' ')} and share that left, by tier"
        return Table(self.by_tier, title, 0, ("amount_share", "left", "left_lower", "left_upper"))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what part of next year's amount the first customers of each ranking held."""
        from clvlab.tiers.evidence.plots import draw_prediction

        return draw_prediction(self, ax)

    def __repr__(self) -> str:
        """Return finding, tables and remarks as text."""
        return "\n".join([self.finding, super().__repr__(), repr(self.tiers()), *self.remarks])

    def _repr_html_(self) -> str:
        tables = super()._repr_html_() + self.tiers()._repr_html_()
        return Note(self.finding)._repr_html_() + tables + Note(*self.remarks)._repr_html_()


def predicts(
    ranks_at: Mapping[dt.date, pd.DataFrame],
    outcomes: Mapping[dt.date, pd.DataFrame],
    amount: str = "margin",
    tiers: Sequence[str] = TIERS,
    replicates: int = 200,
    seed: int = 1,
) -> Prediction:
    """Compare tiers of earlier days, and rival rankings of the same customers, with what the next year brought.

    Answers whether the scorecard earns its keep: whether its first tiers hold more of next year's money, and its last
    ones more of those who leave, than as many customers ranked by CLV alone or by last year's revenue.

    Parameters
    ----------
    ranks_at
        By earlier day, one row per customer, made with what was known on that day alone: customer_id, tier, ``points``
        where there are any (they order customers within a tier), and one or more rival rankings: each further column,
        higher first.
    outcomes
        By the same days, one row per customer: customer_id, the amount of the 365 days after the day (0 for who
        bought nothing), and where the records tell it ``left``: 1 for who left in them, 0 for who did not, missing
        where it is not known.
    amount
        The column of the amount: margin, or revenue or volume where the records have no margin.
    tiers
        Names of the tiers, best first.
    replicates
        How often customers are drawn with replacement, all their days together, for the intervals.
    seed
        Of the generator that draws them.

    Raises
    ------
    Refused
        For missing columns, no rival, days without outcomes, customers with two rows or without an outcome, fewer than
        10 customers on a day, a single tier, and an amount that does not add up to more than 0.

    Notes
    -----
    Measures are taken day by day and averaged. Differences are paired: each draw ranks the same customers in all ways.
    With amounts as uneven as customers' are, intervals of what the very first hold are somewhat too narrow.

    References
    ----------
    Malthouse, E. C. and Blattberg, R. C. (2005), "Can we predict customer lifetime value?", Journal of Interactive
    Marketing 19(1): many of the customers ranked best turn out not to be. Wübben, M. and Wangenheim, F. v. (2008),
    "Instant customer base analysis: managerial heuristics often 'get it right'", Journal of Marketing 72(3): why a
    simple rule belongs beside every score.

    Examples
    --------
    >>> codes, day = [f"c{i:02}" for i in range(40)], dt.date(2024, 12, 31)
    >>> ranks = pd.DataFrame({"customer_id": codes, "tier": ["core"] * 4 + ["regular"] * 36, "clv": range(40)})
    >>> came = pd.DataFrame({"customer_id": codes, "margin": [80.0] * 4 + [20.0] * 36})
    >>> found = predicts({day: ranks}, {day: came})
    >>> found.beaten, found.tiers()
    (False, Next year's margin and share that left, by tier
       tier customers mean mean_lower mean_upper amount_share left left_lower left_upper
       core         4   80         80         80        30.8%    –          –          –
    regular        36   20         20         20        69.2%    –          –          –)
    """
    if not ranks_at or set(ranks_at) - set(outcomes):
        raise Refused("Give tiers of at least one earlier day, and outcomes of the year after each of these days.")
    rivals = _rivals(ranks_at)
    parts = [joined(ranks_at[day], outcomes[day], rivals, amount, tiers, day) for day in sorted(ranks_at)]
    rows = pd.concat(parts)
    tiers, codes = [name for name in tiers if (rows["tier"] == name).any()], pd.Index(rows["customer_id"].unique())
    if len(tiers) < 2:
        raise Refused(f"All customers are in the tier {tiers[0]}; that ranks nobody above anybody.")
    days = [ranked(part, codes, rivals, amount, tiers) for part in parts]
    draws = [(scores(draw), amount_by_tier(draw, len(tiers))) for draw in drawn(days, replicates, seed)]
    score_draws, mean_draws = (np.array(one) for one in zip(*draws, strict=True))
    cuts = np.mean([day.first for day in days], axis=0)
    names, measures = [SCORECARD, *rivals], _measures(amount, tiers, cuts)
    frame = _compared(measures, names, scores(days), score_draws)
    by_tier = _by_tier(days, tiers, mean_draws)
    remarks = _about(ranks_at, days, len(frame[frame["ranking"] != SCORECARD]))
    return Prediction(frame, by_tier, _curves(days, names), cuts, amount, remarks)


def _rivals(ranks_at: Mapping[dt.date, pd.DataFrame]) -> list[str]:
    """Return the names of the rival rankings, the same on every day."""
    rivals = [name for name in next(iter(ranks_at.values())).columns if name not in ("customer_id", "tier", "points")]
    if not rivals:
        raise Refused("There is nothing to compare tiers with; give a column clv or last_year_revenue beside them.")
    for frame in ranks_at.values():
        need_columns(frame.columns, ["customer_id", "tier", *rivals])
    return rivals


def _measures(amount: str, tiers: Sequence[str], cuts: Array) -> list[str]:
    """Return the names of the measures, in the order of :func:`clvlab.tiers.evidence.rankings.scores`."""
    held = [f"{amount.replace('_', ' ')} held by the first {cut:.0%}" for cut in cuts]
    upto = [f"{name} ({tiers[0]})" if i == 0 else f"{name} (to {tiers[i]})" for i, name in enumerate(held)]
    return [*upto, "rank correlation", "those who left ranked lower (AUC)"]


def _compared(measures: Sequence[str], names: Sequence[str], found: Array, draws: Array) -> pd.DataFrame:
    """Return one row per measure and ranking; ``found`` is (rankings, measures), ``draws`` has replicates before."""
    lower, upper = interval(draws)
    apart, (apart_lower, apart_upper) = found[0] - found, interval(draws[:, :1] - draws)
    rows = pd.DataFrame(
        {
            "measure": np.repeat(measures, len(names)),
            "ranking": np.tile(names, len(measures)),
            **{
                name: values.T.ravel()
                for name, values in {
                    "value": found, "lower": lower, "upper": upper, "difference": apart,
                    "difference_lower": apart_lower, "difference_upper": apart_upper,
                }.items()
            },
        }
    )  # fmt: skip
    own = rows["ranking"] == SCORECARD
    rows.loc[own, ["difference", "difference_lower", "difference_upper"]] = np.nan
    told = [rows["difference_upper"] < 0, rows["difference_lower"] > 0, own]
    rows["scorecard_is"] = np.select(told, [BEATEN, AHEAD, ""], NOT_TOLD)
    return rows[rows["value"].notna()].reset_index(drop=True)


def _by_tier(days: Sequence[Ranked], tiers: Sequence[str], draws: Array) -> pd.DataFrame:
    """Return one row per tier: customers, next year's amount, and share that left."""
    tier, amount, left = (np.concatenate([getattr(day, name) for day in days]) for name in ("tier", "amount", "left"))
    known = ~np.isnan(left)
    gone, of = np.bincount(tier[known], left[known], len(tiers)), np.bincount(tier[known], minlength=len(tiers))
    lower, upper = interval(draws)
    left_lower, left_upper = jeffreys_interval(gone, of)
    with np.errstate(invalid="ignore"):
        share = gone / of
    rows = pd.DataFrame(
        {
            "tier": list(tiers),
            "customers": np.bincount(tier, minlength=len(tiers)),
            "mean": amount_by_tier(days, len(tiers)), "mean_lower": lower, "mean_upper": upper,
            "amount_share": np.bincount(tier, amount, len(tiers)) / amount.sum(),
            "left": share, "left_lower": left_lower, "left_upper": left_upper,
        }
    )  # fmt: skip
    rows.loc[of == 0, ["left_lower", "left_upper"]] = np.nan
    return rows


def _curves(days: Sequence[Ranked], names: Sequence[str]) -> pd.DataFrame:
    """Return what the first of each ranking held, by share of customers, the mean over days."""
    shares = np.linspace(0.0, 1.0, _POINTS_OF_CURVE)
    held = [[held_by_first(one, day.amount, shares) for one in [*day.rankings, day.amount]] for day in days]
    return pd.DataFrame(np.mean(held, axis=0).T, index=pd.Index(shares, name="customers"), columns=[*names, BEST])


def _verdict(rival: str, rows: pd.DataFrame) -> str:
    """Say where the scorecard is beaten by one rival and where it is ahead."""
    parts = []
    for verdict in (BEATEN, AHEAD):
        those = rows[rows["scorecard_is"] == verdict]
        named = [
            f"{row.measure} {row.value + row.difference:.2f} against {row.value:.2f}" for row in those.itertuples()
        ]
        if named:
            parts.append(f"{verdict} in {len(those)} of {plural(len(rows), 'measures')} ({', '.join(named)})")
    name = rival.replace("_", " ")
    if not parts:
        return f"Against {name} no difference is told: the interval of each holds 0."
    return f"Against {name} the scorecard is {' and '.join(parts)}."


def _about(ranks_at: Mapping[dt.date, pd.DataFrame], days: Sequence[Ranked], differences: int) -> list[str]:
    """Say of which days and customers this speaks, and how often a difference shows by chance."""
    given, used = sum(len(frame) for frame in ranks_at.values()), sum(len(day.tier) for day in days)
    remarks = [
        f"Ranked on {', '.join(day.isoformat() for day in sorted(ranks_at))}; what came is that of the 365 days after."
    ]
    if used < given:
        remarks.append(
            f"{given - used:,} of {given:,} rows without a tier or a place in a ranking are left out of all."
        )
    if differences > 1:
        remarks.append(f"By chance alone about one in ten of these {differences} differences would seem to be told.")
    unknown = sum(int(np.isnan(day.left).sum()) for day in days)
    if unknown:
        remarks.append(
            f"Whether they left is not known of {unknown:,} of {used:,}; measures of leaving are without them."
        )
    return remarks
