"""Rules of thumb give what a pocket calculator does."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.clv.checking.naive import last_stretch_again, mean_rate, mean_rate_if_active
from clvlab.refusal import Refused

HISTORIES = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 200), st.integers(0, 200)).map(
        lambda row: (row[0], row[1] if row[0] else 0, row[1] + row[2])
    ),
    min_size=1,
    max_size=20,
).map(lambda rows: pd.DataFrame(rows, columns=["frequency", "recency", "T"]))


def one(frequency: float, recency: float, age: float) -> pd.DataFrame:
    return pd.DataFrame({"frequency": [frequency], "recency": [recency], "T": [age]})


def test_the_mean_rate_goes_on_and_leaves_out_the_first_purchase():
    assert mean_rate(one(4, 30, 40), horizon=20).iloc[0] == 2
    assert mean_rate(one(0, 0, 40), horizon=20).iloc[0] == 0


def test_a_customer_of_the_last_day_is_expected_to_buy_nothing():
    for rule in (mean_rate, mean_rate_if_active):
        assert rule(one(0, 0, 0), horizon=20).iloc[0] == 0


def test_who_is_silent_for_longer_than_the_own_usual_gap_is_gone():
    assert mean_rate_if_active(one(3, 30, 40), horizon=40).iloc[0] == 3
    assert mean_rate_if_active(one(3, 30, 40.1), horizon=40).iloc[0] == 0


def test_the_last_stretch_comes_again_scaled_where_the_records_are_shorter():
    bought = pd.Series([3, 0], index=["a", "b"])
    assert last_stretch_again(bought, stretch=39, horizon=39).to_dict() == {"a": 3, "b": 0}
    assert last_stretch_again(bought, stretch=13, horizon=39).to_dict() == {"a": 9, "b": 0}


@given(HISTORIES, st.sampled_from([7.0, 1 / 7, 7 / 30.4375]), st.integers(1, 500))
@settings(max_examples=50, deadline=None)
def test_another_time_unit_changes_no_forecast(table, factor, horizon):
    other = table.assign(recency=table.recency * factor, T=table["T"] * factor)
    for rule in (mean_rate, mean_rate_if_active):
        assert rule(other, horizon * factor).to_numpy() == pytest.approx(rule(table, horizon).to_numpy())


@given(HISTORIES, st.integers(1, 500))
@settings(max_examples=50, deadline=None)
def test_forecasts_grow_with_the_horizon_and_stay_on_the_index(table, horizon):
    table = table.set_axis([f"customer {i}" for i in range(len(table))])
    for rule in (mean_rate, mean_rate_if_active):
        assert rule(table, 2 * horizon).to_numpy() == pytest.approx(2 * rule(table, horizon).to_numpy())
        assert rule(table, horizon).index.equals(table.index)
    assert (mean_rate_if_active(table, horizon) <= mean_rate(table, horizon)).all()


def test_a_table_that_lacks_a_column_is_refused():
    with pytest.raises(Refused, match="no column 'recency'"):
        mean_rate_if_active(pd.DataFrame({"frequency": [1], "T": [3]}), horizon=3)
