"""What the entitlements of each tier cost against the margin it brings and the margin at stake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.clv.valuing.ranges import Range
from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.tiers.playbook.entitlements import (
    ENTITLEMENTS,
    TIERS,
    Entitlement,
    not_stated,
    quantities,
    stated_total,
    yearly_costs,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "all"


class TierCosts(Remarked):
    """Cost of the entitlements against margin and margin at stake, by tier.

    Attributes
    ----------
    accounts
        DataFrame by customer_id: tier, entitlement_cost, margin, value, at_stake; and how far from it the ends of the
        leave probability put it (leaving_lower, leaving_upper), and those of value, squared (value_lower, value_upper).
    currency
        Of all money.
    remarks
        What is not stated, and what the intervals are.
    """

    decimals = 0
    percent = ("cost_share",)

    def __init__(self, accounts: pd.DataFrame, remarks: tuple[str, ...], currency: str) -> None:
        self.accounts, self.remarks, self.currency = accounts, remarks, currency
        self.title = "Cost of the entitlements against margin, a year, and margin at stake, by tier" + (
            f", {currency}" if currency else ""
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per tier, and one for all.

        tier, accounts; entitlement_cost and margin (a year); cost_share (of the margin; missing where that is not
        positive); value (to come); at_stake (leave probability x value) with _lower and _upper.
        """
        sums = self.accounts.drop(columns="tier").groupby(self.accounts["tier"]).sum(min_count=1)
        sums.insert(0, "accounts", self.accounts["tier"].value_counts())
        sums = sums.loc[[tier for tier in TIERS if tier in sums.index]]
        sums.loc[ALL] = sums.sum(min_count=1)
        for end, sign in (("lower", -1), ("upper", 1)):
            away = np.hypot(sums[f"leaving_{end}"], np.sqrt(sums[f"value_{end}"]))
            sums[f"at_stake_{end}"] = sums["at_stake"] + sign * away
        share = (sums["entitlement_cost"] / sums["margin"]).where(sums["margin"] > 0)
        sums.insert(3, "cost_share", share)
        shown = ["accounts", "entitlement_cost", "margin", "cost_share", "value", "at_stake"]
        frame = sums[[*shown, "at_stake_lower", "at_stake_upper"]].astype({"accounts": "int64"})
        return frame.rename_axis("tier").reset_index()

    def _shown(self) -> pd.DataFrame:
        return self.to_frame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each tier's cost, margin and margin at stake."""
        from clvlab.tiers.playbook.plots import draw_tier_costs

        return draw_tier_costs(self, ax)


def cost_by_tier(
    accounts: pd.DataFrame,
    assumptions: Assumptions,
    currency: str = "",
    doubts: Sequence[str] = (),
    entitlements: Sequence[Entitlement] = ENTITLEMENTS,
) -> TierCosts:
    """Compare what keeping the entitlements would cost with the margin a tier brings and puts at stake.

    Parameters
    ----------
    accounts
        By customer_id: ``tier``; ``margin`` (a year: contribution before rebates, cost to serve and cost of credit,
        which the entitlements count); ``value`` (to come within the horizon) and ``leave_probability``, each with
        ``_lower`` and ``_upper``, its 90% interval; where known ``quadrant`` and ``revenue`` (a year).
    assumptions
        Prices per unit and the cost of capital.
    currency
        Of all money.
    doubts
        What speaks against the values to come, in sentences.
    entitlements
        The matrix.

    Raises
    ------
    Refused
        For a missing column, a probability outside 0 to 1, and when no account has a tier.

    Examples
    --------
    >>> accounts = pd.DataFrame({
    ...     "tier": ["core"], "margin": 50000.0, "value": 90000.0, "value_lower": 60000.0, "value_upper": 120000.0,
    ...     "leave_probability": 0.2, "leave_probability_lower": 0.1, "leave_probability_upper": 0.3}, index=["c1"])
    >>> found = cost_by_tier(accounts, Assumptions(unit_costs={"visit": 460.0}), "CNY").to_frame()
    >>> found[["tier", "entitlement_cost", "cost_share", "at_stake"]].head(1)
       tier  entitlement_cost  cost_share  at_stake
    0  core            5520.0      0.1104   18000.0
    """
    ends = ("", "_lower", "_upper")
    need_columns(
        accounts.columns, ["tier", "margin", *(f"{x}{end}" for x in ("value", "leave_probability") for end in ends)]
    )
    leaves, value = (
        Range(*(accounts[f"{x}{end}"].astype(float) for end in ends)) for x in ("leave_probability", "value")
    )
    if any(((part < 0) | (part > 1)).any() for part in leaves):
        raise Refused("leave_probability lies outside 0 to 1 for some account; give shares, not percentages.")
    entitled = quantities(accounts, entitlements)
    known = entitled.notna().any(axis=1)
    if not known.any():
        raise Refused(f"No account has a tier; give tier as one of {', '.join(TIERS)}.")
    costs = yearly_costs(entitled, assumptions, accounts.get("revenue"), entitlements)
    frame = pd.DataFrame({
        "tier": accounts["tier"], "entitlement_cost": stated_total(costs, entitled, entitlements),
        "margin": accounts["margin"], "value": value.value, "at_stake": leaves.value * value.value,
    })  # fmt: skip
    for end in ("lower", "upper"):
        frame[f"leaving_{end}"] = (leaves.value - getattr(leaves, end)).abs() * value.value.abs()
        frame[f"value_{end}"] = (leaves.value * (value.value - getattr(value, end))) ** 2
    frame = frame[known]
    remarks = _remarks(frame, not_stated(costs, entitled), len(accounts) - int(known.sum()))
    return TierCosts(frame, (*doubts, *remarks), currency)


def _remarks(frame: pd.DataFrame, missing: list[str], without: int) -> tuple[str, ...]:
    """Say what the totals leave out, and what the intervals are."""
    told = []
    if missing:
        told.append(f"Cost of the stated entitlements only; without a price: {', '.join(missing)}.")
    told.append(
        "Leaving counts false alarms and those who come back: on simulated markets about a fifth fewer were gone a year"
        " later, and less was at stake."
    )
    told.append("Margin at stake is leave probability times value to come. In a total's interval, leave probabilities "
                "err together, as of one model, and values to come each by its own chance.")  # fmt: skip
    unknown = int(frame["at_stake"].isna().sum())
    if unknown:
        told.append(f"{plural(unknown, 'accounts')} without a known leave probability or value put nothing at stake.")
    if without:
        told.append(f"{plural(without, 'accounts')} without a known tier are left out.")
    return tuple(told)
