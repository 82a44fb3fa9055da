"""Loyalty: what customers feel against what they do, the share they give us, renewals and recommendation."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.churn.prospects.prospects import CONTRACT
from clvlab.clv.valuing.ranges import Range
from clvlab.cores import on_all_cores
from clvlab.features.by_customer import aligned, everyone, first_label
from clvlab.features.loyalty_measures import INTENTIONS, MEASURES
from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.shrinkage import jeffreys_interval
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes
from clvlab.tiers.classes.straddling import probability_above, straddles, with_ends

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOYAL = "loyal"
LEAVING_SATISFIED = "satisfied but leaving"
CAPTIVE = "dissatisfied but captive"
INERT = "dissatisfied but staying"
LEAVING = "dissatisfied and leaving"
STRUCTURAL = "structural"


@dataclass(frozen=True, repr=False, eq=False)
class Loyalty(Classes):
    """Customers by attitude and behaviour.

    ``values`` holds, by customer_id: satisfaction and leaving, each with its _lower and _upper; tie; sure (no interval
    holds a cut); probability (of being on these sides of both cuts, the two taken as independent); the measures given;
    and the amount, when given.

    Parameters
    ----------
    satisfied_from, leaving_from
        The cuts of satisfaction and of the probability to leave.
    """

    satisfied_from: float = field(default=0.0)
    leaving_from: float = field(default=0.0)

    def satisfied_but_leaving(self, most: int = 12) -> Table:
        """Return the satisfied who are leaving, by the amount at stake times the probability that it is so.

        It is not the service that drives them off: ask what does.
        """
        return self._listed(LEAVING_SATISFIED, most)

    def captive(self, most: int = 12) -> Table:
        """Return the dissatisfied who are tied to us, by the amount at stake times the probability that it is so.

        They go when the tie ends: mend the service before.
        """
        return self._listed(CAPTIVE, most)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every customer by satisfaction and probability to leave."""
        from clvlab.tiers.classes.moving_plots import draw_loyalty

        return draw_loyalty(self, ax)

    def _listed(self, label: str, most: int) -> Table:
        chosen = self.values[self.labels == label].reset_index()
        shown = [*MEASURES, *([self.amount] if self.amount else [])]
        chosen["rank"] = chosen["probability"] * (chosen[self.amount] if self.amount else 1.0)
        chosen = chosen.sort_values(["rank", "customer_id"], ascending=[False, True])
        columns = ["customer_id", "satisfaction", "leaving", "leaving_lower", "leaving_upper", "probability", "tie"]
        columns += [name for name in shown if name in chosen and chosen[name].notna().any()]
        percent = ("satisfaction", "leaving", "leaving_lower", "leaving_upper", "probability", "wallet_share")
        title = f"{label.capitalize()}: {len(chosen):,} customers, {int(chosen['sure'].sum()):,} of them for sure"
        return Table(chosen[columns].head(most).reset_index(drop=True), title, 0, (*percent, *INTENTIONS), fold=False)


def loyalty(
    attitude: Range,
    leaving: Range,
    tie: pd.Series,
    measures: pd.DataFrame | None = None,
    amount: pd.Series | None = None,
    unit: str = "",
    satisfied_from: float = 0.7,
    leaving_from: float | None = None,
) -> Loyalty:
    """Set attitude against behaviour, and call out the satisfied who are leaving and the dissatisfied who are captive.

    Parameters
    ----------
    attitude
        Satisfaction as a share of the scale, with the ends of its 90% interval, by customer_id
        (:func:`clvlab.features.loyalty_measures.satisfaction`).
    leaving
        Probability to leave within a year (``leave_12`` of the prospects), with its 90% interval.
    tie
        What holds each customer besides its satisfaction, in a word: ``"contract"``, ``"structural"``; blank or missing
        for nothing.
    measures
        From :func:`clvlab.features.loyalty_measures.loyalty_measures`, to stand beside.
    amount
        Money at stake by customer; its name is what it is shown as.
    unit
        Of the money.
    satisfied_from
        Satisfaction from here on is high, as a share of the scale: 0.7 is seven of ten.
    leaving_from
        A probability to leave from here on is high; when None, one and a half times the mean of all.

    Returns
    -------
    Loyalty
        Those without an answer or a probability are :data:`NOT_KNOWN`.

    Raises
    ------
    Refused
        For shares and probabilities outside 0 to 1, and when no customer has both.

    Notes
    -----
    Attitude against behaviour is Dick and Basu's (1994) reading of loyalty: "Customer loyalty: toward an integrated
    conceptual framework", Journal of the Academy of Marketing Science 22(2). Here behaviour is the probability to stay.
    Where satisfaction is one of the covariates of that probability the two are not independent, and few stand in the
    two corners that are called out.

    Examples
    --------
    >>> codes = pd.Index(["c1", "c2"], name="customer_id")
    >>> attitude, leaving = pd.Series([0.9, 0.4], codes), pd.Series([0.5, 0.05], codes)
    >>> tie = pd.Series(["", "contract"], codes)
    >>> found = loyalty(Range(attitude, attitude, attitude), Range(leaving, leaving, leaving), tie)
    >>> found.labels.tolist()
    ['satisfied but leaving', 'dissatisfied but captive']
    """
    for name, figures in (("satisfaction", attitude), ("the probability to leave", leaving)):
        if ((figures.value < 0) | (figures.value > 1)).any():
            raise Refused(f"Some customers have {name} outside 0 to 1; give shares of the scale, not points.")
    codes = everyone(leaving.value.index, attitude.value.index)
    attitude, leaving = on_all_cores(partial(with_ends, customers=codes), (attitude, leaving), len(codes))
    known = attitude.value.notna() & leaving.value.notna()
    if not known.any():
        raise Refused("No customer has both an answer to a survey and a probability to leave.")
    high = float(1.5 * leaving.value.mean()) if leaving_from is None else leaving_from
    satisfied, goes = attitude.value >= satisfied_from, leaving.value >= high
    tied = aligned(tie, codes).fillna("").astype(str)
    corners = [~known, satisfied & goes, satisfied, goes, tied != ""]
    labels = pd.Series(first_label(corners, [NOT_KNOWN, LEAVING_SATISFIED, LOYAL, LEAVING, CAPTIVE], INERT), codes)
    sure = known & ~(straddles(attitude, satisfied_from) | straddles(leaving, high))
    cuts = [(attitude, satisfied_from), (leaving, high)]
    likely, likely_to_go = on_all_cores(lambda one: probability_above(*one), cuts, len(codes))
    probability = likely.where(satisfied, 1 - likely) * likely_to_go.where(goes, 1 - likely_to_go)
    columns = attitude.columns("satisfaction") | leaving.columns("leaving")
    columns |= {"tie": tied, "sure": sure, "probability": probability}
    if measures is not None:
        columns |= {str(name): column.copy() for name, column in aligned(measures, codes).items()}
    if amount is not None:
        columns[str(amount.name)] = aligned(amount, codes).copy()
    values = pd.DataFrame(columns, copy=False)
    rules = {
        LOYAL: f"satisfaction of {satisfied_from:.0%} or more, probability to leave below {high:.0%}",
        LEAVING_SATISFIED: f"satisfaction of {satisfied_from:.0%} or more, probability to leave of {high:.0%} or more",
        CAPTIVE: "satisfaction below, probability to leave below, tied by a contract or structurally",
        INERT: "satisfaction below, probability to leave below, nothing that ties",
        LEAVING: "satisfaction below, probability to leave as high",
    }
    return Loyalty(
        "Attitude and behaviour", labels, rules, values,
        None if amount is None else str(amount.name), unit, _remarks(known, sure, satisfied, goes),
        satisfied_from, high,
    )  # fmt: skip


def ties(tie: pd.Series, retention_level: pd.Series) -> pd.Series:
    """Return what holds each customer besides its satisfaction: a contract, or joined systems and processes.

    Parameters
    ----------
    tie
        What prospects name, by customer_id: a contract counts.
    retention_level
        What the customer file says, by customer_id: it tells who is tied structurally.

    Examples
    --------
    >>> both = ["a", "b"]
    >>> ties(pd.Series(["contract", ""], both), pd.Series(["social", "structural"], both)).tolist()
    ['contract', 'structural']
    """
    structural = aligned(retention_level, tie.index) == STRUCTURAL
    return pd.Series(first_label([tie == CONTRACT, structural], [CONTRACT, STRUCTURAL], ""), tie.index, name=tie.name)


def _remarks(known: pd.Series, sure: pd.Series, satisfied: pd.Series, goes: pd.Series) -> list[str]:
    """Say who is not known, who is on the right side of both cuts for sure, and what share of the satisfied leaves."""
    remarks = [f"{int(sure.sum()):,} of {int(known.sum()):,} customers are clear of both cuts."]
    if not known.all():
        gap = f"{int((~known).sum()):,} of {len(known):,} customers"
        remarks.append(f"{gap} have no answer to a survey or no probability to leave: silence is not satisfaction.")
    number = int((known & satisfied).sum())
    if number:
        leaving = int((known & satisfied & goes).sum())
        lower, upper = jeffreys_interval(leaving, number)
        share = f"{leaving / number:.0%} of the satisfied are leaving (90% interval {lower[0]:.0%} to {upper[0]:.0%})"
        remarks.append(f"{share}: satisfaction is the start of loyalty, not its end.")
    return remarks
