"""Three lists to act on: whom to invest in, whom to fix, whom to let go; each account on one of them at most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clvlab.clv.valuing.ranges import Range, product
from clvlab.features.tables import need_columns
from clvlab.periods import MONTHS_PER_YEAR
from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.classes.quadrants import KEEP, TIGHTEN
from clvlab.tiers.playbook.action_reasons import fix_reason, invest_reason, let_go_reason, mend_reason
from clvlab.tiers.playbook.action_result import (
    CONNECTED,
    CONNECTIONS_UNTOLD,
    FIX,
    INVEST,
    LET_GO,
    LOOKED_AT,
    MAY_BE_MENDED,
    MAY_WIN,
    NOT_CLEAR,
    POTENTIAL_UNTOLD,
    ActionLists,
    Rules,
)
from clvlab.tiers.playbook.connections import going_along

ENDS = ("", "_lower", "_upper")
ESTIMATES = ("recurring_profit", "value", "could_be_won", "leave_probability")
AMOUNTS = ("revenue", "contribution", "cost_to_serve")


def action_lists(
    accounts: pd.DataFrame,
    rules: Rules | None = None,
    under_served: pd.DataFrame | None = None,
    connected: pd.DataFrame | None = None,
    currency: str = "",
    doubts: Sequence[str] = (),
) -> ActionLists:
    """Sort accounts into three lists, each with money and the reason.

    Parameters
    ----------
    accounts
        By customer_id, all money of the last 365 days unless said otherwise: ``revenue``, ``contribution`` (before cost
        to serve), ``cost_to_serve``; ``recurring_profit`` (contribution less cost to serve and cost of credit; what
        winning the customer cost is spent either way and left out), ``value`` (to come within the horizon),
        ``could_be_won`` (a year; missing where nothing is known) and ``leave_probability``, each with ``_lower`` and
        ``_upper``, its 90% interval; where known ``tier``, ``quadrant``, and ``cultivation_cost`` (a year).
    rules
        The numbers that decide.
    under_served
        From :meth:`clvlab.tiers.playbook.gaps_result.Gaps.under`: customer_id, cost_to_close, gaps.
    connected
        From :func:`clvlab.tiers.playbook.connections.connections`, at least of the accounts below zero.
    currency
        Of all money.
    doubts
        What speaks against the values to come, in sentences.

    Returns
    -------
    ActionLists
        Accounts below zero that no rule decides stand apart, with what keeps them off the list "let go".

    Raises
    ------
    Refused
        For a missing column, and an account that stands twice.

    Notes
    -----
    Below zero is whose recurring profit has its whole interval below 0. What the dearest price and the largest saving
    in ``rules`` give together is its room. It is *fixed* when the room covers the loss, and *let go* when not even the
    smallest loss (the interval's end) is covered by the room and the most that could be won, its potential is low by
    the quadrant, and the value that hangs on it through other customers is less than the loss within the horizon.
    Whoever is under-served beyond chance with more at stake, at the lower end, than keeping the entitlement costs is
    fixed too: nothing extends a relation that is being neglected. Of the others those are *invested* in who could give,
    at the lower end, more than cultivating them costs, unless their potential is low by the quadrant. A quadrant that
    is undecided, or not known, is neither high nor low.

    Letting go ends the loss and leaves a part of the cost to serve behind, since people and equipment stay: that part
    (``rules.staying``) has to be covered by others, until it is put to other use.
    """
    rules = rules or Rules()
    need_columns(accounts.columns, [*AMOUNTS, *(name + end for name in ESTIMATES for end in ENDS)])
    twice = accounts.index.duplicated()
    if twice.any():
        raise Refused(f"accounts has several rows for {accounts.index[twice][0]!r}; give one per account.")
    rows = _prepared(accounts.rename_axis("customer_id"), under_served, connected)
    lists, why = _sorted_out(rows, rules)
    parts = [_invest(rows[lists == INVEST]), _mend(rows[(lists == FIX) & rows["below"]], rules)]
    parts += [_keep(rows[(lists == FIX) & ~rows["below"]]), _let_go(rows[lists == LET_GO], rules)]
    found = pd.concat([part for part in parts if len(part)] or parts[:1])
    apart = rows.loc[why != "", ["tier", "recurring_profit", "recurring_profit_lower", "recurring_profit_upper"]]
    apart = apart.assign(why=why[why != ""]).sort_values("recurring_profit", kind="stable").reset_index()
    caveats = [*doubts]
    caveats += [] if rows["quadrant"].fillna(NOT_KNOWN).ne(NOT_KNOWN).any() else [POTENTIAL_UNTOLD]
    caveats += [CONNECTIONS_UNTOLD] if connected is None else []
    return ActionLists(found, apart, rules, caveats, currency)


def _prepared(accounts: pd.DataFrame, under: pd.DataFrame | None, connected: pd.DataFrame | None) -> pd.DataFrame:
    """Return the accounts with all columns that the rules look at."""
    rows = accounts.sort_index().reindex(
        columns=accounts.columns.union(["tier", "quadrant", "cultivation_cost"], sort=False)
    )
    rows["cultivation_cost"] = rows["cultivation_cost"].astype(float).fillna(0.0)
    leaves, value = (
        Range(*(rows[name + end].astype(float) for end in ENDS)) for name in ("leave_probability", "value")
    )
    rows = rows.assign(**product(leaves, value).columns("at_stake"), below=rows["recurring_profit_upper"] < 0)
    none = pd.DataFrame(columns=["customer_id", "cost_to_close", "gaps"])
    rows = rows.join((none if under is None else under).set_index("customer_id")[["cost_to_close", "gaps"]])
    along = pd.DataFrame(columns=["connected", "connected_value", "hanging_value", "connected_are"])
    if connected is not None and len(connected):
        along = going_along(connected, accounts["value"])
    rows = rows.join(along)
    amounts = ["connected", "connected_value", "hanging_value", "cost_to_close"]
    rows[amounts] = rows[amounts].astype(float)
    return rows


def _sorted_out(rows: pd.DataFrame, rules: Rules) -> tuple[pd.Series, pd.Series]:
    """Return each account's list, blank for none, and what keeps one below zero off all of them."""
    loss, least = -rows["recurring_profit"], -rows["recurring_profit_upper"]
    room = rules.price_rise * rows["revenue"] + rules.saving * rows["cost_to_serve"]
    won = rows["could_be_won_upper"]
    hanging = rows["hanging_value"].fillna(0.0)
    below, low = rows["below"], rows["quadrant"].isin([KEEP, TIGHTEN])
    kept = ~below & rows["gaps"].notna() & (rows["at_stake_lower"] > rows["cost_to_close"].fillna(0.0))
    grown = ~below & ~low & (rows["could_be_won_lower"] > rows["cultivation_cost"])
    doubts = {
        NOT_CLEAR: ~below & (loss > 0),
        MAY_BE_MENDED: below & (room >= least),
        MAY_WIN: below & (room + won >= least),
        LOOKED_AT: below & (~low | won.isna()),
        CONNECTED: below & (hanging > least * rules.horizon_months / MONTHS_PER_YEAR),
    }
    fixed = (below & (room >= loss)) | kept
    lists = np.select([fixed, below & ~np.any(list(doubts.values()), axis=0), grown], [FIX, LET_GO, INVEST], "")
    why = np.select(list(doubts.values()), list(doubts), "")
    return pd.Series(lists, rows.index), pd.Series(np.where(lists == "", why, ""), rows.index)


def _listed(rows: pd.DataFrame, name: str, money: Range, money_is: str, reason: pd.Series) -> pd.DataFrame:
    """Return rows of one list, the most money first."""
    frame = pd.DataFrame({
        "list": name, "tier": rows["tier"], "quadrant": rows["quadrant"], **money.columns("money"),
        "money_is": money_is, "reason": reason,
    }, index=rows.index)  # fmt: skip
    return frame.reset_index().sort_values(["money", "customer_id"], ascending=[False, True])


def _loss(rows: pd.DataFrame) -> Range:
    return Range(-rows["recurring_profit"], -rows["recurring_profit_upper"], -rows["recurring_profit_lower"])


def _invest(rows: pd.DataFrame) -> pd.DataFrame:
    gain = Range(*(rows["could_be_won" + end] - rows["cultivation_cost"] for end in ENDS))
    return _listed(rows, INVEST, gain, "could be won, a year", invest_reason(rows))


def _mend(rows: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    return _listed(rows, FIX, _loss(rows), "loss ended, a year", mend_reason(rows, rules))


def _keep(rows: pd.DataFrame) -> pd.DataFrame:
    at_stake = Range(*(rows["at_stake" + end] for end in ENDS))
    return _listed(rows, FIX, at_stake, "value at stake", fix_reason(rows))


def _let_go(rows: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    left = rules.staying * rows["cost_to_serve"]
    rows = rows.assign(left_uncovered=left, first_year=-rows["recurring_profit"] - left)
    listed = _listed(rows, LET_GO, _loss(rows), "loss ended, a year", let_go_reason(rows, rules))
    more = ["contribution", "left_uncovered", "first_year", "connected", "hanging_value", "connected_value"]
    return listed.join(rows[more].rename(columns={"contribution": "contribution_lost"}), on="customer_id")
