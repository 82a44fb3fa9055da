"""The skeleton of the panel: one row per spell and calendar month at risk, with ages and the event."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clvlab.features.panel.grid import opening_days
from clvlab.features.tables import need_columns
from clvlab.periods import epoch_days, from_epoch_days, period_index, to_periods
from clvlab.refusal import Refused

SPELL_COLUMNS = (
    "customer_id",
    "spell",
    "started_on",
    "at_risk_from",
    "at_risk_to",
    "event",
    "cause",
)


def rows_at_risk(spells: pd.DataFrame) -> pd.DataFrame:
    """Return one row per spell and calendar month in which it was at risk.

    A row is at risk from the beginning of its first day (its age then is ``entry``) to the end of its last
    (``duration``): the day of leaving counts, and an event on the first of a month falls into that month.

    Parameters
    ----------
    spells
        With the columns ``SPELL_COLUMNS``.

    Returns
    -------
    DataFrame
        customer_id, spell, month, from, until (first and last day at risk in the month), entry, duration (months of
        age), event (1 in the row in which the spell ends by it), cause, started (days since 1970).
    """
    need_columns(spells.columns, SPELL_COLUMNS)
    if spells.empty:
        raise Refused("Nobody could be seen to leave or stay; give records over more months, or of more customers.")
    first, final = (period_index(spells[name], "month") for name in ("at_risk_from", "at_risk_to"))
    length = final - first + 1
    which = np.repeat(np.arange(len(spells)), length)
    back = np.arange(len(which)) - np.repeat(np.cumsum(length) - length, length)
    month, ends_here = first[which] + back, back == length[which] - 1
    earliest = int(first.min())
    opens = opening_days(earliest, int(final.max()) - earliest + 2)
    of = spells.iloc[which].reset_index(drop=True)
    started, position = epoch_days(of["started_on"]), month - earliest
    begin = np.maximum(epoch_days(of["at_risk_from"]), opens[position])
    end = np.minimum(epoch_days(of["at_risk_to"]), opens[position + 1] - 1)
    return pd.DataFrame(
        {
            "customer_id": of["customer_id"],
            "spell": of["spell"],
            "month": month,
            "from": from_epoch_days(begin),
            "until": from_epoch_days(end),
            "entry": to_periods(begin - started, "month"),
            "duration": to_periods(end + 1 - started, "month"),
            "event": np.where(ends_here, of["event"], 0),
            "cause": of["cause"].where(ends_here & (of["event"] == 1)),
            "started": started,
        }
    )


def rows_ahead(running: pd.DataFrame, tomorrow: dt.date, months: int) -> pd.DataFrame:
    """Return one row per running spell and month from ``tomorrow`` on; columns as in :func:`rows_at_risk`."""
    need_columns(running.columns, ["customer_id", "spell", "started_on"])
    opens = opening_days(period_index(tomorrow, "month"), months + 1, tomorrow.day - 1)
    which, ahead = np.repeat(np.arange(len(running)), months), np.tile(np.arange(months), len(running))
    of = running.iloc[which].reset_index(drop=True)
    started = epoch_days(of["started_on"])
    return pd.DataFrame(
        {
            "customer_id": of["customer_id"],
            "spell": of["spell"],
            "month": period_index(tomorrow, "month") + ahead,
            "from": from_epoch_days(opens[ahead]),
            "until": from_epoch_days(opens[ahead + 1] - 1),
            "entry": to_periods(opens[ahead] - started, "month"),
            "duration": to_periods(opens[ahead + 1] - started, "month"),
            "started": started,
        }
    )
