"""Each account stands on one list at most, with money and a reason; who is undecided is not let go."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook_cases import account, base, could_win, loses

from clvlab.refusal import Refused
from clvlab.tiers.playbook.action_lists import action_lists
from clvlab.tiers.playbook.action_result import (
    CONNECTED,
    FIX,
    INVEST,
    LET_GO,
    LOOKED_AT,
    MAY_BE_MENDED,
    MAY_WIN,
    NOT_CLEAR,
    POTENTIAL_UNTOLD,
    Rules,
)

# 5% on a price of 10,000 and 30% of 4,000 give 1,700 of room.
SMALL = {"revenue": 10_000.0, "contribution": 1_000.0, "cost_to_serve": 4_000.0}
LOW = {"quadrant": "low history, low potential"}


def lists(found) -> dict[str, str]:
    return found.to_frame().set_index("customer_id")["list"].to_dict()


def why(found) -> dict[str, str]:
    return found.apart.set_index("customer_id")["why"].to_dict()


def test_a_loss_within_price_and_saving_is_fixed_and_one_beyond_let_go():
    found = action_lists(base(fixed=account(**SMALL, **LOW, **loses(1_000, 1_500, 2_000)),
                              gone=account(**SMALL, **LOW, **loses(2_000, 3_000, 4_000))))  # fmt: skip
    assert lists(found) == {"fixed": FIX, "gone": LET_GO}
    money = found.to_frame().set_index("customer_id").loc["gone"]
    assert (money["money_lower"], money["money"], money["money_upper"]) == (2_000, 3_000, 4_000)


def test_letting_go_leaves_cost_uncovered_and_the_first_year_shows_it():
    row = action_lists(base(gone=account(**SMALL, **LOW, **loses(2_000, 3_000, 4_000)))).to_frame().iloc[0]
    assert (row["contribution_lost"], row["left_uncovered"], row["first_year"]) == (1_000, 2_000, 1_000)
    assert "2,000 of its cost to serve is to be covered by others, so that the first year brings 1,000" in row["reason"]
    all_stays = action_lists(base(gone=account(**SMALL, **LOW, **loses(2_000, 3_000, 4_000))), Rules(staying=1.0))
    assert all_stays.to_frame()["first_year"].item() == 3_000 - 4_000


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({**LOW, **loses(-500, 3_000, 6_000)}, NOT_CLEAR),
        ({**LOW, **loses(1_500, 3_000, 4_000)}, MAY_BE_MENDED),
        ({**LOW, **loses(2_000, 3_000, 4_000), **could_win(0, 100, 400)}, MAY_WIN),
        ({"quadrant": "undecided", **loses(2_000, 3_000, 4_000)}, LOOKED_AT),
        ({"quadrant": "low history, high potential", **loses(2_000, 3_000, 4_000)}, LOOKED_AT),
        ({**LOW, **loses(2_000, 3_000, 4_000), **could_win(np.nan, np.nan, np.nan)}, LOOKED_AT),
    ],
)
def test_who_is_undecided_stands_apart_and_is_not_let_go(changed, reason):
    found = action_lists(base(a=account(**SMALL) | changed))
    assert lists(found) == {}
    assert why(found) == {"a": reason}
    assert any(remark == f"1 account apart: {reason}." for remark in found.remarks)


def test_an_account_on_which_a_larger_customer_hangs_is_not_let_go():
    rows = base(small=account(**SMALL, **LOW, **loses(2_000, 3_000, 4_000)), large=account(value=30_000.0))
    pairs = pd.DataFrame({"customer_id": ["small"], "connected_id": ["large"], "tie": ["same owner"],
                          "shipments": [np.nan], "share": [1.0]})  # fmt: skip
    assert why(action_lists(rows, connected=pairs)) == {"small": CONNECTED}
    found = action_lists(rows, connected=pairs.assign(share=0.1, tie="ships to"))
    listed = found.to_frame().set_index("customer_id").loc["small"]
    assert (listed["connected"], listed["hanging_value"], listed["connected_value"]) == (1, 3_000.0, 30_000.0)
    assert "With it may go large (ships to); 3,000 of their value hangs on it." in listed["reason"]


def test_unknown_connections_are_said():
    found = action_lists(base(a=account(**SMALL, **LOW, **loses(2_000, 3_000, 4_000))))
    assert any("ask before letting anyone go" in remark for remark in found.remarks)


def test_who_could_surely_give_more_than_cultivating_costs_is_invested_in():
    rich = {"quadrant": "undecided", **could_win(2_000, 5_000, 9_000)}
    found = action_lists(base(a=account(**rich, cultivation_cost=1_000.0), b=account(**rich, cultivation_cost=3_000.0),
                              low=account(**LOW, **could_win(2_000, 5_000, 9_000), cultivation_cost=0.0)))  # fmt: skip
    assert lists(found) == {"a": INVEST}
    row = found.to_frame().iloc[0]
    assert (row["money_lower"], row["money"], row["money_upper"]) == (1_000, 4_000, 8_000)
    assert row["reason"].startswith("Earned 12,000 last year; 5,000 (2,000 to 9,000) a year could be won")


def under(cost: float) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ["a"], "cost_to_close": [cost], "gaps": ["visits 1 (due 12)"]})


def test_an_under_served_account_is_fixed_first_when_more_is_at_stake_than_it_costs():
    rich = base(a=account(quadrant="high history, high potential", **could_win(2_000, 5_000, 9_000)))
    fixed = action_lists(rich, under_served=under(900.0)).to_frame().iloc[0]
    assert (fixed["list"], fixed["money"], fixed["money_is"]) == (FIX, pytest.approx(3_000), "value at stake")
    assert "visits 1 (due 12)" in fixed["reason"]
    assert "costs 900 a year" in fixed["reason"]
    assert lists(action_lists(rich, under_served=under(2_500.0))) == {"a": INVEST}


def test_what_is_not_known_is_said_in_words():
    unknown = account(quadrant="undecided", **could_win(2_000, 5_000, 9_000)) | {
        "leave_probability": np.nan, "leave_probability_lower": np.nan, "leave_probability_upper": np.nan
    }  # fmt: skip
    assert action_lists(base(a=unknown)).to_frame()["reason"].item().endswith("how likely to leave is not known.")
    cheap = action_lists(base(a=account()), under_served=under(np.nan)).to_frame().iloc[0]
    assert "what keeping the entitlement costs is not stated" in cheap["reason"]
    free = account(**SMALL, **LOW, **loses(2_000, 3_000, 4_000)) | {"revenue": 0.0, "contribution": 0.0}
    reason = action_lists(base(a=free)).to_frame()["reason"].item()
    assert "nan" not in reason
    assert "inf" not in reason
    assert "on the price. Without" not in reason


def test_lists_lead_with_the_most_money_and_show_every_kind():
    rows = base(
        small=account(**SMALL, **loses(100, 500, 900)), large=account(**SMALL, **loses(100, 1_500, 2_000)), a=account()
    )
    found = action_lists(rows, under_served=under(1.0), currency="CNY")
    assert found.one(FIX).to_frame()["customer_id"].tolist() == ["large", "small", "a"]
    assert found.one(FIX, most=1).to_frame()["customer_id"].tolist() == ["large", "a"]
    assert found.one(FIX).to_frame().columns[:4].tolist() == ["customer_id", "tier", "money", "reason"]
    assert found.one(FIX).title == "Fix: 3 accounts, 2,000 CNY loss ended, a year; 3,000 CNY value at stake"


def test_no_account_on_any_list_and_one_customer_are_well():
    found = action_lists(base(a=account()))
    assert found.to_frame().empty
    assert "Let go: 0 accounts: none." in repr(found)
    with pytest.raises(Refused, match="No account stands on a list"):
        found.plot()


def test_bad_input_is_refused():
    with pytest.raises(Refused, match="no column 'cost_to_serve'"):
        action_lists(base(a=account()).drop(columns="cost_to_serve"))
    twice = base(a=account())
    with pytest.raises(Refused, match="several rows for 'a'"):
        action_lists(pd.concat([twice, twice]))
    with pytest.raises(Refused, match="price_rise=5 is no share"):
        Rules(price_rise=5)
    with pytest.raises(Refused, match="horizon_months=0 must be above 0"):
        Rules(horizon_months=0)


MONEY = st.floats(-20_000, 20_000)


@settings(deadline=None, max_examples=40)
@given(profit=MONEY, half=st.floats(0, 5_000), won=st.floats(0, 9_000), serve=st.floats(0, 20_000),
       revenue=st.floats(0, 1e5), quadrant=st.sampled_from(["low history, low potential", "undecided"]))  # fmt: skip
def test_nobody_is_let_go_whose_loss_could_be_none(profit, half, won, serve, revenue, quadrant):
    row = account(revenue=revenue, cost_to_serve=serve, quadrant=quadrant, recurring_profit=profit,
                  recurring_profit_lower=profit - half, recurring_profit_upper=profit + half,
                  **could_win(0.0, won / 2, won))  # fmt: skip
    found = action_lists(base(a=row))
    if lists(found).get("a") == LET_GO:
        assert profit + half + won + 0.05 * revenue + 0.3 * serve < 0
        assert quadrant != "undecided"
    assert len(found.to_frame()) + len(found.apart) <= 1


def test_the_figure_counts_the_lists():
    rows = base(a=account(**SMALL, **LOW, **loses(2_000, 3_000, 4_000)), b=account(**could_win(2_000, 5_000, 9_000)) | {
        "quadrant": "undecided"})  # fmt: skip
    title = action_lists(rows, currency="CNY").plot().get_figure().get_suptitle()
    assert "invest 1, fix 0, let go 1" in title.replace("\n", " ")


def test_where_potential_is_known_of_nobody_that_is_said_and_nobody_is_let_go():
    unknown = base(a=account(**SMALL, quadrant="not known", **loses(2_000, 3_000, 4_000)))
    found = action_lists(unknown, doubts=["Values are rough."])
    assert lists(found) == {}
    assert "Values are rough." in found.remarks
    assert POTENTIAL_UNTOLD in found.remarks
    assert POTENTIAL_UNTOLD not in action_lists(base(a=account(**SMALL, **LOW, **loses(1_000, 1_500, 2_000)))).remarks


def test_a_list_of_another_name_is_refused():
    with pytest.raises(
        Refused, match=r"There is no list 'Invest' \(did you mean 'invest'\?\); choose invest, fix, let go"
    ):
        action_lists(base(a=account(**SMALL))).one("Invest")
