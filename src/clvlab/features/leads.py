"""What became of sales leads: won, still open, or left so long that hardly any such lead is won."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.periods import parse_date, period_index
from clvlab.refusal import Refused

WON, OPEN, NOT_WON = "won", "open", "not won"
# By when this share of the won leads of a kind were won, the others count as not won.
WON_BY = 0.95
_WANTED = ("kind", "channel", "quoted_price", "cost", "trigger", "rival", "customer_id")


def lead_outcomes(leads: ir.Table, as_of: str | dt.date) -> pd.DataFrame:
    """Return what became of every lead opened up to a day.

    Parameters
    ----------
    leads
        Accepted leads as known that day: lead_id, opened_on, won_on and, where known, kind and what is said of them.
    as_of
        The last day known.

    Returns
    -------
    DataFrame
        One row per lead: lead_id, opened_on, won_on, kind ("lead" where not known), the other columns there are;
        ``open_days``: from its opening to its win, or to the day; ``outcome``: won, open or not won; and
        ``given_up_on``, the day from which it counts as not won.

    Raises
    ------
    Refused
        Without won_on, without leads, and when none of a kind was ever won: nothing then tells how long leads stay
        open.

    Notes
    -----
    No record says when a lead is given up. A lead counts as open for as long as 95% of the won leads of its kind took;
    one in twenty of the winners is taken for not won for a while, and is won when it is.

    Examples
    --------
    >>> leads = ibis.memtable({
    ...     "lead_id": ["1", "2", "3"], "opened_on": [dt.date(2025, 1, 1), dt.date(2025, 1, 2), dt.date(2025, 12, 1)],
    ...     "won_on": [dt.date(2025, 3, 1), None, None],
    ... })
    >>> lead_outcomes(leads, "2025-12-31")["outcome"].tolist()
    ['won', 'not won', 'open']
    """
    until = parse_date(as_of)
    if "won_on" not in leads.columns:
        raise Refused("What became of leads needs won_on in leads.")
    rows = leads.filter(leads.opened_on <= ibis.literal(until))
    have = [name for name in _WANTED if name in rows.columns]
    found = rows.select("lead_id", "opened_on", "won_on", *have).order_by("lead_id").to_pyarrow()
    frame = found.to_pandas(date_as_object=False)
    if frame.empty:
        raise Refused(f"No lead was opened up to {until}.")
    for name in ("opened_on", "won_on"):
        frame[name] = frame[name].astype("datetime64[ns]")
    frame["kind"] = frame["kind"].fillna("lead") if "kind" in have else "lead"
    took = (frame["won_on"] - frame["opened_on"]).dt.days
    within = frame["kind"].map(took.groupby(frame["kind"]).quantile(WON_BY))
    never = sorted(set(frame["kind"][within.isna()]))
    if never:
        raise Refused(
            f"No lead of kind {', '.join(never)} was ever won, so that nothing tells how long leads stay open."
        )
    frame["open_days"] = took.fillna((pd.Timestamp(until) - frame["opened_on"]).dt.days).astype("int64")
    won, still = took.notna(), frame["open_days"] <= within
    frame["outcome"] = np.select([won, still], [WON, OPEN], NOT_WON)
    frame["given_up_on"] = frame["opened_on"] + pd.to_timedelta(np.floor(within) + 1, unit="D")
    return frame


def lead_moves(outcomes: pd.DataFrame, last_month: int) -> pd.DataFrame:
    """Return how leads move from month to month.

    Parameters
    ----------
    outcomes
        From :func:`lead_outcomes`, of the leads to follow.
    last_month
        Number of the last whole month (:func:`clvlab.periods.period_index`).

    Returns
    -------
    DataFrame
        ``months`` since the lead was opened, ``outcome`` at the end of the next month (open, won, not won) and ``n``
        leads. A lead that is won in the month in which it was opened never is open at a month's end.
    """
    opened = period_index(outcomes["opened_on"], "month")
    ended_on = outcomes["won_on"].fillna(outcomes["given_up_on"])
    ended = period_index(ended_on, "month")
    lasts = np.maximum(np.minimum(ended, last_month) - opened, 0)
    rows = np.repeat(np.arange(len(outcomes)), lasts)
    months = np.arange(len(rows)) - np.repeat(lasts.cumsum() - lasts, lasts)
    over = opened[rows] + months + 1 == ended[rows]
    won = outcomes["won_on"].notna().to_numpy()[rows]
    found = pd.DataFrame({"months": months, "outcome": np.select([over & won, over], [WON, NOT_WON], OPEN), "n": 1})
    return found.groupby(["months", "outcome"], as_index=False)["n"].sum()
