"""Gaps: means counted by hand, roles and scales apart, and intervals that say when there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import AS_OF, ITEMS, made_up

from clvlab.refusal import Refused
from clvlab.satisfaction import gaps


def test_a_gap_is_perception_less_expectation_of_the_last_year():
    surveys, _ = made_up(1)
    found = gaps(surveys, AS_OF).to_frame().set_index("item")
    recent = surveys[surveys["answered_on"] > "2024-12-31"].dropna(subset=["perception"])
    for item in ITEMS:
        rows = recent[recent["item"] == item]
        assert found.loc[item, "gap"] == pytest.approx((rows["perception"] - rows["expectation"]).mean())
        assert found.loc[item, "accounts"] == rows["customer_id"].nunique()


def test_shippers_and_consignees_stand_apart_on_the_same_points():
    surveys, _ = made_up(1)
    halved = surveys.assign(respondent_role="consignee", scale_max=5)
    halved[["expectation", "perception"]] /= 2
    halved["overall"] /= 2
    found = gaps(pd.concat([surveys, halved]), AS_OF).to_frame().groupby("respondent_role")["gap"].apply(list)
    assert found["consignee"] == pytest.approx(found["shipper"])


def test_items_of_a_dimension_and_a_touchpoint_count_an_invitation_once():
    surveys, _ = made_up(2)
    dimensions = {"care": "people", "speed": "people"}
    frame = gaps(surveys, AS_OF, "dimension", dimensions).to_frame().set_index("dimension")
    by_item = gaps(surveys, AS_OF).to_frame().set_index("item")
    assert frame.loc["people", "gap"] == pytest.approx(by_item.loc[["care", "speed"], "gap"].mean())
    assert frame.loc["people", "answers"] == by_item.loc["care", "answers"]
    assert gaps(surveys, AS_OF, "touchpoint").to_frame()["gap"].item() == pytest.approx(
        by_item.loc[list(ITEMS), "gap"].mean()
    )


def test_rivals_are_held_against_perception_where_they_were_asked_about():
    surveys, _ = made_up(2)
    asked = surveys.assign(rival_perception=np.where(surveys["item"] == "speed", surveys["perception"] - 1, np.nan))
    frame = gaps(asked, AS_OF).to_frame().set_index("item")
    assert frame.loc["speed", "against_rivals"] == pytest.approx(1.0)
    assert np.isnan(frame.loc["care", "against_rivals"])
    assert "against_rivals" not in gaps(surveys, AS_OF).to_frame()


def test_one_account_has_gaps_without_intervals():
    surveys, _ = made_up(1, answer=1.0)
    found = gaps(surveys[surveys["customer_id"] == "c001"], AS_OF)
    assert found.to_frame()["gap_lower"].isna().all()
    assert "one account alone answered" in " ".join(found.remarks)
    assert found.finding == "What gaps are is not told"
    found.plot()


def test_perception_alone_is_shown_without_a_gap():
    surveys, _ = made_up(1)
    found = gaps(surveys.drop(columns="expectation"), AS_OF)
    assert found.to_frame()["perception"].notna().all()
    assert "Where expectation was not asked there is no gap." in found.remarks


@pytest.mark.parametrize(
    ("change", "by", "said"),
    [
        ({"perception": np.nan}, "item", "need perception"),
        ({}, "items", "did you mean 'item'"),
        (
            {"answered_on": pd.NaT, "overall": np.nan, "perception": np.nan, "expectation": np.nan},
            "item",
            "Nobody answered",
        ),
    ],
)
def test_gaps_that_cannot_be_told_are_refused(change: dict, by: str, said: str):
    surveys, _ = made_up(1)
    with pytest.raises(Refused, match=said):
        gaps(surveys.assign(**change), AS_OF, by)  # type: ignore[arg-type]


def test_without_expectation_there_is_no_gap_to_draw():
    surveys, _ = made_up(1)
    with pytest.raises(Refused, match="no gap to draw"):
        gaps(surveys.assign(expectation=np.nan), AS_OF).plot()


def test_where_no_gap_has_an_interval_three_are_named_and_none_is_called_rough():
    surveys, _ = made_up(1)
    one = surveys[(surveys["customer_id"] == surveys["customer_id"].iloc[0]) & surveys["answered_on"].notna()]
    found = gaps(one.groupby("item").tail(1), AS_OF, days=3_000)
    assert found.to_frame()["gap_lower"].isna().all()
    assert not any("rough" in remark for remark in found.remarks)
    four = pd.concat([one.groupby("item").tail(1), one.tail(1).assign(item="place")])
    said = next(remark for remark in gaps(four, AS_OF, days=3_000).remarks if remark.startswith("No interval"))
    assert "1 more: one account alone" in said
