"""Offers made once: at risk in the month of the offer, as in R, and nothing that was filled in after the answer."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clvlab.churn.curves.survival import survival_curve
from clvlab.churn.win_back import win_back
from clvlab.periods import to_periods
from clvlab.refusal import Refused


@pytest.fixture(scope="module")
def answers(shared_data: Path) -> pd.DataFrame:
    """The win-back data of the R package SMCRM (teaching data): one offer to each of 500 lost customers.

    Its documentation: duration_lapse are the days from leaving to the offer; duration_2 and sclv, of the second stay,
    are 0 and -5 where there is none.
    """
    frame = pd.read_csv(shared_data / "smcrm_customerWinBack.csv")
    frame["months_away"] = to_periods(frame["duration_lapse"], "month")
    return frame.rename(columns={"customer": "customer_id", "reacquire": "accepted"})


def simulated(seed: int, n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"customer_id": range(n), "months_away": rng.uniform(0, 6, n)})
    frame["offer"] = rng.choice([20.0, 25.0, 30.0], n)
    chance = 1 - np.exp(-np.exp(-1.5 + 0.05 * frame["offer"] - 0.3 * frame["months_away"]))
    return frame.assign(chance=chance, accepted=(rng.random(n) < chance).astype(int))


def test_effects_are_those_of_r(answers):
    # glm(reacquire ~ offer + I(duration_lapse / 30.4375) + duration_1 + age, binomial("cloglog"))
    params = win_back(answers, ["duration_1", "age"]).fit.params_
    expected = {
        "intercept": -2.3282962092, "offer": 0.1721322705, "months_away": -1.1564463135,
        "duration_1": 0.0102536655, "age": -0.0404497844,
    }  # fmt: skip
    assert params[list(expected)].to_dict() == pytest.approx(expected, rel=1e-4)


def test_what_was_filled_in_after_the_answer_is_refused(answers):
    for name, value in (("duration_2", "0"), ("sclv", "-5")):
        with pytest.raises(Refused, match=f"{name} is {value} for all who declined and for nobody else"):
            win_back(answers, [name])


def test_higher_offers_brought_more_back_and_nobody_calls_it_an_experiment(answers):
    found = win_back(answers)
    frame = found.to_frame()
    assert frame[["offer", "offers", "accepted"]].values.tolist() == [[20, 211, 105], [25, 119, 73], [30, 170, 117]]
    assert frame["share"].is_monotonic_increasing
    assert (frame["share"].to_numpy() > frame["lower"]).all()
    assert "only a random draw of offers tells" in found.remarks[0]


def test_a_curve_of_returns_over_the_months_before_the_offer_would_promise_far_too_much(answers):
    naive = survival_curve(answers.rename(columns={"months_away": "duration", "accepted": "event"}))
    promised = 1 - naive.at([6]).loc[0, "survival"]
    assert promised > answers["accepted"].mean() + 0.15


def test_probabilities_are_right_with_their_intervals():
    held = []
    for seed in range(20):
        train, later = simulated(seed), simulated(100 + seed, 5)
        predicted = win_back(train).probability(later.drop(columns=["accepted"]))
        held += predicted["lower"].le(later["chance"]).mul(predicted["upper"].ge(later["chance"])).tolist()
    assert 0.8 < np.mean(held) < 0.98


def test_many_different_offers_are_shown_in_thirds():
    frame = win_back(simulated(1).assign(offer=lambda rows: rows["offer"] + rows["months_away"])).to_frame()
    assert frame["offers"].tolist() == [200, 200, 200]


def test_answers_that_tell_nothing_are_refused():
    frame = simulated(2)
    with pytest.raises(Refused):
        win_back(frame.assign(accepted=0))
    with pytest.raises(Refused, match="0 and 1"):
        win_back(frame.assign(accepted=2))
    with pytest.raises(Refused, match="months_away"):
        win_back(frame.drop(columns="months_away"))
