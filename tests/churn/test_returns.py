"""Returns: observed only from when a leaving is known, offers only from when they are made, small groups borrowed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.churn.returns import absences, returns
from clvlab.periods import to_days
from clvlab.refusal import Refused

DEMO = Path(__file__).parents[2] / "data" / "demo" / "truth" / "leavings.csv"
TODAY = pd.Timestamp("2025-12-31")
CHANCES = {"price": 0.45, "service": 0.08, "closure": 0.0}


def leavings(seed: int, n: int = 600) -> pd.DataFrame:
    """Customers who left over three years; some come back 2 to 6 months later, by the cause of leaving."""
    rng = np.random.default_rng(seed)
    cause = rng.choice(list(CHANCES), n, p=[0.3, 0.5, 0.2])
    ended = TODAY - pd.to_timedelta(rng.integers(0, 1096, n), "D")
    back = ended + pd.to_timedelta(to_days(rng.uniform(2, 6, n), "month").astype(int), "D")
    comes = rng.random(n) < np.array([CHANCES[name] for name in cause])
    back = pd.Series(back).where(comes & (back <= TODAY))
    return pd.DataFrame({"customer_id": range(n), "ended_on": ended, "came_back_on": back, "cause": cause})


def one(**columns) -> pd.DataFrame:
    dates = {name: pd.to_datetime([value]) for name, value in columns.items() if name.endswith("_on")}
    return pd.DataFrame({"customer_id": ["a"], **columns} | dates)


# Time away --------------------------------------------------------------------------------------------------


def test_time_away_counts_in_months_from_leaving_to_coming_back_or_to_today():
    away = absences(leavings(1), TODAY)
    days = (leavings(1)["came_back_on"].fillna(TODAY) - leavings(1)["ended_on"]).dt.days
    np.testing.assert_allclose(to_days(away["duration"], "month"), days)
    assert (away["event"] == leavings(1)["came_back_on"].notna()).all()
    assert (away["entry"] == 0).all()


def test_later_days_and_running_spells_change_nothing():
    early = pd.Timestamp("2024-06-30")
    whole = leavings(2)
    known = whole[whole["ended_on"] <= early]
    known = known.assign(came_back_on=known["came_back_on"].where(known["came_back_on"] <= early))
    running = one(ended_on=None, came_back_on=None, cause="price")
    pd.testing.assert_frame_equal(
        absences(pd.concat([whole, running], ignore_index=True), early).drop(columns=["customer_id", "came_back_on"]),
        absences(known, early).drop(columns=["customer_id", "came_back_on"]),
    )


def test_an_absence_counts_from_the_day_it_was_called_one():
    away = absences(one(ended_on="2024-01-01", called_on="2024-04-01", came_back_on="2024-07-01"), TODAY)
    np.testing.assert_allclose(to_days(away[["entry", "duration"]].to_numpy(), "month"), [[0, 91]])


def test_who_is_called_sooner_and_comes_back_more_often_does_not_speak_for_all():
    """Frequent customers are called after two weeks and half of them return; rare ones after 8 months, and none do."""
    frequent = np.arange(400) % 2 == 0
    left = pd.Timestamp("2022-01-01") + pd.to_timedelta(np.arange(400) % 300, unit="D")
    called = left + pd.to_timedelta(np.where(frequent, 14, 240), unit="D")
    back = (called + pd.Timedelta(days=60)).where(frequent & (np.arange(400) % 4 == 0))
    lost = pd.DataFrame({"customer_id": range(400), "ended_on": left, "called_on": called, "came_back_on": back})
    found = returns(absences(lost, TODAY), months=[3]).to_frame().iloc[0]
    assert found["share"] == pytest.approx(0.25, abs=0.005)


def test_returns_are_right_though_who_came_back_before_the_call_is_not_among_the_lost():
    whole = leavings(3, 6000)
    called = whole["ended_on"] + pd.to_timedelta(np.random.default_rng(3).integers(30, 121, len(whole)), "D")
    lost = whole.assign(called_on=called)[~(whole["came_back_on"] <= called) & (called <= TODAY)]
    year = pd.Timedelta(days=365.25)
    followed = lost[lost["called_on"] <= pd.Timestamp(TODAY) - year]
    direct = (followed["came_back_on"] <= followed["called_on"] + year).mean()
    found = returns(absences(lost, TODAY), months=[12]).to_frame().iloc[0]
    assert found["lower"] < direct < found["upper"]
    assert "leavings are silences that were called" in returns(absences(lost, TODAY)).remarks[0]


def test_coming_back_before_leaving_is_refused():
    with pytest.raises(Refused, match="Customer a came back before it left"):
        absences(one(ended_on="2024-01-01", came_back_on="2023-07-01"), TODAY)
    with pytest.raises(Refused, match="came_back_on"):
        absences(one(ended_on="2024-01-01"), TODAY)


# Offers -----------------------------------------------------------------------------------------------------


def test_an_offer_counts_after_it_is_made():
    left = one(ended_on="2024-01-01", came_back_on="2024-07-01")
    offers = pd.DataFrame(
        {"customer_id": "a", "offered_on": pd.to_datetime(["2023-12-01", "2024-02-01", "2024-03-01", "2024-08-01"]),
         "offer": [5.0, 10.0, 20.0, 90.0]}
    )  # fmt: skip
    away = absences(left, TODAY, offers)
    np.testing.assert_allclose(to_days(away[["entry", "duration"]], "month"), [[0, 31], [31, 60], [60, 182]])
    assert away["offer"].tolist() == [0, 10, 20]
    assert away["event"].tolist() == [0, 0, 1]


def test_offers_cut_time_away_but_change_no_share():
    rng = np.random.default_rng(4)
    left = leavings(4)
    made = left["ended_on"] + pd.to_timedelta(rng.integers(0, 300, len(left)), "D")
    offers = pd.DataFrame({"customer_id": left["customer_id"], "offered_on": made})
    plain, cut = absences(left, TODAY), absences(left, TODAY, offers)
    assert len(cut) > len(plain)
    assert cut.groupby("absence")["event"].sum().tolist() == plain["event"].tolist()
    columns = ["group", "left", "came_back", "share"]
    pd.testing.assert_frame_equal(
        returns(cut, by="cause").to_frame()[columns], returns(plain, by="cause").to_frame()[columns]
    )


def test_an_offer_that_does_nothing_has_no_effect_unless_it_counts_from_the_beginning():
    rng = np.random.default_rng(5)
    left = leavings(5, 3000)
    made = left["ended_on"] + pd.to_timedelta(rng.integers(0, 366, len(left)), "D")
    got_one = (made < left["came_back_on"].fillna(TODAY)).astype(float)
    away = absences(left, TODAY, pd.DataFrame({"customer_id": left["customer_id"], "offered_on": made}))
    honest = returns(away, offer="offer").fit.hazard_ratios_.iloc[0]
    assert honest["lower"] < 1 < honest["upper"]
    naive = returns(absences(left.assign(ever=got_one), TODAY), offer="ever").fit.hazard_ratios_.iloc[0]
    assert naive["upper"] < 1


def test_an_offer_is_said_to_be_no_experiment():
    away = absences(leavings(6), TODAY).assign(offer=1.0, tenure=lambda rows: rows["customer_id"] % 7)
    found = returns(away, ["tenure"], offer="offer")
    assert any("not drawn at random" in text for text in found.remarks)
    assert found.fit.hazard_ratios_["covariate"].tolist() == ["tenure", "offer"]
    assert returns(away).fit is None


# Shares -----------------------------------------------------------------------------------------------------


def test_intervals_hold_the_true_shares_by_cause():
    held = []
    for seed in range(30):
        frame = returns(absences(leavings(seed, 300), TODAY), by="cause", months=[6.1]).to_frame().set_index("group")
        held += [
            frame.loc[cause, "lower"] <= CHANCES[cause] <= frame.loc[cause, "upper"] for cause in ("price", "service")
        ]
        assert frame.loc["closure", "lower"] < 0.001
        assert frame.loc["closure", "upper"] < 0.15
    assert 0.8 < np.mean(held) < 0.99


def test_a_small_group_borrows_and_a_large_one_hardly():
    left = leavings(7, 800)
    rare = left[left["cause"] == "price"].dropna().head(2).assign(cause="rare", customer_id=[900, 901])
    frame = returns(absences(pd.concat([left, rare]), TODAY), by="cause", months=[12]).to_frame().set_index("group")
    assert frame.loc["rare", "came_back"] == 2
    assert frame.loc["rare", "share"] < 0.9
    assert frame.loc["price", "share"] == pytest.approx(0.45, abs=0.08)
    assert frame.loc["closure", "share"] < 0.03


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_more_months_bring_back_no_fewer_and_intervals_hold_their_share(seed):
    frame = returns(absences(leavings(seed, 60), TODAY), months=[1, 3, 6, 12]).to_frame()
    assert (frame["share"].diff().dropna() >= -1e-12).all()
    assert (frame["lower"] <= frame["share"]).all()
    assert (frame["share"] <= frame["upper"]).all()


def test_returns_are_over_only_after_a_long_time_without_any():
    settled = returns(absences(leavings(8), TODAY))
    assert "never come back" in settled.remarks[-1]
    recent = leavings(8)
    recent = recent[recent["ended_on"] > "2025-03-31"]
    assert "too few to say that nobody comes back later" in returns(absences(recent, TODAY)).remarks[-1]


def test_the_demo_market_returns_as_it_was_made():
    if not DEMO.exists():
        pytest.skip("run clvlab demo first")
    names = {"left_on": "ended_on", "returned_on": "came_back_on"}
    truth = pd.read_csv(DEMO, parse_dates=list(names)).rename(columns=names)
    last = max(truth["ended_on"].max(), truth["came_back_on"].max())
    frame = returns(absences(truth, last), by="cause", months=[7]).to_frame().set_index("group")
    assert frame.loc[["closure", "credit", "provider's choice"], "lower"].max() < 0.001
    for cause, share in {"price": 0.45, "rival": 0.15, "neglect": 0.10, "service": 0.08}.items():
        assert frame.loc[cause, "lower"] <= share <= frame.loc[cause, "upper"], cause


# Degenerate -------------------------------------------------------------------------------------------------


def test_nobody_back_is_an_answer():
    away = absences(leavings(9).assign(came_back_on=pd.NaT), TODAY).assign(tenure=1.0)
    found = returns(away, ["tenure"])
    assert found.to_frame()["share"].tolist() == [0, 0, 0]
    assert found.to_frame()["upper"].between(0, 0.02, inclusive="neither").all()
    assert "Nobody has come back so far." in found.remarks
    assert found.fit is None


def test_months_that_lie_ahead_are_missing_with_nothing_known_of_them():
    recent = leavings(10)
    recent = recent[recent["ended_on"] > "2025-08-31"]
    frame = returns(absences(recent, TODAY), months=[3, 12]).to_frame()
    assert frame["share"].isna().tolist() == [False, True]
    assert frame[["lower", "upper"]].iloc[1].tolist() == [0, 1]


def test_one_customer_gives_no_certainty():
    frame = returns(absences(one(ended_on="2024-01-01", came_back_on="2024-03-01"), TODAY)).to_frame()
    assert frame["came_back"].tolist() == [1, 1, 1]
    assert frame["lower"].iloc[-1] < 0.3


def test_the_figure_says_how_many_come_back():
    ax = returns(absences(leavings(11), TODAY), by="cause").plot()
    assert "come back within 12 months" in ax.get_figure().get_suptitle()
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"all", "price", "service"}
