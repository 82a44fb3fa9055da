"""What an account is entitled to by its tier and quadrant, and what it gets."""

from __future__ import annotations

import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Table, format_cell
from clvlab.tiers.playbook.entitlements import ENTITLEMENTS, quantities
from clvlab.tiers.playbook.gaps_result import OVER, UNDER

_UNITS = {line.name: line.unit for line in ENTITLEMENTS}
# What gaps compare as a share of answers in time, whatever the hours allowed.
_IN_TIME = "% answered in time"
_ANSWERS = ("answer to an enquiry", "answer to a complaint")
_VERDICTS = {
    (UNDER, True): "less, beyond chance",
    (UNDER, False): "less, may be chance",
    (OVER, True): "more, beyond chance",
    (OVER, False): "more, may be chance",
}
_ON_FILE = {UNDER: "less", OVER: "more"}


def entitled(accounts: pd.DataFrame, gaps: pd.DataFrame, customer_id: str) -> Table:
    """Return what an account is entitled to a year beside what it got.

    Parameters
    ----------
    accounts
        The playbook's accounts, by customer_id: ``tier`` and ``quadrant``.
    gaps
        From :meth:`clvlab.tiers.playbook.gaps_result.Gaps.to_frame`.
    customer_id
        The account.

    Returns
    -------
    Table
        One row per entitlement that the records tell about, clear gaps first: entitlement, unit, entitled, received,
        ``is`` (less or more, and whether that is beyond chance; blank for as entitled), and money: what the gap costs,
        or would cost to close, a year. What else is due, of which the records tell nothing, stands in the remarks.

    Raises
    ------
    Refused
        When the account is not graded or is called lost, so that nothing is due.
    """
    if customer_id not in accounts.index:
        raise Refused("Nothing is due to this account: it has no tier, or is called lost.")
    due = quantities(accounts.loc[[customer_id]]).iloc[0]
    told = gaps[gaps["customer_id"] == customer_id]
    order = told["direction"].eq("").astype(int) - told["clear"].astype(int)
    told = told.loc[order.sort_values(kind="stable").index]
    frame = pd.DataFrame(
        {
            "entitlement": told["entitlement"],
            "unit": [_IN_TIME if name in _ANSWERS else _UNITS[name] for name in told["entitlement"]],
            "entitled": told["entitled"].astype(float),
            "received": told["received"].astype(float),
            "is": [_verdict(row) for row in told.itertuples()],
            "money": told["money"].where(told["direction"] != "").astype(float).round(),
        }
    ).reset_index(drop=True)
    account, rest = accounts.loc[customer_id], due[(due.fillna(0.0) != 0) & ~due.index.isin(told["entitlement"])]
    besides = "; ".join(f"{name} {format_cell(float(number), 1)} ({_UNITS[name]})" for name, number in rest.items())
    remarks = (f"Entitled besides, of which the records tell nothing: {besides}.",) if besides else ()
    title = f"Entitled a year and received, tier {account['tier']}, quadrant {account['quadrant']}"
    return Table(frame, title, 1, fold=False, remarks=remarks)


def _verdict(row: object) -> str:
    direction, clear, chance = (getattr(row, name) for name in ("direction", "clear", "chance"))
    if pd.isna(chance):
        return _ON_FILE.get(direction, "")
    return _VERDICTS.get((direction, bool(clear)), "")
