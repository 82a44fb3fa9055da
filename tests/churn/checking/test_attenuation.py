"""How much of true effects a definition of churn lets through, on customers whose leaving obeys the model."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from clvlab.churn.checking.attenuation import TRUE_LEAVINGS, attenuation
from clvlab.features.churn_definitions import ChurnEvents
from clvlab.refusal import Refused

EFFECTS = pd.DataFrame({"name": ["late", "neglect"], "log_hazard_ratio": [0.8, -0.5]})
FIRST = pd.Period("2022-01", "M")
MONTHS = 24
LAST_DAY = pd.Timestamp("2023-12-31")


def truth(customers: int = 1500, seed: int = 1) -> pd.DataFrame:
    """Customer-months up to leaving, by the true effects."""
    rng = np.random.default_rng(seed)
    late, neglect = rng.normal(0, 1, (2, customers, MONTHS))
    leaves = rng.random((customers, MONTHS)) < -np.expm1(-np.exp(-3.8 + 0.8 * late - 0.5 * neglect))
    there = np.cumsum(leaves, axis=1) - leaves == 0
    who, month = np.nonzero(there)
    return pd.DataFrame(
        {
            "customer_id": np.char.mod("c%04d", who),
            "month": np.array([(FIRST + n).start_time for n in range(MONTHS)])[month],
            "left": leaves[who, month],
            "late": late[who, month],
            "neglect": neglect[who, month],
        }
    )


def told(events: pd.DataFrame, customers: pd.Series, known_until: pd.Timestamp = LAST_DAY) -> ChurnEvents:
    """Return a definition that dates events in the middle of the months of ``events``."""
    last_on = events["month"] + pd.Timedelta(days=14)
    frame = pd.DataFrame({"customer_id": events["customer_id"], "last_on": last_on, "called_on": last_on})
    codes = pd.Index(customers.unique())
    return ChurnEvents(frame.assign(came_back_on=pd.NaT), pd.Series(known_until, codes), pd.Series(30, codes))


@pytest.fixture(scope="module")
def months() -> pd.DataFrame:
    return truth()


@pytest.fixture(scope="module")
def exact(months) -> ChurnEvents:
    return told(months[months["left"]], months["customer_id"])


@pytest.fixture(scope="module")
def false_alarms(months) -> ChurnEvents:
    """True leavings, and every customer who stays called lost in a month at random."""
    return told(pd.concat([months[months["left"]], at_random(months)]), months["customer_id"])


def at_random(months: pd.DataFrame) -> pd.DataFrame:
    """Return a month of each customer who never leaves."""
    stayers = ~months["customer_id"].isin(months.loc[months["left"], "customer_id"])
    return months[stayers].groupby("customer_id").sample(1, random_state=3)


def parts(months, **definitions) -> pd.DataFrame:
    return attenuation(months, EFFECTS, definitions).to_frame().set_index("definition")


def test_all_of_the_effects_is_found_where_events_are_the_truth(months, exact):
    found = parts(months, exact=exact)
    assert found.loc[TRUE_LEAVINGS, "part"] == pytest.approx(1.0, abs=0.1)
    assert found.loc[TRUE_LEAVINGS, "lower"] < 1 < found.loc[TRUE_LEAVINGS, "upper"]
    assert found.loc["exact"].equals(found.loc[TRUE_LEAVINGS])
    assert found.loc["exact", "events"] == months["left"].sum() > 500


def test_false_alarms_water_effects_down(months, false_alarms):
    found = parts(months, alarms=false_alarms)
    assert found.loc["alarms", "events"] == months["customer_id"].nunique()
    assert 0.3 < found.loc["alarms", "part"] < 0.7
    assert found.loc["alarms", "upper"] < found.loc[TRUE_LEAVINGS, "lower"]


def test_events_at_random_find_nothing(months):
    stayers = months[~months["customer_id"].isin(months.loc[months["left"], "customer_id"])]
    found = parts(months, random=told(at_random(months), stayers["customer_id"])).loc["random"]
    assert found["lower"] < 0 < found["upper"]


def test_the_interval_is_as_wide_as_estimates_scatter():
    found = [
        parts(truth(400, seed), exact=told(truth(400, seed).query("left"), truth(400, seed)["customer_id"]))
        for seed in range(2, 18)
    ]
    part = np.array([one.loc["exact", "part"] for one in found])
    width = np.mean([one.loc["exact", "upper"] - one.loc["exact", "lower"] for one in found])
    assert part.mean() == pytest.approx(1.0, abs=0.08)
    assert width / (2 * 1.645) == pytest.approx(part.std(ddof=1), rel=0.5)


def test_units_and_the_order_of_rows_do_not_matter(months, exact):
    tenfold = months.assign(late=10 * months["late"]).sample(frac=1.0, random_state=2)
    effects = EFFECTS.assign(log_hazard_ratio=[0.08, -0.5])
    found = attenuation(tenfold, effects, {"exact": exact}).to_frame()
    pd.testing.assert_frame_equal(found, attenuation(months, EFFECTS, {"exact": exact}).to_frame(), rtol=1e-6)


def test_effects_without_a_covariate_do_not_count(months, exact):
    more = pd.concat([EFFECTS, pd.DataFrame({"name": ["weather"], "log_hazard_ratio": [3.0]})])
    found = attenuation(months, more, {"exact": exact}).to_frame()
    assert found.equals(attenuation(months, EFFECTS, {"exact": exact}).to_frame())


def test_follow_up_ends_where_events_could_not_be_known_yet(months):
    early = pd.Timestamp("2023-06-30")
    definition = told(months[months["left"]], months["customer_id"], known_until=early)
    found = parts(months, early=definition)
    assert found.loc["early", "events"] == (months["left"] & (months["month"] <= early)).sum()


def test_only_the_first_event_of_a_customer_counts(months, exact):
    again = exact.events.assign(last_on=exact.events["last_on"] + pd.Timedelta(days=90))
    twice = ChurnEvents(pd.concat([again, exact.events]), exact.known_until, exact.patience_days)
    assert parts(months, twice=twice).loc["twice"].equals(parts(months, exact=exact).loc["exact"])


def test_customers_of_whom_a_definition_does_not_speak_have_no_follow_up(months, exact):
    half = exact.known_until.index[::2]
    spoken = ChurnEvents(
        exact.events[exact.events["customer_id"].isin(half)], exact.known_until[half], exact.patience_days[half]
    )
    beside = months[months["customer_id"].isin(half)]
    assert parts(months, half=spoken).loc["half"].equals(parts(beside, half=spoken).loc[TRUE_LEAVINGS])


def test_fewer_than_ten_events_tell_nothing(months, exact):
    few = ChurnEvents(exact.events.head(9), exact.known_until, exact.patience_days)
    found = parts(months, few=few, exact=exact)
    assert found.loc["few", "events"] == 9
    assert found.loc["few", ["part", "lower", "upper"]].isna().all()
    with pytest.raises(Refused, match="No definition called 10 customers lost"):
        parts(months, few=few)


def test_real_customers_have_no_truth(months, exact):
    for known in ((None, EFFECTS), (months, None)):
        with pytest.raises(Refused, match="simulated markets alone"):
            attenuation(*known, {"exact": exact})


def test_effects_that_no_covariate_has_are_refused(months, exact):
    with pytest.raises(Refused, match="None of the effects has a covariate"):
        attenuation(months, EFFECTS.assign(name=["a", "b"]), {"exact": exact})


def test_the_figure_leaves_out_what_tells_nothing(months, exact, false_alarms):
    few = ChurnEvents(exact.events.head(3), exact.known_until, exact.patience_days)
    ax = attenuation(months, EFFECTS, {"few": few, "exact": exact, "alarms": false_alarms}).plot()
    assert "nan" not in ax.get_figure().get_suptitle()
    assert [label.get_text() for label in ax.get_yticklabels()] == [TRUE_LEAVINGS, "few", "exact", "alarms"]
    plt.close("all")


def test_a_simulated_market_tells_its_truth(small_study):
    found = attenuation(
        small_study.truth("months"), small_study.truth("hazard_effects"), small_study.churn.base.definitions
    ).to_frame()
    assert list(found["definition"]) == [TRUE_LEAVINGS, *small_study.churn.base.definitions]
    assert found["events"].iloc[0] == small_study.truth("months")["left"].sum()
