"""What analysts and account managers noted about an account: outcomes of calls, and their own judgement."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from clvlab.features.customer_file.shared import present
from clvlab.features.tables import AnyTable, need_columns
from clvlab.results import format_cell
from clvlab.retention.in_words import plain_text

ALREADY_LEFT = "already left"
_OPTIONAL = ("noted_by", "outcome", "probability", "valid_until", "reason")


def last_notes(calls: AnyTable | None, as_of: dt.date) -> pd.DataFrame:
    """Return what was last noted about each account: what came of a call, and a judgement that still counts.

    Parameters
    ----------
    calls
        The table ``calls``; any column but customer_id and noted_on may be absent. None where nothing was noted yet.
    as_of
        The last day known.

    Returns
    -------
    DataFrame
        Indexed by customer_id: last_call and override (in words), override_probability, and noted_left (whether the
        last outcome says that it has left already).

    Examples
    --------
    >>> calls = pd.DataFrame({"customer_id": ["a"], "noted_on": ["2025-12-01"], "outcome": [ALREADY_LEFT]})
    >>> last_notes(calls, dt.date(2025, 12, 31)).loc["a", "last_call"]
    'already left (2025-12-01)'
    """
    if calls is None:
        return pd.DataFrame(columns=["last_call", "override", "override_probability", "noted_left"])
    need_columns(calls.columns, ["customer_id", "noted_on"])
    notes = present(calls, "noted_on", *_OPTIONAL)
    notes = notes.reindex(columns=["customer_id", "noted_on", *_OPTIONAL])
    notes["noted_on"], notes["valid_until"] = pd.to_datetime(notes["noted_on"]), pd.to_datetime(notes["valid_until"])
    today = pd.Timestamp(as_of)
    notes = notes[notes["noted_on"] <= today].sort_values(["noted_on", "noted_by"])
    outcomes, judged = (_latest(notes[notes[name].notna()]) for name in ("outcome", "probability"))
    judged = judged[~(judged["valid_until"] < today)]
    last_call = {row.Index: _noted(row.outcome, row) for row in outcomes.itertuples()}
    override = {row.Index: _noted(f"{row.probability:.0%} to leave", row) for row in judged.itertuples()}
    return pd.DataFrame(
        {
            "last_call": pd.Series(last_call, dtype=object),
            "override": pd.Series(override, dtype=object),
            "override_probability": judged["probability"].astype(float),
            "noted_left": outcomes["outcome"] == ALREADY_LEFT,
        }
    )


def _latest(notes: pd.DataFrame) -> pd.DataFrame:
    """Return the last note on each account, by customer_id."""
    return notes.drop_duplicates("customer_id", keep="last").set_index("customer_id")


def _noted(what: str, row: object) -> str:
    """Return a note as text: what, when and by whom, why."""
    when, who, why = (getattr(row, name) for name in ("noted_on", "noted_by", "reason"))
    by = f", {plain_text(who)}" if plain_text(who) else ""
    reason = f": {plain_text(why)}" if plain_text(why) else ""
    return f"{what} ({format_cell(when, 0)}{by}){reason}"
