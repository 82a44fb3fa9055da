"""What followed an entitlement: a true effect is found, a chosen one is called chosen, chance is called chance."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from given_accounts import account_months_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from clvlab.refusal import Refused
from clvlab.results import or_note
from clvlab.tiers.evidence.account_months import account_months, first_month_with
from clvlab.tiers.evidence.comparable import CALIPER, Grid, comparable
from clvlab.tiers.evidence.entitlement_effect import GROWTH, LEAVING, entitlement_effect

ALIKE, NEAR = ["tie"], ["orders_last_year"]
SIMULATIONS = 80


def effect(months: pd.DataFrame, **options):
    return entitlement_effect(months, ALIKE, NEAR, **options)


def covered(measure: str, truth: float, **market: float) -> list[bool]:
    """Whether each simulation's interval holds the truth."""
    found = []
    for seed in range(SIMULATIONS):
        row = effect(account_months_of(seed, **market)).to_frame().set_index("measure").loc[measure]
        if row["ratio"] == row["ratio"]:
            found.append(row["lower"] <= truth <= row["upper"])
    return found


def holds(found: list[bool]) -> bool:
    return binomtest(sum(found), len(found), 0.9).pvalue > 0.001


def test_without_an_effect_large_accounts_given_first_look_like_their_like():
    """Chosen for size alone, which both sides share: neither growth nor the months before tell of an effect."""
    assert holds(covered(GROWTH, 1.0, chosen_for_size=1.0))


def test_a_true_effect_on_growth_is_covered():
    assert holds(covered(GROWTH, 1.25, chosen_for_size=0.5, growth_effect=1.25))


def test_a_true_effect_on_leaving_is_covered():
    assert holds(covered(LEAVING, 0.5, accounts=800, chosen_for_size=0.5, hazard_effect=0.5))


def test_accounts_chosen_because_they_rise_are_found_out_before_they_got_it():
    """Nothing works here, and growth looks 1.5 times that of others."""
    found = [effect(account_months_of(s, 1500, chosen_for_rise=20.0, rises=0.05)) for s in range(20)]
    growth = [one.to_frame().set_index("measure").loc[GROWTH] for one in found]
    assert np.mean([row["lower"] > 1 for row in growth]) >= 0.9
    assert np.mean([one.differed_before for one in found]) >= 0.7
    told = next(one for one in found if one.differed_before)
    assert "accounts were chosen that differed" in told.finding
    assert "chosen among accounts that differed before" in told.plot().get_figure().get_suptitle().replace("\n", " ")


def test_where_the_months_before_tell_too_little_the_trend_they_leave_open_is_mostly_said_to_explain_it():
    found = [effect(account_months_of(s, 400, chosen_for_rise=20.0, rises=0.05)) for s in range(40)]
    missed = [one for one in found if "is shown" in one.finding and not one.differed_before]
    assert len(missed) > 5  # 400 accounts are few for the check of the months before
    assert np.mean(["it could be all that is seen here" in repr(one) for one in missed]) > 0.5


def test_a_clear_effect_is_shown_with_who_is_chosen_as_its_caveat():
    found = effect(account_months_of(1, 1500, growth_effect=1.5, hazard_effect=0.3), entitlement="a named manager")
    assert "an effect on growth and leaving is shown" in found.finding
    assert "Who gets a named manager is chosen" in found.remarks[0]
    assert "it could not be all that is seen here" in found.remarks[-1]
    before = found.by_month[found.by_month.index < 0]
    assert ((before["lower"] < 1) & (before["upper"] > 1)).mean() >= 0.5
    assert found.checks().to_frame()["standardised_difference"].abs().max() < 0.15


def test_comparable_accounts_are_alike_near_and_not_yet_given():
    grid = Grid(account_months_of(2, chosen_for_size=1.0))
    sets = comparable(grid, ALIKE, NEAR, 6, 12, 5)
    ties, at_risk = grid.codes(ALIKE), grid.of("at_risk")
    month, who, of = sets.month, sets.account, sets.of
    assert (ties[who, month - 6] == ties[of, month - 6]).all()
    assert (grid.gets[of] == month).all()
    assert (grid.gets[who][~sets.given] > month[~sets.given] + 1).all()
    assert (at_risk[who, month + 1] > 0).all()
    size = grid.of(NEAR[0])
    known = size[:, 10][~np.isnan(size[:, 10])]
    apart = np.abs(size[who, month - 6] - size[of, month - 6])[month == 16]
    assert (apart <= np.quantile(known, 1.0) * 2 * CALIPER + 5).all()
    weights = pd.Series(sets.weight[~sets.given]).groupby(of[~sets.given]).sum()
    assert weights.to_numpy() == pytest.approx(1.0)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_order_of_rows_and_the_outcomes_unit_change_nothing(seed):
    months = account_months_of(3)
    mixed = months.sample(frac=1.0, random_state=seed).assign(orders=lambda rows: 7.5 * rows["orders"])
    pd.testing.assert_frame_equal(effect(months).to_frame(), effect(mixed).to_frame())


def test_few_leavings_give_no_hazard_ratio_and_say_so():
    months = account_months_of(1).assign(event=0)
    found = effect(months)
    assert found.to_frame().set_index("measure").loc[LEAVING, ["ratio", "lower", "upper"]].isna().all()
    assert "Fewer than 5 left on one side: no hazard ratio is given." in found.remarks
    assert "left" not in found.finding


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows.assign(got=0), "Of 0 accounts that got the entitlement, 0 have"),
        (lambda rows: rows.head(30), "at least 10 are needed"),
        (lambda rows: rows.drop(index=5), "'c0' has 2023-06 missing"),
        (lambda rows: pd.concat([rows, rows.iloc[[5]]]), "'c0' has 2023-06 twice"),
        (lambda rows: rows.assign(orders=0), "does not add up to more than 0"),
        (lambda rows: rows.drop(columns="tie"), "no column 'tie'"),
        (lambda rows: rows.head(0), "no account-months"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, words):
    with pytest.raises(Refused, match=words):
        effect(change(account_months_of(1)))


@pytest.mark.parametrize(("near", "before"), [([], 6), (NEAR, 1)])
def test_nothing_to_compare_by_is_refused(near, before):
    with pytest.raises(Refused):
        entitlement_effect(account_months_of(1), ALIKE, near, before=before)


def test_account_months_hold_every_month_with_orders_of_the_year_before():
    spells = pd.DataFrame({
        "customer_id": ["a", "b"], "spell": 1, "started_on": pd.to_datetime(["2023-01-10", "2023-03-01"]),
        "at_risk_from": pd.to_datetime(["2023-01-10", "2023-03-01"]),
        "at_risk_to": pd.to_datetime(["2024-12-31", "2023-06-15"]),
        "event": [0, 1], "cause": None, "tie": ["contract", "spot"],
    })  # fmt: skip
    days = pd.to_datetime([*pd.date_range("2023-01-15", periods=24, freq="MS"), "2023-03-01", "2023-06-15"])
    sold = pd.DataFrame({"customer_id": ["a"] * 24 + ["b"] * 2, "date": days, "value": 10.0})
    got_on = pd.Series(pd.to_datetime(["2024-02-20"]), index=["a"])
    months = account_months(spells, sold, got_on, dt.date(2025, 1, 15)).set_index(["customer_id", "month"])
    assert len(months) == 24 + 22  # January 2025 is not over
    december, june = 12 * 54 + 11, 12 * 53 + 5
    assert months.loc[("a", december), ["got", "orders", "value", "orders_last_year"]].tolist() == [1, 1, 10, 12]
    assert months.loc[("a", 12 * 54), "got"] == 0
    assert months.loc[("a", june), "orders_last_year"] != months.loc[("a", june), "orders_last_year"]  # too early
    assert months.loc[("b", june), ["event", "orders", "tie"]].tolist() == [1, 1, "spot"]
    assert months.loc[("b", june), "at_risk"] == pytest.approx(15 / (365.25 / 12))
    assert months.loc[("b", june + 1), ["at_risk", "event", "orders"]].tolist() == [0, 0, 0]


def test_a_study_gives_the_frame_and_its_visits(small_study):
    visits = first_month_with(small_study.records["contacts"])
    months = account_months(small_study.churn.spells, small_study.purchases.orders, visits, small_study.as_of)
    assert 0 < months["got"].mean() < 1
    assert months["event"].sum() == small_study.churn.spells["event"].sum()
    found = or_note(lambda: effect(months, entitlement="visits"))
    assert "visits" in repr(found)  # an effect, or that sixty customers are too few
