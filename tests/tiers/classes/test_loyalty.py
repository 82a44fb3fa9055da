"""Attitude against behaviour: each customer stands where its figures put it, and the two lists hold the right ones."""

import numpy as np
import pandas as pd
import pytest

from clvlab.clv.valuing.ranges import Range
from clvlab.refusal import Refused
from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.classes.loyalty import CAPTIVE, INERT, LEAVING, LEAVING_SATISFIED, LOYAL, loyalty

CODES = pd.Index(["c1", "c2", "c3", "c4", "c5", "c6"], name="customer_id")
ATTITUDE = pd.Series([0.9, 0.9, 0.4, 0.4, 0.4, np.nan], CODES)
GOES = pd.Series([0.1, 0.6, 0.1, 0.1, 0.6, 0.1], CODES)
TIE = pd.Series(["", "", "contract", None, "contract", ""], CODES)


def around(values: pd.Series, error: float = 0.0) -> Range:
    return Range(values, values - error, values + error)


def test_every_corner_has_its_customer_and_no_answer_is_not_known():
    found = loyalty(around(ATTITUDE), around(GOES), TIE, leaving_from=0.3)
    assert found.labels.tolist() == [LOYAL, LEAVING_SATISFIED, CAPTIVE, INERT, LEAVING, NOT_KNOWN]
    assert "1 of 6 customers have no answer" in " ".join(found.remarks)


def test_high_is_one_and_a_half_times_the_mean_unless_given():
    assert loyalty(around(ATTITUDE), around(GOES), TIE).leaving_from == pytest.approx(1.5 * GOES.mean())


def test_the_lists_hold_whom_they_name_with_most_at_stake_first():
    attitude, goes = pd.Series([0.9, 0.9, 0.4], CODES[:3]), pd.Series([0.6, 0.7, 0.1], CODES[:3])
    margin = pd.Series([10.0, 20.0, 5.0], CODES[:3], name="margin")
    measures = pd.DataFrame({"wallet_share": [0.2, 0.4, 0.6]}, CODES[:3])
    found = loyalty(around(attitude), around(goes), TIE, measures, margin, "CNY", leaving_from=0.3)
    listed = found.satisfied_but_leaving().to_frame()
    assert listed["customer_id"].tolist() == ["c2", "c1"]
    assert listed["wallet_share"].tolist() == [0.4, 0.2]
    assert found.captive().to_frame()["customer_id"].tolist() == ["c3"]
    assert found.summary().to_frame()["margin"].sum() == margin.sum()


def test_an_interval_that_holds_a_cut_is_not_sure_and_lowers_the_probability():
    one = CODES[:1]
    found = loyalty(around(pd.Series(0.75, one), 0.1), around(pd.Series(0.5, one), 0.1), TIE, leaving_from=0.3)
    row = found.values.loc["c1"]
    assert not row["sure"]
    assert 0.5 < row["probability"] < 0.95
    sharp = loyalty(around(pd.Series(0.75, one), 0.01), around(pd.Series(0.5, one), 0.01), TIE, leaving_from=0.3)
    assert sharp.values.loc["c1", "sure"]


@pytest.mark.parametrize("number", [1, 40])
def test_few_customers_all_alike_are_placed_and_drawn(number):
    codes = pd.Index([f"c{i}" for i in range(number)], name="customer_id")
    alike = pd.Series(0.5, codes)
    found = loyalty(around(alike, 0.1), around(alike, 0.1), pd.Series("", codes))
    assert len(set(found.labels)) == 1
    assert found.captive().to_frame().empty
    assert sum(len(points.get_offsets()) for points in found.plot().collections) == number


@pytest.mark.parametrize(
    ("attitude", "goes", "message"),
    [
        (ATTITUDE * 10, GOES, "satisfaction outside 0 to 1"),
        (ATTITUDE, GOES * 100, "probability to leave outside 0 to 1"),
        (ATTITUDE * np.nan, GOES, "No customer has both"),
    ],
)
def test_figures_that_say_nothing_are_refused(attitude, goes, message):
    with pytest.raises(Refused, match=message):
        loyalty(around(attitude), around(goes), TIE)
