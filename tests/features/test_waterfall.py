"""The steps from revenue to profit end where they should, in the table and in the figure."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from margin_cases import AS_OF, UNIT_COSTS, everything, tables

from clvlab.assumptions import Assumptions
from clvlab.features.ledger import Ledger
from clvlab.features.margins import customer_margins, margins_by_period
from clvlab.features.waterfall import earned_by_year
from clvlab.refusal import Refused

MARGINS = customer_margins(Ledger(everything(), AS_OF), Assumptions(currency="CNY", unit_costs=UNIT_COSTS))


@pytest.mark.parametrize("customer_id", [None, "a", "b", "c", "x"])
def test_steps_add_up_to_each_sum(customer_id):
    steps = MARGINS.waterfall(customer_id).to_frame()
    reached = steps["amount"].where(~steps["is_sum"], 0).cumsum()
    assert (reached - steps["amount"])[steps["is_sum"]].abs().max() < 1e-6
    lines = MARGINS.total if customer_id is None else MARGINS.frame.loc[customer_id]
    assert steps["amount"].iloc[-1] == pytest.approx(lines["profit"])


def test_the_profit_of_the_referred_is_no_step():
    found = MARGINS.waterfall("a")
    assert found.referred_value == MARGINS.frame.loc["b", "profit"]
    assert not found.to_frame()["step"].str.contains("refer").any()


def test_an_unknown_customer_is_refused_by_name():
    with pytest.raises(Refused, match=r"'aa' is no customer in the records \(did you mean 'a'"):
        MARGINS.waterfall("aa")


def test_without_direct_cost_no_step_is_called_profit():
    invoices = pd.DataFrame({"customer_id": ["a"], "issued_on": [dt.date(2025, 1, 1)], "amount": [100.0]})
    given = Ledger(tables(customers=pd.DataFrame({"customer_id": ["a"]}), invoices=invoices), AS_OF)
    plain = customer_margins(given, Assumptions()).waterfall()
    assert plain.to_frame()["step"].to_list() == ["amount invoiced"]
    served = customer_margins(given, Assumptions(unit_costs={"order": 5.0})).waterfall()
    steps = ["amount invoiced", "serving: order", "amount invoiced less these costs"]
    assert served.to_frame()["step"].to_list() == steps


def test_without_direct_cost_no_column_of_a_year_is_called_profit():
    invoices = pd.DataFrame({"customer_id": ["a"], "issued_on": [dt.date(2025, 1, 1)], "amount": [100.0]})
    given = Ledger(tables(customers=pd.DataFrame({"customer_id": ["a"]}), invoices=invoices), AS_OF)
    years = margins_by_period(given, Assumptions(unit_costs={"order": 5.0}), "year")
    found = earned_by_year(years, "amount invoiced").to_frame()
    assert found.loc["2025", ["amount invoiced", "amount invoiced less these costs"]].to_list() == [100, 95]
    assert not {"contribution", "profit", "revenue"} & set(found.columns)


def test_the_columns_of_a_year_add_up_where_costs_are_not_recorded():
    shipments = pd.DataFrame({"customer_id": ["a"], "booked_at": ["2025-01-01"], "revenue": [100.0], "rebate": [10.0]})
    given = Ledger(tables(shipments=shipments), AS_OF)
    found = earned_by_year(margins_by_period(given, Assumptions(unit_costs={"order": 5.0}), "year"), "revenue")
    year = found.to_frame().loc["2025"]
    shown = year[["revenue", "revenue less rebates and claims", "cost_to_serve", "revenue less these costs"]]
    assert shown.to_list() == [100, 90, 5, 85]


def test_titles_state_the_finding():
    base = MARGINS.waterfall().plot().get_figure().get_suptitle()
    assert base.startswith("All 4 customers: -")
    assert "CNY profit" in base
    assert MARGINS.whale().plot().get_figure().get_suptitle().startswith("100% of customers lost money")


def test_the_text_shows_the_base_and_the_remarks():
    text = repr(MARGINS)
    assert text.startswith("From revenue to profit, all 4 customers, CNY")
    assert text.endswith(MARGINS.remarks[-1])
    assert "<table" in MARGINS._repr_html_()
