"""An account's tier: its score by indicator, how the tier is held, how firm it is, and how it moved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.tiers.classes.labelled import Classes
from clvlab.tiers.grading.held import BY_POINTS, SINCE
from clvlab.tiers.grading.indicator import Indicators
from clvlab.tiers.grading.scorecard import Scorecard
from clvlab.tiers.grading.sensitivity import TierSurvival
from clvlab.tiers.grading.stability import TierHistory

_NO_CHANGE = 0.05  # points; less is none to a reader
_WHOLE = 1000  # from here on digits after the point say nothing


def need_grade(card: Scorecard, customer_id: str) -> None:
    """Refuse an account that is not graded.

    Raises
    ------
    Refused
        When the scorecard does not hold it.
    """
    if customer_id not in card.points.index:
        raise Refused("This account has no tier: only customers with an order in the last 365 days are graded.")


def by_indicator(
    card: Scorecard,
    tier: str,
    indicators: Indicators,
    quarters: Mapping[str, Scorecard],
    customer_id: str,
    remarks: tuple[str, ...] = (),
) -> Table:
    """Return how an account scores on each indicator, and what each brings to its score.

    Parameters
    ----------
    card
        Of the day.
    tier
        The one that the account holds.
    indicators
        Of the day.
    quarters
        Scorecards of the last quarters by the same scheme, oldest first; they may lack the account, or be none.
    customer_id
        The account.
    remarks
        What to say beside it, such as :func:`beside_points` and :func:`firmness`.

    Returns
    -------
    Table
        dimension, indicator, measured, points (0 to 100), brings (to the score) of at_most, and the change of what it
        brings since the first quarter in which the account was graded. What is not known of the account brings
        what the known ones of its dimension bring on average.

    Raises
    ------
    Refused
        When the account is not graded.
    """
    need_grade(card, customer_id)
    who = pd.Index([customer_id])
    weights = card.scheme.weights
    brings = card.contributions(who).loc[customer_id]
    known = [name for name in weights.values.index if name in indicators.known.index and weights.values[name] > 0]
    frame = pd.DataFrame(
        {
            "dimension": [indicators.known[name].dimension for name in known],
            "indicator": [indicators.known[name].label for name in known],
            "measured": [
                _measured(indicators.values.loc[customer_id, name], indicators.known[name].unit) for name in known
            ],
            "points": card.points.loc[customer_id, known].to_numpy(),
            "brings": brings[known].to_numpy(),
            "at_most": 100 * weights.values[known].to_numpy(),
        }
    )
    earlier = [(quarter, one) for quarter, one in quarters.items() if customer_id in one.points.index]
    if earlier:
        quarter, then = earlier[0]
        change = (brings - then.contributions(who).loc[customer_id])[known].to_numpy()
        frame[f"change_since_{quarter}"] = np.where(np.abs(change) < _NO_CHANGE, 0.0, change)
    score = card.score[customer_id]
    return Table(frame, f"{tier.capitalize()}: {score:.1f} of 100 points", 1, fold=False, remarks=remarks)


def moved(history: TierHistory, quarters: Mapping[str, Scorecard], customer_id: str) -> Table:
    """Return an account's tier and score at the ends of the last quarters, and why it moved.

    Parameters
    ----------
    history
        Of all reviews.
    quarters
        Scorecards of those that are shown, oldest first.
    customer_id
        The account.

    Returns
    -------
    Table
        quarter, score, ``tier_by_points``, ``tier_held`` (by the band), and ``because``: what changed most since it got
        the tier it left.

    Raises
    ------
    Refused
        When it was graded in none of them.
    """
    if not any(customer_id in card.points.index for card in quarters.values()):
        raise Refused("This account was graded at the end of none of the last quarters.")
    moves = history.moves[history.moves["customer_id"] == customer_id].set_index("quarter")
    rows = [
        {
            "quarter": quarter,
            "score": card.score.get(customer_id, float("nan")),
            "tier_by_points": card.tiers().labels.get(customer_id, ""),
            "tier_held": history.tiers.loc[customer_id, quarter],
            "because": moves.loc[quarter, "reasons"] if quarter in moves.index else "",
        }
        for quarter, card in quarters.items()
    ]
    title = f"Tier at the ends of the last quarters, held within {history.band:g} points of a cut"
    return Table(pd.DataFrame(rows), title, 1, fold=False)


def in_words(held: Classes, customer_id: str) -> str:
    """Say what today's points alone would give an account where that is another tier, or where nothing else decides."""
    tier, facts = held.labels[customer_id], held.values.loc[customer_id]
    if pd.isna(facts[SINCE]):
        return "by points until its first review"
    return "" if facts[BY_POINTS] == tier else f"by points alone {facts[BY_POINTS]}"


def beside_points(held: Classes, band: float, customer_id: str) -> tuple[str, ...]:
    """Say why points alone do not decide; nothing of an account to which they give the same tier."""
    told = in_words(held, customer_id)
    rule = f"a tier changes at the end of a quarter, and only when points pass a cut by more than {band:g}"
    return (f"{told[:1].upper()}{told[1:]}: {rule}.",) if told else ()


def firmness(survival: TierSurvival, customer_id: str) -> tuple[str, ...]:
    """Say how firm the tier by points is under other weights and measurement error; nothing where it was not drawn."""
    rows = survival.frame[survival.frame["customer_id"] == customer_id]
    if rows.empty:
        return ()
    row = rows.iloc[0]
    others = row[[tier for tier in survival.tiers if tier != row["tier"]]].astype(float)
    kept = f"With other weights and measurement error its points make it {row['tier']} in {row['by_both']:.0%} of draws"
    return (f"{kept}." if others.max() == 0 else f"{kept}; {others.idxmax()} in {others.max():.0%}.",)


def _measured(number: float, unit: str) -> str:
    """Return a figure with its unit, with three digits that count and thousands whole; a dash where it is not known."""
    if pd.isna(number):
        return "–"
    return f"{number:,.0f} ({unit})" if abs(number) >= _WHOLE else f"{float(f'{number:.3g}'):g} ({unit})"
