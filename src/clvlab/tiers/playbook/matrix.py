"""The entitlement matrix as it is read: quantities by tier and quadrant, prices per unit, and cost per account."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.results import Remarked, Table
from clvlab.tiers.classes.quadrants import TREATMENTS
from clvlab.tiers.playbook.entitlements import (
    CAPITAL,
    ELSEWHERE,
    ENTITLEMENTS,
    OF_REVENUE,
    QUADRANTS,
    TIERS,
    Entitlement,
    not_stated,
    price_per_unit,
    quantities,
    stated_total,
    yearly_costs,
)

READING = (
    "The practice is written out for core and important customers; the quantities, and all of potential and regular, "
    "are our reading of it, to be replaced by your own."
)
ADDED = "A quadrant adds to what the tier gives; limits (hours, accounts, class, tie) hang on the tier alone."
_TREATMENTS = {
    "core": "Custom one-stop solutions, a manager of its own, 7x24 response, capacity and warehouse first, flexible "
    "settlement, better prices, visits between executives, a fast lane for complaints.",
    "important": "Stable standard service of high quality, some customisation, a named contact, competitive prices.",
    "potential": "Found early and cultivated, with more effort than today's revenue would justify.",
    "regular": "Standard service at low cost, self-service.",
    **{name: TREATMENTS[name] for name in QUADRANTS},
}


class EntitlementMatrix(Remarked):
    """What each tier and quadrant is entitled to.

    Attributes
    ----------
    costs
        What an account of each tier costs a year, entitlement by entitlement, and the total of the stated.
    treatments
        How each tier and quadrant is to be treated, in words.
    remarks
        Whose reading it is, and what is not stated.
    """

    decimals = 1
    fold = False

    def __init__(self, frame: pd.DataFrame, costs: Table, remarks: tuple[str, ...], currency: str) -> None:
        self._frame, self.costs, self.remarks = frame, costs, remarks
        words = pd.DataFrame({"tier or quadrant": _TREATMENTS.keys(), "treatment": _TREATMENTS.values()})
        self.treatments = Table(words, "Treatment by tier and by quadrant", fold=False)
        self.title = "What each tier is entitled to, and what its quadrant adds" + (
            f" (price per unit in {currency})" if currency else ""
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per entitlement.

        entitlement, group, unit; one column per tier; one per quadrant (what it adds); price_per_unit (missing where
        not stated or a part of the account's revenue) and price (what the price is one of).
        """
        return self._frame

    def _shown(self) -> pd.DataFrame:
        added = self._frame[[name for name in QUADRANTS if (self._frame[name] != 0).any()]]
        plain = self._frame.drop(columns=list(QUADRANTS))
        plain[list(TIERS)] = plain[list(TIERS)].map("{:g}".format)
        more = [
            "; ".join(f"{label}: {amount:+g}" for label, amount in row.items() if amount)
            for row in added.to_dict("records")
        ]
        plain.insert(plain.columns.get_loc("regular") + 1, "a quadrant adds", more)
        return plain


def entitlement_matrix(
    assumptions: Assumptions, currency: str = "", entitlements: Sequence[Entitlement] = ENTITLEMENTS
) -> EntitlementMatrix:
    """Return the entitlement matrix with prices per unit and what an account of each tier costs a year.

    Parameters
    ----------
    assumptions
        ``unit_costs``, ``entitlement_costs`` and ``cost_of_capital``.
    currency
        Of the prices.
    entitlements
        The provider's own, where they differ from the field's.

    Examples
    --------
    >>> found = entitlement_matrix(Assumptions(unit_costs={"visit": 460.0}), "CNY")
    >>> found.costs.to_frame().set_index("entitlement").loc["visits", ["core", "regular"]].tolist()
    [5520.0, 230.0]
    """
    rows = [
        {
            "entitlement": line.name, "group": line.group, "unit": line.unit,
            **dict(zip(TIERS, line.by_tier, strict=True)),
            **{name: line.by_quadrant.get(name, 0) for name in QUADRANTS},
            "price_per_unit": float("nan") if line.cost == ELSEWHERE else price_per_unit(line, assumptions),
            "price": "in other lines" if line.cost == ELSEWHERE else line.cost.replace("_", " "),
        }
        for line in entitlements
    ]  # fmt: skip
    tiers = pd.DataFrame({"tier": TIERS}, index=list(TIERS))
    entitled = quantities(tiers, entitlements)
    costs = yearly_costs(entitled, assumptions, entitlements=entitlements)
    lines = [line for line in entitlements if line.cost != ELSEWHERE]
    shown = costs[[line.name for line in lines]].T.rename_axis("entitlement").reset_index()
    total = {"entitlement": "total of the stated", **stated_total(costs, entitled, entitlements)}
    shown = pd.concat([shown, pd.DataFrame([total])[shown.columns]], ignore_index=True)
    money = f", {currency}" if currency else ""
    table = Table(shown, f"What an account of each tier is entitled to, cost a year{money}", 0, fold=False)
    return EntitlementMatrix(pd.DataFrame(rows), table, _remarks(lines, not_stated(costs, entitled)), currency)


def _remarks(lines: Sequence[Entitlement], missing: Sequence[str]) -> tuple[str, ...]:
    """Say whose reading it is, and which prices are not stated."""
    by_revenue = [line.name for line in lines if line.name in missing and line.cost in (OF_REVENUE, CAPITAL)]
    unknown = {line.cost: line.name for line in lines if line.name in missing and line.name not in by_revenue}
    told = [READING, ADDED]
    if by_revenue:
        told.append(f"What {' and '.join(by_revenue)} cost hangs on an account's revenue: counted per account.")
    if unknown:
        told.append(f"Cost not stated, in no total: {', '.join(unknown.values())}; give {', '.join(unknown)} a price "
                    "under unit_costs or entitlement_costs in clvlab.toml.")  # fmt: skip
    return tuple(told)
