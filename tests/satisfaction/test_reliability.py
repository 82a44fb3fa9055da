"""Reliability: closed forms, Feldt's interval, and the noise that was put in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import AS_OF, WAVES, made_up
from scipy.stats import f

from clvlab.refusal import Refused
from clvlab.satisfaction import reliability
from clvlab.satisfaction.measures.reliability import ALPHA, ITEM_TOTAL, LASTING, RETEST, RETEST_LATER


def repeated(seed: int, accounts: int = 300, lasting: float = 0.8, noise: float = 0.6) -> pd.DataFrame:
    """Four waves of two items: a state of variance 1 that moves on by ``lasting``, and noise of standard deviation."""
    rng = np.random.default_rng(seed)
    state, parts = rng.normal(size=accounts), []
    for sent in WAVES:
        base = pd.DataFrame({"customer_id": np.arange(accounts).astype(str), "sent_on": sent, "scale_max": 100})
        overall = 50 + 8 * (state + noise * rng.normal(size=accounts))
        for item in ("care", "speed"):
            score = 50 + 8 * (state + rng.normal(size=accounts))
            parts.append(base.assign(item=item, overall=overall, perception=score))
        state = lasting * state + np.sqrt(1 - lasting**2) * rng.normal(size=accounts)
    return pd.concat(parts, ignore_index=True)


def rows_of(surveys: pd.DataFrame) -> pd.DataFrame:
    return reliability(surveys, AS_OF).to_frame().set_index("measure")


def test_alpha_is_that_of_cronbach():
    surveys = repeated(1)
    wide = surveys.pivot_table(index=["customer_id", "sent_on"], columns="item", values="perception")
    alpha = 2 * (1 - wide.var().sum() / wide.sum(axis=1).var())
    assert rows_of(surveys).loc[ALPHA, "value"] == pytest.approx(alpha)


def test_with_one_answer_per_account_alphas_interval_is_near_feldts():
    surveys = repeated(2, 400)
    row = rows_of(surveys[surveys["sent_on"] == WAVES[0]]).loc[ALPHA]
    wide = 1 - row["value"]
    feldt = [1 - wide * f.ppf(q, 399, 399) for q in (0.95, 0.05)]
    assert [row["lower"], row["upper"]] == pytest.approx(feldt, abs=0.02)


def test_correlations_are_the_usual_ones():
    surveys = repeated(3)
    found = rows_of(surveys)
    wide = surveys.pivot_table(index=["customer_id", "sent_on"], columns="item", values="perception")
    assert found.loc[ITEM_TOTAL, "value"].to_numpy() == pytest.approx(np.full(2, wide.corr().iloc[0, 1]))
    overall = surveys[surveys["item"] == "care"].pivot_table(index="customer_id", columns="sent_on", values="overall")
    overall = (overall - overall.mean()).to_numpy()
    pairs = np.vstack([overall[:, [k, k + 1]] for k in range(3)])
    assert found.loc[RETEST, "value"] == pytest.approx(np.corrcoef(pairs.T)[0, 1], abs=1e-3)


def test_what_lasts_and_what_is_noise_are_told_apart():
    """Noise of 0.6 on a state of 1: reliability 1 / 1.36; correlations of that times 0.8 and 0.64."""
    found = rows_of(repeated(4, 1500))
    for measure, truth in ((LASTING, 1 / 1.36), (RETEST, 0.8 / 1.36), (RETEST_LATER, 0.64 / 1.36)):
        row = found.loc[measure]
        assert row["lower"] < truth < row["upper"]
        assert row["upper"] - row["lower"] < 0.15


def test_items_of_different_things_are_said_not_to_be_one_scale():
    surveys, _ = made_up(1)
    found = reliability(surveys, AS_OF)
    assert "read them one by one" in " ".join(found.remarks)
    found.plot()


def test_overall_alone_is_told_between_waves_and_nothing_repeated_is_refused():
    surveys = repeated(5).drop(columns=["item", "perception"]).drop_duplicates()
    assert set(rows_of(surveys).index) == {RETEST, RETEST_LATER, LASTING}
    with pytest.raises(Refused, match="accounts that answered twice"):
        reliability(surveys[surveys["sent_on"] == WAVES[0]], AS_OF)


def test_answers_that_never_differ_are_refused():
    with pytest.raises(Refused, match="Reliability needs"):
        reliability(repeated(6).assign(overall=80.0, perception=80.0), AS_OF)
