"""Whom calling pays for: the margin that a call changes, where a randomised campaign tells it."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.clv.valuing.ranges import Range, product
from clvlab.features.customer_file.shared import plural
from clvlab.results import Note, Result, Table
from clvlab.retention.estimates import estimate

if TYPE_CHECKING:
    from clvlab.retention.campaign_effect import CampaignEffect

_PAYS, _HARMS, _OPEN = "pays", "does not pay", "not clear"


class MarginChanged(Result):
    """Accounts ranked by the margin that calling them changes; not to be mixed up with the margin at stake.

    Attributes
    ----------
    frame, remarks
        See :meth:`to_frame`, and what a reader has to know.
    """

    percent = ("reduction", "reduction_lower", "reduction_upper")
    decimals = 0

    def __init__(self, frame: pd.DataFrame, remarks: tuple[str, ...], currency: str) -> None:
        self.frame, self.remarks = frame, remarks
        self.title = f"Margin that a call changes{f', {currency}' if currency else ''}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per account, where a call changes most first.

        Returns
        -------
        DataFrame
            customer_id, group, ``reduction`` (of the probability to leave, by calling), ``margin`` (if it stays),
            ``changed`` (reduction x margin less the cost of calling), each with ``_lower`` and ``_upper``, its 90%
            interval, and calling (pays, does not pay, not clear: by that interval).
        """
        return self.frame

    def top(self, n: int = 10) -> Table:
        """Return the first ``n`` accounts as a table."""
        columns = [
            "customer_id",
            "group",
            "reduction",
            "margin",
            "changed",
            "changed_lower",
            "changed_upper",
            "calling",
        ]
        return Table(self.frame[columns].head(n), self.title, 0, self.percent, fold=False)

    def __repr__(self) -> str:
        """Return the first accounts and the remarks as text."""
        return "\n".join([repr(self.top()), *self.remarks])

    def _repr_html_(self) -> str:
        return self.top()._repr_html_() + Note(*self.remarks)._repr_html_()


def margin_changed(effect: CampaignEffect, worth: pd.DataFrame, currency: str = "") -> Result:
    """Rank the accounts of a randomised campaign by the margin that calling them again would change.

    Parameters
    ----------
    effect
        From :func:`clvlab.retention.campaign_effect.campaign_effect`.
    worth
        One row per account: customer_id, margin (expected if the account stays), lower, upper (its 90% interval).
    currency
        Of the margin.

    Returns
    -------
    Result
        A :class:`MarginChanged`; the campaign's finding alone when no effect is shown, for a ranking would be one of
        chance.

    Raises
    ------
    Refused
        For missing columns, and an account with several rows.

    Notes
    -----
    The reduction is that of the account's group, drawn towards the others, and taken to be independent of the margin
    (:func:`clvlab.clv.valuing.ranges.product`). Accounts with no margin to lose, or none known, are left out.
    """
    if not effect.shown:
        return Note(effect.finding)
    accounts = effect.group_of.index
    earns = estimate(worth, "worth", "margin", accounts)
    less = effect.by_group().of(effect.group_of)
    changed, cost = product(less, earns), 0.0 if isnan(effect.cost) else effect.cost
    net = Range(*(part - cost for part in changed))
    calling = pd.Series(_OPEN, index=accounts).mask(net.lower > 0, _PAYS).mask(net.upper < 0, _HARMS)
    frame = pd.DataFrame(
        {"group": effect.group_of, **less.columns("reduction"), **earns.columns("margin"), **net.columns("changed"),
         "calling": calling},
    )  # fmt: skip
    frame = frame.rename_axis("customer_id").reset_index()
    ranked = frame[(frame["margin"] > 0) & frame["changed"].notna()]
    ranked = ranked.sort_values(["changed", "customer_id"], ascending=[False, True], ignore_index=True)
    outside = int((~worth["customer_id"].isin(accounts)).sum())
    remarks = [effect.finding, f"Calling is taken to cost {cost:,.0f} {currency} a customer, as in the campaign."]
    if isnan(effect.cost):
        remarks[-1] = "The records have no cost of the campaign, so what a call changes is before its cost."
    if left_out := len(frame) - len(ranked):
        remarks.append(f"{plural(left_out, 'accounts')} of the campaign left out: no margin to lose, or none known.")
    if outside:
        remarks.append(f"{plural(outside, 'accounts')} outside the campaign left out: it tells nothing about others.")
    return MarginChanged(ranked, tuple(remarks), currency)
