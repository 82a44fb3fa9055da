"""Definitions side by side: calls, those taken back, how late, and how true."""

import datetime as dt
import warnings

import pandas as pd
import pytest

from clvlab.churn.definitions import compare_definitions
from clvlab.features.churn_definitions import contract_ends, fixed_silence, rhythm, volume_fall
from clvlab.refusal import Refused

AS_OF = dt.date(2024, 12, 31)


def orders(**customers: list[str]) -> pd.DataFrame:
    parts = [pd.DataFrame({"customer_id": who, "date": pd.to_datetime(days)}) for who, days in customers.items()]
    return pd.concat(parts)


FRAME = orders(
    a=["2023-01-01", "2023-05-01"],  # called 2023-04-01 and taken back, called 2023-07-30 for good
    b=["2023-01-01", "2024-06-01"],  # called 2023-04-01, back after more than half a year; called 2024-08-30, too young
    c=["2024-12-01"],
)


def row(frame: pd.DataFrame = FRAME, truth: pd.DataFrame | None = None) -> pd.Series:
    return compare_definitions({"90 days": fixed_silence(frame, AS_OF, 90)}, AS_OF, truth).to_frame().iloc[0]


def test_only_calls_with_half_a_year_of_follow_up_are_judged():
    found = row()
    assert (found["customers"], found["calls"], found["followed"]) == (2, 4, 3)
    assert found["false_alarms"] == pytest.approx(1 / 3)
    assert 0 < found["lower"] < 1 / 3 < found["upper"] < 1
    assert (found["days_late"], found["days_late_90"]) == (90, 90)


def test_truth_tells_which_calls_were_true_and_which_leavings_were_found():
    left = {"a": "2023-06-01", "b": "2023-02-01", "c": "2024-12-05"}
    truth = pd.DataFrame({"customer_id": list(left), "left_on": list(left.values()), "returned_on": None})
    truth.loc[truth["customer_id"] == "b", "returned_on"] = "2024-06-01"
    found = row(truth=truth)
    assert found["true_calls"] == 0.5  # a's second and b's first
    assert found["leavings_found"] == 1  # c's is too young to be judged
    assert found["days_after_leaving"] == (59 + 59) / 2


def test_a_leaving_between_two_orders_that_is_never_called_is_missed():
    truth = pd.DataFrame({"customer_id": ["a"], "left_on": ["2023-01-10"], "returned_on": ["2023-02-01"]})
    assert row(truth=truth)["leavings_found"] == 0
    assert row(truth=truth)["true_calls"] == 0


def test_nothing_called_gives_no_rate_and_the_whole_interval():
    found = row(orders(c=["2024-12-01"]))
    assert (found["calls"], found["lower"], found["upper"]) == (0, 0, 1)
    assert pd.isna(found["false_alarms"])


def test_no_definition_is_refused():
    with pytest.raises(Refused, match="give one or more"):
        compare_definitions({}, AS_OF)


def test_on_a_simulated_market_rhythm_speaks_sooner_and_truer_than_90_days_of_silence(small_study, small_market):
    found_orders, as_of = small_study.purchases.orders, small_study.as_of
    contracts = small_study.records.tables["contracts"]
    truth = pd.read_csv(small_market / "truth" / "leavings.csv")
    definitions = {
        "rhythm": rhythm(found_orders, as_of).churn_events,
        "90 days": fixed_silence(found_orders, as_of),
        "volume": volume_fall(found_orders, as_of),
        "contract": contract_ends(contracts, found_orders, as_of),
    }
    compared = compare_definitions(definitions, as_of, truth)
    found = compared.to_frame().set_index("definition")
    assert found.loc["rhythm", "false_alarms"] < found.loc["90 days", "false_alarms"]
    assert found.loc["rhythm", "true_calls"] > found.loc["90 days", "true_calls"]
    assert found.loc["rhythm", "days_after_leaving"] < found.loc["90 days", "days_after_leaving"]
    assert found.loc["contract", "true_calls"] == 1
    ax = compared.plot()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.get_figure().canvas.draw()
    assert "by contract" in ax.get_figure().get_suptitle()


def test_the_figure_says_when_nothing_can_be_judged():
    compared = compare_definitions({"90 days": fixed_silence(orders(c=["2024-12-01"]), AS_OF, 90)}, AS_OF)
    assert "no definition can be judged" in compared.plot().get_figure().get_suptitle()
