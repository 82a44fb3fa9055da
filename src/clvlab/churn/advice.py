"""What to do about those who are leaving."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.churn.customer_churn import Churn
from clvlab.results import Note

_MOST = 3
_DOUBT = 0.2
_SURE = 0.05


def to_do(found: Churn) -> Note:
    """Return what to do first, one sentence each, with the numbers behind it.

    Parameters
    ----------
    found
        Who is leaving.
    """
    sentences = [*_silent(found), *_renewals(found), *_levers(found)]
    return Note(*(sentences or ["Nothing in these figures calls for action this month."]))


def _silent(found: Churn) -> list[str]:
    """Return who may have left unnoticed: a call tells."""
    gone = found.prospects.frame["already_gone"]
    doubted = gone[gone >= _DOUBT].sort_values(ascending=False)
    if doubted.empty:
        return []
    return [
        f"Ask {len(doubted):,} silent customers whether they are still there: each has left already with a probability "
        f"of {_DOUBT:.0%} or more; first {_first(doubted)}."
    ]


def _renewals(found: Churn) -> list[str]:
    """Return whose contract's term ends within the horizon and is likely not to be renewed."""
    ahead = found.prospects.coming
    if "contract_term_ends" not in ahead:
        return []
    ends = ahead.loc[(ahead["contract_term_ends"] == 1) & (ahead["lead"] < found.within_months), "customer_id"]
    risk = found.prospects.frame.loc[ends.unique(), f"leave_{found.within_months}"].sort_values(ascending=False)
    if risk.empty:
        return []
    return [
        f"Open renewal talks early: the terms of {len(risk):,} contracts end within {found.within_months} months, of "
        f"whose customers {risk.mean():.0%} are expected to leave; likeliest {_first(risk)}."
    ]


def _first(shares: pd.Series) -> str:
    """Return the first customers with their probabilities."""
    return ", ".join(f"{who} ({share:.0%})" for who, share in shares.head(_MOST).items())


def _levers(found: Churn) -> list[str]:
    """Return what the provider can change that raises the risk for sure."""
    effects = found.effects.to_frame()
    ours = effects[effects["reason"].isin(["service", "neglect", "price"])]
    sure = ours[(ours["p_value"] < _SURE) & (ours["hazard_ratio"] > 1) & np.isfinite(ours["hazard_ratio"])]
    if sure.empty:
        return ["No covariate in our own hands raises the risk beyond doubt in these records."]
    said = "; ".join(sure["in words"].head(_MOST))
    return [f"Work on what is in our hands: {said}."]
