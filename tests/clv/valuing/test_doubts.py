"""What speaks against customer values is said, in a reader's words, by every result that rests on them."""

import numpy as np
import pandas as pd
import pytest

from clvlab.clv import GammaGamma, ParetoNBD
from clvlab.clv.valuing.account import account, worth_explaining
from clvlab.clv.valuing.advice import to_do
from clvlab.clv.valuing.doubts import alike, doubts
from clvlab.clv.valuing.spot import Spot
from clvlab.clv.valuing.valuation import Money
from clvlab.refusal import Refused
from clvlab.study import Study

WHO = [f"c{i:02}" for i in range(60)]


def bought(rates: np.ndarray, leaves: np.ndarray, scales: np.ndarray) -> tuple[list[Spot], Money]:
    """Return the models of customers who buy at these rates until they leave, for amounts of these means."""
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.exponential(1 / rates[:, None], (len(rates), 400)), axis=1)
    counted = times <= np.minimum(leaves, 100.0)[:, None]
    frequency = counted.sum(axis=1)
    table = pd.DataFrame({"frequency": frequency, "recency": np.where(counted, times, 0).max(axis=1), "T": 100.0})
    mean = scales * rng.gamma(np.maximum(frequency, 1)) / np.maximum(frequency, 1)
    amounts = pd.DataFrame({"frequency": frequency, "monetary_value": np.where(frequency > 0, mean, 0.0)})
    return [Spot(ParetoNBD().fit(table), table)], Money(GammaGamma().fit(amounts), amounts)


@pytest.fixture(scope="module")
def steady(opened) -> Study:
    """Sixty customers who all buy alike, for like amounts, and never leave."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2024-01-01", "2025-12-31")
    rows = [(who, str(day.date())) for who in WHO for day in days[rng.random(len(days)) < 1 / 20]]
    frame = pd.DataFrame(rows, columns=["customer_id", "issued_on"])
    frame["amount"] = rng.gamma(4, 15, len(frame)).round(2)
    frame["invoice_id"] = np.arange(len(frame))
    return opened(lambda _: {"customers": pd.DataFrame({"customer_id": WHO}), "invoices": frame})


def test_figures_within_a_hundredth_of_each_other_are_the_same():
    assert alike(pd.Series([100.0, 100.9, np.nan]))
    assert not alike(pd.Series([100.0, 101.2]))
    assert not alike(pd.Series([100.0]))  # one alone is like nobody


def test_models_that_tell_customers_apart_are_not_doubted():
    rng = np.random.default_rng(2)
    leaves = rng.exponential(1 / rng.gamma(0.6, 0.05, 400))
    streams, money = bought(rng.gamma(1, 0.3, 400), leaves, 30 / rng.gamma(4, size=400))
    frame = pd.DataFrame({"value": rng.gamma(1, 100, 400), "probability_alive": rng.random(400)})
    assert doubts(streams, money, frame) == []


def test_a_fit_that_did_not_settle_equal_values_and_nobody_leaving_are_said(steady):
    settled, same, staying = steady.clv.doubts
    assert settled.startswith("The value model did not settle on these records (")
    assert same == "All 60 customers come out at the same value: who is worth more cannot be told."
    assert "sees nobody leave" in staying


def test_the_doubt_stands_where_the_headline_stands(steady):
    notes = steady.clv.headlines().to_frame()["note"]
    assert notes.str.endswith("doubtful, see below").sum() == 1
    assert all(sentence in repr(steady.clv) for sentence in steady.clv.doubts)


def test_customers_worth_the_same_have_no_rank_by_value(steady):
    assert set(worth_explaining(steady.clv).to_frame()["because"]) == {"one of many worth the same"}
    assert "by value" not in repr(account(steady.clv, steady.purchases, WHO[0]))


def test_no_money_is_put_on_keeping_customers_who_are_not_seen_to_leave(steady):
    told = repr(to_do(steady.clv, steady.records))
    assert "A hundredth more margin is worth" in told
    assert "What retention is worth cannot be told" in told


def test_equal_values_split_nobody(steady):
    with pytest.raises(Refused, match=r"cannot be split by potential.*did not settle"):
        _ = steady.classes.quadrants


def test_equal_values_grade_nobody_and_what_was_brought_stands_in(steady):
    graded = steady.tiers.nine_criteria.points["value"]
    brought = steady.margins.frame["revenue"].reindex(graded.index)
    ahead = steady.clv.frame["value"].reindex(graded.index)
    assert graded.corr(brought, method="spearman") > graded.corr(ahead, method="spearman")


def test_the_account_says_the_doubts_once_and_gives_no_place(steady):
    own = steady.account(WHO[0])
    frame = own.value.to_frame().set_index("what")
    assert frame.loc["to come in 36 months, discounted", "place"] == "the same for all"
    assert own.value.remarks == steady.clv.doubts
    assert own.headlines.to_frame()["note"].str.endswith("doubtful, see below").sum() == 1


def test_a_quadrant_and_its_probability_belong_together(small_study):
    kept = small_study.classes.quadrants.to_keep(60).to_frame()
    assert (kept.loc[~kept["undecided"], "probability"] >= 0.95).all()
    assert (kept["probability"] < 1).any()
