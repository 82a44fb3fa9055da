"""Leads are won, open as long as most winners took, and else not won; each leaves its state once."""

import datetime as dt

import ibis
import pandas as pd
import pytest

from clvlab.features.leads import NOT_WON, OPEN, WON, lead_moves, lead_outcomes
from clvlab.periods import period_index
from clvlab.refusal import Refused

AS_OF = dt.date(2025, 12, 31)


def leads(*rows: tuple[str, str | None, str]) -> ibis.Table:
    """Leads as (opened, won, kind)."""
    frame = pd.DataFrame(rows, columns=["opened_on", "won_on", "kind"])
    for name in ("opened_on", "won_on"):
        frame[name] = pd.to_datetime(frame[name])
    return ibis.memtable(frame.assign(lead_id=[f"l{i}" for i in range(len(frame))]))


def test_a_lead_is_open_as_long_as_winners_of_its_kind_took():
    found = lead_outcomes(
        leads(
            ("2025-01-01", "2025-01-31", "new"),  # 30 days
            ("2025-01-01", "2025-04-11", "renewal"),  # 100 days
            ("2025-12-01", None, "new"),  # 30 days old
            ("2025-11-30", None, "new"),  # 31 days old
            ("2025-11-30", None, "renewal"),
            ("2026-01-01", None, "new"),  # not known yet
        ),
        AS_OF,
    )
    assert found["outcome"].tolist() == [WON, WON, OPEN, NOT_WON, OPEN]
    assert found["given_up_on"].iloc[3] == pd.Timestamp("2025-12-31")


def test_moves_follow_each_lead_to_its_end_or_to_the_last_whole_month():
    outcomes = lead_outcomes(
        leads(
            ("2025-01-10", "2025-03-10", "new"),  # open at the end of January and February
            ("2025-01-10", "2025-01-20", "new"),  # never open at a month's end
            ("2025-06-01", None, "new"),
            ("2025-12-15", None, "new"),
        ),
        AS_OF,
    )
    moves = lead_moves(outcomes, period_index(AS_OF, "month"))
    assert moves.groupby("outcome")["n"].sum().to_dict() == {OPEN: 1, WON: 1, NOT_WON: 1}
    assert moves.loc[moves["outcome"] == WON, "months"].tolist() == [1]


def test_without_kind_all_are_leads():
    table = leads(("2025-01-01", "2025-01-31", "new"))
    assert lead_outcomes(table.drop("kind"), AS_OF)["kind"].tolist() == ["lead"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (leads(("2025-01-01", None, "new")), "ever won"),
        (leads(("2026-01-01", None, "new")), "No lead was opened"),
        (leads(("2025-01-01", "2025-01-02", "new")).drop("won_on"), "needs won_on"),
    ],
)
def test_leads_that_tell_nothing_are_refused(table, message):
    with pytest.raises(Refused, match=message):
        lead_outcomes(table, AS_OF)
