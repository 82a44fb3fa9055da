"""Answers: scales brought together, invitations kept apart, and nothing known before its day."""

from __future__ import annotations

import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.satisfaction import answers

ASKED = pd.Timestamp("2025-05-01")


def surveys(**columns: object) -> pd.DataFrame:
    """Two customers asked on one day, on scales to ten and to five."""
    frame = pd.DataFrame({"customer_id": ["a", "b"], "sent_on": ASKED, "scale_max": [10, 5], "overall": [8.0, 4.0]})
    return frame.assign(**columns)


def test_scores_of_all_scales_are_points_of_ten():
    assert answers(surveys(), "2025-12-31").invitations["overall"].tolist() == [8.0, 8.0]


def test_an_answer_of_a_later_day_is_an_invitation_without_one():
    later = surveys(answered_on=pd.to_datetime(["2025-05-03", "2026-01-02"]))
    found = answers(later, "2025-12-31").invitations
    assert found["answered"].tolist() == [True, False]
    assert found["overall"].isna().tolist() == [False, True]


def test_rows_of_one_invitation_are_counted_once():
    items = pd.concat([surveys(item="speed", perception=3.0), surveys(item="care", perception=4.0)])
    found = answers(items, "2025-12-31")
    assert len(found.invitations) == 2
    assert len(found.rows) == 4


def test_an_unanswered_item_makes_no_unanswered_invitation():
    blank = surveys(item="speed", overall=float("nan"))
    assert answers(pd.concat([surveys(item="overall"), blank]), "2025-12-31").invitations["answered"].all()


def test_what_is_above_the_scale_or_without_one_is_left_out_and_said():
    wrong = pd.concat([surveys(overall=[11.0, 4.0]), surveys(customer_id=["c", "d"], scale_max=float("nan"))])
    found = answers(wrong, "2025-12-31")
    assert found.invitations["overall"].tolist()[1] == 8.0
    assert found.remarks == ("Left out: 2 rows of surveys without scale_max.", "Left out: 1 score above the scale.")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (surveys().drop(columns="overall"), "needs a score"),
        (surveys().drop(columns="scale_max"), "no column 'scale_max'"),
        (surveys().head(0), "Nobody was asked"),
        (surveys(sent_on=pd.Timestamp("2026-03-01")), "Nobody was asked by 2025-12-31"),
        (surveys(overall=["good", "bad"]), "not numbers"),
    ],
)
def test_surveys_that_cannot_be_read_are_refused(frame: pd.DataFrame, said: str):
    with pytest.raises(Refused, match=said):
        answers(frame, "2025-12-31")


def test_the_order_of_rows_changes_nothing(small_study):
    table = small_study.records["surveys"].to_pandas()
    one = answers(table, small_study.as_of)
    other = answers(table.sample(frac=1, random_state=1), small_study.as_of)
    pd.testing.assert_frame_equal(one.invitations, other.invitations)
    pd.testing.assert_frame_equal(one.rows, other.rows)
