"""The same covariates against each cause of leaving."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clvlab.churn.hazards.cox.model import cox
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused
from clvlab.results import Table


def cause_specific(
    spells: pd.DataFrame, covariates: str | Sequence[str], strata: str | Sequence[str] = (), confidence: float = 0.95
) -> Table:
    """Fit a Cox model to each cause by itself, other causes ending follow-up.

    Answers what raises the hazard of leaving for the price, and whether it is what raises that of leaving for the
    service. A ratio speaks of the rate among those still there, not of how many will have left for that cause.

    Parameters
    ----------
    spells, covariates, strata, confidence
        As for :func:`~clvlab.churn.hazards.cox.cox`; ``cause`` names the cause of each event. Events without one
        end follow-up for all causes.

    Returns
    -------
    Table
        ``cause``, ``events``, ``covariate``, ``hazard_ratio``, ``lower``, ``upper``, ``p_value``, ``remarks``; the most
        frequent cause first. A cause that cannot be fitted has one row that says why.

    Raises
    ------
    Refused
        When no event has a cause.

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [2, 3, 5, 7, 8, 9], "event": [1, 1, 1, 0, 1, 0], "late": [4, 6, 1, 2, 3, 0]})
    >>> spells["cause"] = ["service", "service", "price", None, "service", None]
    >>> cause_specific(spells, "late").to_frame()[["cause", "events", "covariate"]].to_string(index=False, header=False)
    'service 3 late\\n  price 1 late'
    """
    need_columns(spells.columns, ["cause", "event"])
    counts = spells.loc[spells["event"] == 1, "cause"].value_counts()
    if counts.empty:
        raise Refused("No event has a cause; name causes in the column 'cause'.")
    parts = []
    for cause, events in counts.items():
        try:
            fit = cox(spells, covariates, strata=strata, cause=str(cause), confidence=confidence)
            part = fit.hazard_ratios_.assign(remarks=" ".join(fit.remarks))
        except Refused as refusal:
            part = pd.DataFrame({"remarks": [str(refusal)]})
        parts.append(part.assign(cause=cause, events=events))
    order = ["cause", "events", "covariate", "hazard_ratio", "lower", "upper", "p_value", "remarks"]
    title = f"Hazard ratios of leaving for each cause ({100 * confidence:g}% intervals)"
    return Table(pd.concat(parts, ignore_index=True).reindex(columns=order), title, decimals=2)
