"""What became of the customers of an earlier forecast: who counts, and when each left."""

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from clvlab.churn.checking.out_of_time import out_of_time
from clvlab.refusal import Refused

DAY = dt.date(2024, 12, 31)
LEAVERS = [f"leaver {number}" for number in range(10)]


def spell(customer: str, started_on: str, ended_on: str | None, at_risk_to: str, came_back_on: str | None = None):
    """Return a spell as a study knows it today."""
    return {
        "customer_id": customer,
        "started_on": pd.Timestamp(started_on),
        "ended_on": pd.Timestamp(ended_on),
        "came_back_on": pd.Timestamp(came_back_on),
        "at_risk_to": pd.Timestamp(at_risk_to),
        "event": int(ended_on is not None),
    }


def outcomes(*spells) -> pd.DataFrame:
    """Return time and event of the customers of these spells, ten leavers beside them, by customer."""
    known = pd.DataFrame([*spells, *(spell(one, "2023-01-01", "2025-03-31", "2025-03-31") for one in LEAVERS)])
    return checked(known).frame.set_index("customer_id")[["time", "event"]]


def checked(known: pd.DataFrame, expected: float = 1.0):
    """Return the check of a forecast of 10% for everybody, which expects so many in all to leave, give or take one."""
    customers = pd.Index(known["customer_id"].unique(), name="customer_id")
    said = pd.DataFrame({"leave_3": 0.1, "risk_3": 0.1}, index=customers)
    totals = pd.DataFrame({"leave": expected, "lower": expected - 1, "upper": expected + 1}, index=[3])
    ahead = SimpleNamespace(frame=said, totals=totals)
    return out_of_time(lambda day: (ahead, pd.Series(5.0, customers)), known, {DAY: (3,)}, silent_for=90)


def test_time_runs_from_the_forecast_to_leaving_or_to_the_end_of_follow_up():
    found = outcomes(spell("stays", "2023-01-01", None, "2025-06-30")).round(2)
    assert found.loc["leaver 0"].tolist() == [2.96, 1]
    assert found.loc["stays"].tolist() == [5.95, 0]


def test_who_had_left_unnoticed_leaves_at_once():
    found = outcomes(spell("silent", "2023-01-01", "2024-11-30", "2024-11-30"))
    assert found.loc["silent"].tolist() == [0, 1]


def test_who_had_left_and_come_back_by_then_has_not_left_again():
    """The spell it is in is too young to be followed and not among those known: nothing is known of the customer."""
    back = spell("back", "2023-01-01", "2024-05-31", "2024-05-31", came_back_on="2024-12-01")
    assert "back" not in outcomes(back).index


def test_who_comes_back_later_had_left():
    away = spell("away", "2023-01-01", "2024-11-30", "2024-11-30", came_back_on="2025-04-01")
    assert outcomes(away).loc["away"].tolist() == [0, 1]


def test_who_is_not_followed_beyond_the_day_is_left_out():
    assert "slow" not in outcomes(spell("slow", "2023-01-01", None, "2024-12-31")).index


def test_few_leavers_are_refused(monkeypatch):
    monkeypatch.setattr("test_out_of_time.LEAVERS", LEAVERS[:9])
    with pytest.raises(Refused, match="Fewer than 10 customers left"):
        outcomes()


@pytest.mark.parametrize(("expected", "came"), [(10.0, "10, within the interval"), (2.0, "20, above it")])
def test_the_headline_says_whether_what_came_lies_in_the_interval_of_the_forecast(expected, came):
    """Ten of ninety or of ten left within three months; a tenth of them was expected to."""
    stayers = 90 if expected == 10.0 else 0
    stayed = [spell(f"stayer {number}", "2023-01-01", None, "2025-06-30") for number in range(stayers)]
    left = [spell(one, "2023-01-01", "2025-03-30", "2025-03-30") for one in LEAVERS]
    shown = repr(checked(pd.DataFrame([*stayed, *left]), expected).headlines())
    assert shown == (
        f"past forecast: customers to leave: {expected:.0f} customers (90% interval {expected - 1:.0f} to"
        f" {expected + 1:.0f}; made on 2024-12-31 for 3 months; came: {came})"
    )
