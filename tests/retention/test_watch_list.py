"""The watch list ranks what can be lost, says why, and sets apart what a ranking would mislead about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from accounts import AS_OF, NO_DRIVERS, drivers, many, named, risk, silence, worth
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.refusal import Refused
from clvlab.retention.watch_list import watch_list
from clvlab.retention.watch_list_result import LIKELY_GONE, NO_LOSS, NOTED_LEFT, UNKNOWN, WatchList


def listed(
    chance: pd.DataFrame, margin: pd.DataFrame, moved: pd.DataFrame = NO_DRIVERS, **more: pd.DataFrame
) -> WatchList:
    codes = chance["customer_id"]
    return watch_list(
        chance, margin, moved, silence(*codes), named(*codes), AS_OF, months=6, margin_months=36, currency="CNY", **more
    )


def apart(found: WatchList) -> dict[str, str]:
    return found.apart().to_frame().set_index("customer_id")["why"].to_dict()


def calls(*rows: tuple[str, str, str | None, float | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "noted_on", "outcome", "probability"])
    return frame.assign(noted_on=pd.to_datetime(frame["noted_on"]), noted_by="Li")


def test_accounts_rank_by_the_margin_at_stake_not_by_risk_or_size():
    found = listed(
        risk(("risky", 0.9, 0.8, 0.95, 0.0), ("large", 0.05, 0.04, 0.06, 0.0), ("both", 0.3, 0.2, 0.4, 0.0)),
        worth(("risky", 100.0, 80.0, 120.0), ("large", 1000.0, 800.0, 1200.0), ("both", 700.0, 600.0, 800.0)),
    ).to_frame()
    assert found["customer_id"].tolist() == ["both", "risky", "large"]
    assert found["at_stake"].tolist() == pytest.approx([210.0, 90.0, 50.0])


def test_what_may_be_gone_already_is_not_at_stake():
    found = listed(risk(("a", 0.4, 0.3, 0.5, 0.25)), worth(("a", 100.0, 90.0, 110.0))).to_frame().iloc[0]
    assert found["at_stake"] == pytest.approx(0.75 * 0.4 * 100)


def test_the_interval_of_a_product_adds_squares_on_the_log_scale():
    found = listed(risk(("a", 0.2, 0.1, 0.4, 0.0)), worth(("a", 100.0, 50.0, 200.0))).to_frame().iloc[0]
    factor = 2 ** np.sqrt(2)
    assert [found["at_stake_lower"], found["at_stake_upper"]] == pytest.approx([20 / factor, 20 * factor])


def test_an_account_that_loses_money_stands_apart_and_never_leads_or_ends_the_ranking():
    found = listed(
        risk(("loses", 0.9, 0.8, 0.95, 0.0), ("earns", 0.1, 0.05, 0.2, 0.0), ("nothing", 0.5, 0.4, 0.6, 0.0)),
        worth(("loses", -500.0, -600.0, -400.0), ("earns", 10.0, 5.0, 15.0), ("nothing", 0.0, 0.0, 0.0)),
    )
    assert found.to_frame()["customer_id"].tolist() == ["earns"]
    assert apart(found) == {"loses": NO_LOSS, "nothing": NO_LOSS}
    assert (found.to_frame()["at_stake"] > 0).all()
    assert any(
        remark.startswith(f"2 accounts apart, {NO_LOSS}: losing them would cost nothing") for remark in found.remarks
    )


@pytest.mark.parametrize(
    ("chance", "margin"),
    [
        (("a", np.nan, 0.1, 0.2, 0.0), ("a", 10.0, 5.0, 15.0)),
        (("a", 0.1, 0.05, np.nan, 0.0), ("a", 10.0, 5.0, 15.0)),
        (("a", 0.1, 0.05, 0.2, 0.0), ("a", np.nan, 5.0, 15.0)),
        (("a", 0.1, 0.05, 0.2, 0.0), ("b", 10.0, 5.0, 15.0)),
    ],
)
def test_an_account_without_probability_margin_or_interval_is_listed_apart_and_counted(chance, margin):
    found = listed(risk(chance), worth(margin))
    assert found.to_frame().empty
    assert set(apart(found).values()) == {UNKNOWN}
    assert f"{UNKNOWN}: they can't be ranked." in found.remarks[0]


def test_who_is_likely_gone_or_noted_as_gone_stands_apart():
    chance = risk(*((c, 0.2, 0.1, 0.3, gone) for c, gone in (("a", 0.6), ("b", 0.5), ("c", 0.0))))
    margin = worth(*((c, 10.0, 5.0, 15.0) for c in "abc"))
    found = listed(chance, margin, calls=calls(("c", "2025-12-01", "already left", None)))
    assert found.to_frame()["customer_id"].tolist() == ["b"]
    assert apart(found) == {"a": LIKELY_GONE, "c": NOTED_LEFT}


def test_a_judgement_stands_beside_the_models_number_and_moves_nothing():
    chance, margin = risk(("a", 0.2, 0.1, 0.3, 0.0)), worth(("a", 10.0, 5.0, 15.0))
    without, judged = listed(chance, margin), listed(chance, margin, calls=calls(("a", "2025-12-01", "stays", 0.9)))
    same = ["probability", "at_stake", "at_stake_lower", "at_stake_upper"]
    assert judged.to_frame()[same].equals(without.to_frame()[same])
    assert judged.to_frame()["override_probability"].tolist() == [0.9]
    text = judged.top().to_frame().iloc[0]
    assert "20% (10% to 30%) to leave" in text["at stake"]
    assert "Last call: stays (2025-12-01, Li). Our view: 90% to leave" in text["what to know before calling"]
    assert "own judgement stands beside the model's for 1 account; it moves none." in repr(judged)
    assert "own judgement" not in repr(without)


def test_each_account_says_why_how_silent_and_who_else_left():
    found = listed(
        risk(("a", 0.2, 0.1, 0.3, 0.0)),
        worth(("a", 10.0, 5.0, 15.0)),
        drivers(("a", "late deliveries", 14.0, 6.0, 0.5, "service"), ("a", "price rise", 5.0, 0.0, 0.2, "price")),
        partners=pd.DataFrame({"customer_id": ["a"], "partner_id": ["p"], "left_on": [pd.Timestamp("2025-11-02")]}),
    )
    assert found.top().to_frame()["what to know before calling"].iloc[0] == (
        "Likely cause: service (risk 1.6 times its own past). Late deliveries, %: 14 (own past 6)."
        " Price rise, %: 5 (own past 0). Silent for 41 days, usually 9 days between orders; longer than 98% of"
        " its gaps. Next order expected on 2026-01-05. Partners lost: p (2025-11-02)"
    )


def test_texts_from_records_cannot_act_in_a_spreadsheet_or_on_a_page():
    evil = '=HYPERLINK("x")\n<script>'
    chance, margin = risk(("a", 0.2, 0.1, 0.3, 0.0)), worth(("a", 10.0, 5.0, 15.0))
    customers = pd.DataFrame({"customer_id": ["a"], "name": [evil], "account_manager": [evil]})
    notes = calls(("a", "2025-12-01", "stays", 0.4)).assign(reason=evil, noted_by=evil)
    found = watch_list(
        chance, margin, NO_DRIVERS, silence("a"), customers, AS_OF, months=6, margin_months=36, calls=notes
    )
    for text in found.to_frame().iloc[0]:
        assert not isinstance(text, str) or not (text.startswith("=") or "\n" in text)
    assert "<script>" not in found._repr_html_()


def test_a_large_list_is_read_from_the_top():
    found = watch_list(**many(60), as_of=AS_OF, months=6, margin_months=36)
    assert len(found.to_frame()) == 60
    assert len(found.top(7).to_frame()) == 7


def test_the_list_to_take_along_has_every_ranked_account_and_a_name():
    found = watch_list(**many(30), as_of=AS_OF, months=6, margin_months=36, currency="CNY")
    assert found.list().list_name == "watch_list"
    assert found.list().to_frame()["customer_id"].tolist() == found.to_frame()["customer_id"].tolist()
    assert "<details" not in found._repr_html_()


@pytest.mark.parametrize(
    ("chance", "margin", "says"),
    [
        (("a", 20.0, 10.0, 30.0, 0.0), ("a", 10.0, 5.0, 15.0), "outside 0 to 1"),
        (("a", 0.2, 0.3, 0.4, 0.0), ("a", 10.0, 5.0, 15.0), "risk has a probability outside its own interval"),
        (("a", 0.2, 0.1, 0.4, 0.0), ("a", 10.0, 11.0, 15.0), "worth has a margin outside its own interval"),
    ],
)
def test_figures_that_cannot_be_are_refused(chance, margin, says):
    with pytest.raises(Refused, match=says):
        listed(risk(chance), worth(margin))


def test_an_account_with_two_rows_is_refused():
    row = ("a", 0.2, 0.1, 0.3, 0.0)
    with pytest.raises(Refused, match="risk has several rows for 'a'"):
        watch_list(
            risk(row, row),
            worth(("a", 1.0, 0.0, 2.0)),
            NO_DRIVERS,
            silence("a"),
            named("a"),
            AS_OF,
            months=6,
            margin_months=36,
        )


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed):
    given_, rng = many(12), np.random.default_rng(seed)
    shuffled = {name: frame.iloc[rng.permutation(len(frame))] for name, frame in given_.items()}
    found = [watch_list(**tables, as_of=AS_OF, months=6, margin_months=36).to_frame() for tables in (given_, shuffled)]
    pd.testing.assert_frame_equal(*found)


@settings(max_examples=8, deadline=None)
@given(st.floats(1e-3, 1e6))
def test_another_currency_scales_money_and_ranks_alike(rate):
    tables = many(12)
    money = ["margin", "lower", "upper"]
    other = tables | {"worth": tables["worth"].assign(**{name: tables["worth"][name] * rate for name in money})}
    ours, theirs = (
        watch_list(**given_, as_of=AS_OF, months=6, margin_months=36).to_frame() for given_ in (tables, other)
    )
    assert ours["customer_id"].tolist() == theirs["customer_id"].tolist()
    for name in ("margin", "at_stake", "at_stake_lower", "at_stake_upper"):
        np.testing.assert_allclose(theirs[name], ours[name] * rate, rtol=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_every_account_is_ranked_or_apart_and_one_without_a_margin_moves_no_other(known):
    tables = many(12)
    lost = tables["worth"].index < 0
    lost[: len(known)] = ~np.array(known)
    holes = tables | {"worth": tables["worth"].assign(margin=tables["worth"]["margin"].mask(lost))}
    found, whole = (watch_list(**given_, as_of=AS_OF, months=6, margin_months=36) for given_ in (holes, tables))
    assert len(found.to_frame()) + len(found.apart().to_frame()) == 12
    assert len(found.apart().to_frame()) == lost.sum()
    ranked = whole.to_frame()["customer_id"]
    kept = ranked[~ranked.isin(tables["worth"]["customer_id"][lost])]
    assert found.to_frame()["customer_id"].tolist() == kept.tolist()
