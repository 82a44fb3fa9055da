"""Forecasts from the past use what was known then, and are scored fairly."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.clv import BGBB, BGNBD, MBGNBD, ParetoNBD, backtest
from clvlab.clv.checking.backtest_result import MOST_MISSED, Backtest
from clvlab.clv.valuing.doubts import not_foretold
from clvlab.evaluation.forecasts import mean_absolute_error
from clvlab.features.events import purchases
from clvlab.features.histories import purchase_histories
from clvlab.features.transactions import transaction_summary
from clvlab.refusal import Refused

ORIGIN, START = "2024-12-31", pd.Timestamp("2024-01-01")
RULES = ["mean rate", "last stretch again", "mean rate if active"]


def bought(n: int, seed: int = 1, days: int = 731) -> pd.DataFrame:
    """A log of purchases over two years of customers who buy and leave as Pareto/NBD has it."""
    rng = np.random.default_rng(seed)
    first, rate = rng.integers(0, 300, n), rng.gamma(0.9, 1 / 40, n)
    first[0] = 0
    leaves = first + rng.exponential(1 / rng.gamma(0.9, 1 / 200, n))
    rows = []
    for who in range(n):
        later = first[who] + np.cumsum(rng.exponential(1 / rate[who], 400))
        rows += [(f"c{who:04}", int(day)) for day in (first[who], *later[later < min(leaves[who], days)])]
    log = pd.DataFrame(rows, columns=["customer_id", "day"])
    return log.assign(date=START + pd.to_timedelta(log.pop("day"), unit="D"))


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return bought(400)


@pytest.fixture(scope="module")
def found(log) -> Backtest:
    return backtest(log, origins=["2025-03-31", ORIGIN], horizon=39)


def row(result: Backtest, forecaster: str) -> pd.Series:
    return result.to_frame().set_index("forecaster").loc[forecaster]


def of(result: Backtest, forecaster: str, origin: str) -> pd.DataFrame:
    rows = result.predictions
    rows = rows[(rows.forecaster == forecaster) & (rows.origin == pd.Timestamp(origin))]
    return rows.set_index("customer_id")


# The published check ---------------------------------------------------------------------------------------


def test_on_cdnow_the_forecasts_are_as_good_as_those_published(shared_data):
    log = pd.read_csv(shared_data / "cdnow.csv", dtype={"customer_id": str})
    result = backtest(log, origins=["1997-09-30"], horizon=39)
    pareto, rate = row(result, "Pareto/NBD"), row(result, "mean rate")
    assert pareto.customers == 23_570
    assert pareto.bias == pytest.approx(-0.129, abs=5e-4)
    assert pareto.mae <= 0.7945
    assert rate.bias == pytest.approx(0.47, abs=5e-3)
    assert rate.mae == pytest.approx(1.038, abs=5e-4)
    assert result.winner == "Pareto/NBD"
    assert "beats the best rule, 'mean rate if active'" in result.verdict


# What a forecast may know ----------------------------------------------------------------------------------


def test_forecasts_are_the_models_own_from_what_was_bought_up_to_the_origin(log, found):
    summary = transaction_summary(log, as_of=ORIGIN, merge="day")
    expected = ParetoNBD().fit(summary).expected_purchases(summary, horizon=39)
    rows = of(found, "Pareto/NBD", ORIGIN)
    pd.testing.assert_series_equal(rows.expected, expected, check_names=False)
    end = pd.Timestamp(ORIGIN) + pd.Timedelta(weeks=39)
    after = log[(log.date > ORIGIN) & (log.date <= end)].drop_duplicates()
    assert rows.actual.sum() == after.customer_id.isin(summary.index).sum()


def test_what_comes_later_changes_outcomes_but_no_forecast(log):
    later = log.date > ORIGIN
    moved = pd.concat([log[~later], log[later].iloc[::2], log.tail(1).assign(date=log.date.max())])
    one, other = (backtest(t, [ORIGIN], 26, models=[BGNBD()], draws=20).predictions for t in (log, moved))
    assert np.array_equal(one.expected, other.expected)
    assert one.actual.sum() > other.actual.sum()


def test_purchases_of_one_day_are_one_and_refunds_are_none(log):
    valued = log.drop_duplicates().assign(amount=5.0)
    refunds = valued.assign(amount=-1.0, date=valued.date + pd.Timedelta(days=1))
    refunds = refunds[refunds.date <= valued.date.max()]
    one = backtest(valued, [ORIGIN], 13, models=[BGNBD()], draws=5)
    other = backtest(pd.concat([valued, valued, refunds]), [ORIGIN], 13, models=[BGNBD()], value="amount", draws=5)
    pd.testing.assert_frame_equal(one.predictions, other.predictions)


def test_a_stretch_before_the_records_begin_is_not_taken_for_silence(log):
    result = backtest(log, origins=["2024-03-31"], horizon=26, models=[]).predictions
    known = result[result.forecaster == "last stretch again"]
    assert log.date.min() == START
    window = log[log.date <= "2024-03-31"].drop_duplicates()
    assert known.expected.sum() == pytest.approx(len(window) * 26 * 7 / 91)


def test_records_are_cut_at_the_origin_and_pareto_knows_who_was_there_before(small_study):
    records, origin = small_study.records, pd.Timestamp("2025-03-31").date()
    result = backtest(records, [origin], 13, models=[MBGNBD(), ParetoNBD()], draws=5)
    known = records.at(origin)
    then = purchases(known.tables)
    orders = replace(then, table=then.orders.drop("value"), meaning="")
    histories = purchase_histories(orders, known["customers"], origin)
    assert (histories.entry > 0).any()
    expected = ParetoNBD().fit(histories, entry="entry", silent_left_out=True).expected_purchases(histories, 13)
    rows = of(result, "Pareto/NBD", "2025-03-31")
    pd.testing.assert_series_equal(rows.expected, expected, check_names=False)
    before = int((histories.entry > 0).sum())
    assert row(result, "MBG/NBD").note == f"takes {before} customers known before the records begin as new"
    assert "as new" not in row(result, "Pareto/NBD").note


# What does not matter --------------------------------------------------------------------------------------


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 99))
def test_the_order_of_rows_and_origins_changes_nothing(log, found, seed):
    shuffled = log.sample(frac=1, random_state=seed)
    again = backtest(shuffled, origins=[ORIGIN, "2025-03-31", ORIGIN], horizon=39)
    pd.testing.assert_frame_equal(again.predictions, found.predictions)
    assert repr(again) == repr(found)
    assert again.verdict == found.verdict


@pytest.mark.parametrize(("period", "horizon"), [("day", 273), ("month", 273 / 30.4375), ("quarter", 273 * 4 / 365.25)])
def test_days_weeks_and_months_give_the_same_forecasts(log, found, period, horizon):
    other = backtest(log, origins=["2025-03-31", ORIGIN], horizon=horizon, period=period, draws=5)
    for score in ("mae", "rmse", "bias", "top_decile_capture"):
        assert other.to_frame()[score].to_numpy() == pytest.approx(found.to_frame()[score].to_numpy(), rel=1e-4)


# Scores ----------------------------------------------------------------------------------------------------


def test_every_origin_has_one_row_per_forecaster_in_order(found):
    frame = found.to_frame()
    assert list(frame.forecaster) == ["Pareto/NBD", "MBG/NBD", "BG/NBD", *RULES] * 2
    assert list(frame.kind) == [*["model"] * 3, *["rule"] * 3] * 2
    assert list(frame.origin.dt.date.astype(str)) == [ORIGIN] * 6 + ["2025-03-31"] * 6
    assert (frame.customers == 400).all()


def test_scores_are_those_of_the_predictions(found):
    rows = found.predictions
    for _, scores in found.to_frame().iterrows():
        own = rows[(rows.forecaster == scores.forecaster) & (rows.origin == scores.origin)]
        assert scores.mae == pytest.approx(mean_absolute_error(own.expected, own.actual))
        assert scores.crps == pytest.approx(own.crps.mean())


def test_a_rule_gives_a_point_so_its_crps_is_its_error_and_it_has_no_interval(found):
    rules = found.to_frame().query("kind == 'rule'")
    assert np.array_equal(rules.crps, rules.mae)
    assert rules.coverage_90.isna().all()


def test_intervals_of_the_true_model_hold_and_its_pit_is_flat():
    result = backtest(bought(1500, seed=2), [ORIGIN], 39, models=[ParetoNBD()])
    assert row(result, "Pareto/NBD").coverage_p_value > 0.001
    shares = result.pit("Pareto/NBD", bins=5)
    assert shares.customers.sum() == 1500
    assert shares.share.to_numpy() == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 1500))
    assert (shares.lower.iloc[0], shares.upper.iloc[-1]) == (0, 1)


def test_overall_is_the_mean_over_origins_with_skill_against_the_best_rule(found):
    overall, frame = found.overall().set_index("forecaster"), found.to_frame()
    assert (overall.origins == 2).all()
    assert overall.mae["MBG/NBD"] == pytest.approx(frame[frame.forecaster == "MBG/NBD"].mae.mean())
    assert overall.skill[found.best_rule] == overall.skill_error[found.best_rule] == 0
    assert (overall.skill[RULES] <= 0).all()
    assert (overall.skill.drop(RULES) > 2 * overall.skill_error.drop(RULES)).all()


def test_frequency_groups_share_out_all_forecasts(found):
    groups = found.by_frequency()
    assert list(groups.frequency.unique()) == ["0", "1", "2-3", "4+"]
    assert (groups.groupby("forecaster").customers.sum() == 800).all()
    own = groups[groups.forecaster == "BG/NBD"]
    assert np.average(own.mae, weights=own.customers) == pytest.approx(
        found.overall().set_index("forecaster").mae["BG/NBD"]
    )
    nobody = found.predictions.query("forecaster == 'mean rate' and frequency == 0")
    assert (nobody.expected == 0).all()


# Fits that cannot be used ----------------------------------------------------------------------------------


class Diverging(ParetoNBD):
    """A model whose fits never converge."""

    name = "Diverging"

    def fit(self, *given, **named):
        fit = super().fit(*given, **named)
        return replace(fit, diagnostics_={**fit.diagnostics_, "converged": False, "flat_direction": ""})


def test_a_fit_that_did_not_converge_says_so_and_cannot_win(log):
    result = backtest(log, [ORIGIN], 39, models=[Diverging(), BGNBD()], draws=20)
    assert row(result, "Diverging").note.startswith("did not converge")
    assert np.isnan(row(result, "Diverging").mae)
    assert row(result, "Diverging").customers == 0
    assert result.winner == "BG/NBD"
    with pytest.raises(Refused, match="no model 'Diverging' with forecasts"):
        result.pit("Diverging")


def test_a_model_without_a_forecast_at_every_origin_cannot_win(log):
    result = backtest(log, origins=["2024-01-08", ORIGIN], horizon=26, models=[BGNBD()], draws=20)
    early, late = result.to_frame().query("forecaster == 'BG/NBD'").note
    assert "repeat buyers" in early
    assert late == ""
    assert result.overall().set_index("forecaster").origins.to_dict() == {"BG/NBD": 1, **dict.fromkeys(RULES, 2)}
    assert result.winner is None
    assert result.verdict == "No model had a forecast at every origin; the notes say why."


# The verdict -----------------------------------------------------------------------------------------------


def test_totals_that_were_nowhere_near_are_bounded_and_said():
    """A gap in the records: nothing came where much was expected."""
    far = made(model=("model", [100.0] * 50, [9.0] * 50), rule=("rule", [121.0] * 50, [9.5] * 50))
    assert far.missed("model") == MOST_MISSED
    (said,) = not_foretold(far)
    assert "out by a factor of more than 2.7" in said
    near = Backtest([far.predictions.assign(actual=9.0)], [(START.date(), "model", "model", "", 1.0)], "4 weeks")
    assert 0 < near.missed("model") < 0.2
    assert not_foretold(near) == []


def made(**forecasts: tuple[str, list[float], list[float]]) -> Backtest:
    """A backtest of given forecasts: kind, squared errors and CRPS of each customer; every outcome is 0."""
    scored = [
        pd.DataFrame({
            "customer": np.arange(len(loss)), "origin": START, "forecaster": name, "kind": kind, "frequency": 0,
            "expected": np.sqrt(loss), "actual": 0.0, "crps": crps, "pit": 0.5 if kind == "model" else np.nan,
        })
        for name, (kind, loss, crps) in forecasts.items()
    ]  # fmt: skip
    notes = [(START.date(), name, kind, "", 1.0) for name, (kind, *_) in forecasts.items()]
    return Backtest(scored, notes, "4 weeks")


def test_the_model_with_the_lowest_crps_wins_whatever_its_squared_error():
    rule = ("rule", [4.0, 4.0], [2.0, 2.0])
    result = made(a=("model", [1, 1], [0.6, 0.8]), b=("model", [2, 2], [0.5, 0.7]), r=rule)
    assert result.winner == "b"
    assert "within the error" not in result.verdict


def test_where_crps_cannot_tell_models_apart_the_squared_error_decides_and_then_the_order():
    rule = ("rule", [4.0, 4.0], [2.0, 2.0])
    result = made(a=("model", [2, 2], [0.5, 0.6]), b=("model", [1, 1], [0.7, 0.5]), r=rule)
    assert result.winner == "b"
    assert "b, chosen from 2 models (CRPS 0.600 over 1 origin; a as good within the error)" in result.verdict
    assert made(b=("model", [1, 1], [0.5, 0.6 + 1e-15]), a=("model", [1, 1], [0.5, 0.6]), r=rule).winner == "b"


def test_the_verdict_says_by_how_much_the_winner_beats_the_best_rule():
    result = made(
        a=("model", [2.0, 3.0], [0.5, 0.7]), good=("rule", [4.0, 6.0], [2.0, 2.0]), bad=("rule", [9.0, 9.0], [0, 0])
    )
    assert result.verdict == (
        "a, chosen from 1 model (CRPS 0.600 over 1 origin), beats the best rule, 'good': its squared errors are "
        "50.0% lower (paired standard error 0.0%)."
    )


def test_a_lead_within_its_error_is_no_win_over_the_rule():
    result = made(a=("model", [1.0, 4.0], [0.5, 0.5]), r=("rule", [4.0, 2.0], [2.0, 2.0]))
    assert "is not surely better than the rule 'r'" in result.verdict


def test_where_rules_do_better_the_verdict_says_so():
    rule = ("rule", [2.0, 2.0], [2.0, 2.0])
    alone = made(a=("model", [4.0, 4.0], [0.5, 0.5]), r=rule)
    assert alone.verdict.startswith("No model beats the rule 'r': squared errors of a, ")
    assert "100.0% higher" in alone.verdict
    other = made(a=("model", [4.0, 4.0], [0.5, 0.5]), b=("model", [1.0, 1.0], [0.9, 0.9]), r=rule)
    assert other.verdict.startswith("a does not beat the rule 'r'")
    perfect = made(a=("model", [4.0, 4.0], [0.5, 0.5]), r=("rule", [0.0, 0.0], [0.0, 0.0]))
    assert perfect.verdict.endswith("are above 0.")


# Refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"origins": ["2023-12-31"]}, "before the first purchase, on 2024-01-01"),
        ({"origins": ["2025-12-01"]}, "13 weeks after 2025-12-01 end on 2026-03-02, and nothing is known after"),
        ({"origins": []}, "origins is empty"),
        ({"origins": ["31/12/2024"]}, "is not a date"),
        ({"horizon": 0}, "horizon=0 weeks is less than a day"),
        ({"horizon": float("nan")}, "is less than a day"),
        ({"period": "year"}, "period='year' is not known"),
        ({"draws": 0}, "draws=0"),
        ({"models": [BGBB()]}, "BG/BB counts purchase opportunities"),
        ({"models": [BGNBD]}, "is no model of purchases"),
        ({"models": [BGNBD(), BGNBD()]}, "give each model once"),
        ({"date": "when"}, "has no column 'when'; it has"),
    ],
)
def test_what_cannot_be_backtested_is_refused_in_a_sentence(log, given, said):
    with pytest.raises(Refused, match=said) as refusal:
        backtest(log, **{"origins": [ORIGIN], "horizon": 13} | given)
    assert str(refusal.value).endswith(".")


def test_one_origin_may_stand_without_a_list(log):
    assert len(backtest(log, ORIGIN, 13, models=[]).to_frame()) == 3
