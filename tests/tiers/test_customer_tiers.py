"""Tiers of a provider's customers, made anew on earlier days from what was known then."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pandas as pd
import pytest

import clvlab.tiers.customer_tiers
from clvlab.refusal import Refused
from clvlab.tiers.customer_tiers import Tiers
from clvlab.tiers.grading.fifteen import scorecard_indicators

EARLIER = dt.date(2025, 6, 30)


@pytest.fixture
def assuming(small_study):
    """Return the small market's tiers under changed assumptions."""
    base = small_study.tiers.base
    for day in small_study.tiers.reviews.values():
        small_study.tiers.at(day)  # with its own assumptions, whoever asks first

    def tiers(**changed: object) -> Tiers:
        found = Tiers(replace(base, assumptions=replace(base.assumptions, **changed)))
        # What is measured, on this day and on earlier ones, hangs on none of these assumptions.
        found._measured, found._earlier = small_study.tiers._measured, small_study.tiers._earlier
        return found

    return tiers


def last_orders(market) -> pd.Series:
    """Return each customer's last order day, as pandas reads it."""
    rows = pd.read_csv(market / "shipments.csv", parse_dates=["booked_at"])
    last = rows[~rows["refused"]].groupby("customer_id")["booked_at"].max().dt.normalize()
    return last.drop("C99999", errors="ignore")  # planted: no customer has this code


def test_those_who_ordered_in_the_last_365_days_are_graded_and_nobody_else(small_market, small_study):
    last = last_orders(small_market)
    assert set(small_study.tiers.labels.index) == set(last.index[last > "2024-12-31"])
    assert small_study.tiers.title.startswith(f"Tiers of {len(small_study.tiers.labels)} customers with an order in")


def test_the_frame_has_one_row_per_graded_customer_and_adds_up_to_the_score(small_study):
    frame = small_study.tiers.to_frame().set_index("customer_id")
    assert frame["tier"].equals(small_study.tiers.labels.rename("tier"))
    assert frame["tier_by_points"].equals(small_study.tiers.scorecard.tiers().labels.rename("tier_by_points"))
    parts = frame[["financial", "potential", "stability", "risk"]].sum(axis=1)
    pd.testing.assert_series_equal(parts, frame["score"], check_names=False)


@pytest.mark.parametrize(
    ("shares", "names"),
    [
        ((0.1, 0.3), {"core", "important", "regular"}),
        ((0.1, 0.2, 0.3), {"core", "important", "potential", "regular"}),
        ((0.1, 0.1, 0.2, 0.3), {"core", "important", "potential", "regular", "marginal"}),
    ],
)
def test_there_are_three_to_five_tiers(assuming, shares, names):
    tiers = assuming(tier_shares=shares)
    assert set(tiers.labels) == names
    by_points = tiers.scorecard.tiers().labels  # the records end on the day on which the tiers were cut
    assert by_points.value_counts()["core"] == round(shares[0] * len(by_points))


@pytest.mark.parametrize("shares", [(0.1, 0.3), (0.1, 0.1, 0.2, 0.3)])
def test_the_matrix_has_four_tiers_and_says_so(assuming, shares):
    with pytest.raises(Refused, match=f"four cells; give three shares .* not {len(shares)}"):
        _ = assuming(tier_shares=shares).matrix


def test_a_single_dimension_may_carry_all_weight(assuming):
    tiers = assuming(tier_weights={"financial": 1.0})
    assert tiers.weights.of_dimensions()["financial"] == 1.0
    assert set(tiers.labels) == {"core", "important", "potential", "regular"}


def test_a_weight_of_what_is_no_indicator_is_refused(assuming):
    with pytest.raises(Refused, match=r"'finance' is neither a dimension nor an indicator.*did you mean 'financial'"):
        _ = assuming(tier_weights={"finance": 1.0}).labels


# Earlier days ----------------------------------------------------------------------------------------------


def test_the_tiers_of_an_earlier_day_are_those_of_a_study_of_that_day(small_study):
    back = small_study.tiers.at(EARLIER)
    pd.testing.assert_frame_equal(back.to_frame(), small_study.at(EARLIER).tiers.to_frame())
    assert not back.labels.equals(small_study.tiers.labels)


def test_the_tiers_of_the_same_day_are_the_same(small_study):
    assert small_study.tiers.at(small_study.as_of) is small_study.tiers


def test_tiers_of_a_day_before_the_records_are_refused(small_study):
    with pytest.raises(Refused, match="no shipment or invoice up to 2023-06-30"):
        _ = small_study.tiers.at(dt.date(2023, 6, 30)).labels


# Reviews ---------------------------------------------------------------------------------------------------


def test_the_tier_of_everyone_is_that_of_the_last_review(small_study):
    tiers = small_study.tiers
    held = tiers.history.tiers
    assert list(held.columns) == ["2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]
    pd.testing.assert_series_equal(held["2025-Q4"].reindex(tiers.labels.index), tiers.labels, check_names=False)
    assert (tiers.labels != tiers.scorecard.tiers().labels).any(), "the band holds nobody"


def test_without_a_band_tiers_are_those_of_the_points(assuming):
    tiers = assuming(tier_band=0.0)  # the records end on the last day of a quarter
    pd.testing.assert_series_equal(tiers.labels, tiers.scorecard.tiers().labels)


def test_between_reviews_points_move_and_tiers_do_not(small_study):
    october, november = (small_study.at(day).tiers for day in ("2025-10-31", "2025-11-30"))
    both = october.labels.index.intersection(november.labels.index)
    reviewed = november.held.values.loc[both, "since"].notna()
    both = both[reviewed]
    assert (october.scorecard.score[both] != november.scorecard.score[both]).any()
    assert october.labels[both].equals(november.labels[both])


def test_a_quarter_counts_as_over_in_its_last_week(small_study):
    """Records seldom end on the last day of a quarter."""
    assert small_study.at("2025-12-24").tiers.cut_on == dt.date(2025, 9, 30)
    assert small_study.at("2025-12-25").tiers.cut_on == dt.date(2025, 12, 25)


def test_the_first_review_has_a_year_of_records_behind_it(small_study):
    """Before it points grow with the records, and moves would say nothing."""
    early = small_study.at("2024-11-15").tiers
    assert early.quarters == {}
    assert early.cut_on == dt.date(2024, 11, 15)
    assert early.labels.equals(early.scorecard.tiers().labels)
    assert "no quarter with a year of records behind it is over yet" in repr(early)


def test_moves_need_two_reviews(small_study):
    with pytest.raises(Refused, match="up to 2025-02-15 there are 1"):
        _ = small_study.at("2025-02-15").tiers.history


# What came of them -----------------------------------------------------------------------------------------


def test_tiers_of_a_year_ago_meet_what_came_since(small_market, small_study, monkeypatch):
    """Ranks are made with what was known then; who bought nothing for the last half-year has left."""
    monkeypatch.setattr(clvlab.tiers.customer_tiers, "predicts", lambda *given, seed: given)
    ranks, came, amount, tiers = Tiers(small_study.tiers.base).prediction
    day = dt.date(2024, 12, 31)
    assert list(ranks) == list(came) == [day]
    then = small_study.at(day)
    known, later = ranks[day].set_index("customer_id"), came[day].set_index("customer_id")
    pd.testing.assert_series_equal(known["tier"], then.tiers.scorecard.tiers().labels, check_names=False)
    assert set(known.columns) == {"tier", "points", "CLV", "last year's revenue"}
    last = last_orders(small_market).reindex(later.index)
    assert (later["left"] == (last <= "2025-07-02")).all()
    assert 0 < later["left"].sum() < len(later)
    assert (later.loc[last <= "2024-12-31", "left"] == 1).all()
    year = small_study.tiers.base.margins_last_year.frame["profit"]
    pd.testing.assert_series_equal(later[amount], year.reindex(later.index), check_names=False)
    assert tiers == ("core", "important", "potential", "regular")


def test_nothing_can_be_said_of_a_year_that_the_records_do_not_hold(small_study):
    with pytest.raises(Refused, match="no shipment or invoice up to 2023-06-30: they do not reach back so far"):
        _ = small_study.at("2024-06-29").tiers.prediction


# Where less is on record -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["invoiced", "moved"])
def test_tiers_say_which_indicators_are_not_known(name, request):
    tiers = request.getfixturevalue(name).tiers
    assert set(tiers.labels) == {"core", "important", "potential", "regular"}
    assert "Never known, hence left out: " in repr(tiers)
    assert not re.search(r"\bnan\b", repr(tiers) + tiers._repr_html_())


def test_one_customer_is_graded_above_nobody(alone):
    tiers = alone.tiers
    assert list(tiers.labels) == ["regular"]
    assert tiers.title.startswith("Tiers of 1 customer with")
    assert "The same for all of whom it is known" in repr(tiers)
    for question, sentence in (
        (lambda: tiers.survival, "the same points"),
        (lambda: tiers.other_weights, "need 10 customers"),
        (lambda: tiers.prediction, "On 2024-.* only 1 customer had a tier"),
    ):
        with pytest.raises(Refused, match=sentence):
            question()


def test_the_scheme_is_learnt_on_the_day_named_and_never_from_later_ones(small_study, assuming):
    of_then = assuming(tiers_cut_on="2025-06-30").scheme.to_dict()
    assert of_then != small_study.tiers.scheme.to_dict()
    assert small_study.tiers.at(EARLIER).indicators.values.equals(small_study.at(EARLIER).tiers.indicators.values)
    assert assuming(tiers_cut_on="2030-01-01").scheme.to_dict() == small_study.tiers.scheme.to_dict()


def test_where_no_day_is_named_the_scheme_is_that_of_the_last_review(small_study):
    assert small_study.tiers.cut_on == dt.date(2025, 12, 31)
    between = small_study.at("2025-08-15").tiers
    assert between.cut_on == EARLIER
    assert between.scheme.to_dict() == small_study.at(EARLIER).tiers.scheme.to_dict()


def test_nobody_to_grade_is_said(small_study):
    with pytest.raises(Refused, match="Nobody ordered in the 365 days up to 2030-01-01"):
        _ = small_study.at("2030-01-01").tiers.indicators


def test_an_indicator_known_only_of_customers_who_are_not_graded_is_missing(small_study):
    year = small_study.tiers.base.last_year
    found = scorecard_indicators(year, pd.Series(False, year.customers))
    assert list(found.values.columns) == []
    assert len(found.missing) == 15
