"""The assumptions that a simulated market comes with: what its provider's cost accounting says."""

from __future__ import annotations

import pandas as pd
import pytest

from clvlab.assumptions import FILE, Assumptions, read_assumptions
from clvlab.refusal import Refused
from clvlab.simulate import simulate
from clvlab.simulate.assumed import ENTITLEMENT_COSTS, assumptions_text
from clvlab.tiers.playbook.entitlements import CAPITAL, ELSEWHERE, ENTITLEMENTS, OF_REVENUE


@pytest.fixture(scope="module")
def tiny():
    return simulate(customers=20, months=24, seed=1)


def test_unit_costs_are_those_that_the_markets_truth_was_made_with(small_market):
    assumed = read_assumptions(small_market)
    true = pd.read_csv(small_market / "truth" / "unit_costs.csv").set_index("activity")["cost"]
    assert dict(assumed.unit_costs) == {name.replace(" ", "_"): cost for name, cost in true.items()}


def test_nothing_else_is_assumed_than_what_things_cost(small_market):
    assumed = read_assumptions(small_market)
    costs = ("unit_costs", "entitlement_costs", "service_costs")
    plain = Assumptions(**{name: getattr(assumed, name) for name in costs})
    assert assumed == plain


def test_every_entitlement_with_a_price_of_its_own_has_one_and_no_price_is_without_entitlement(small_market):
    assumed = read_assumptions(small_market)
    asked = {line.cost for line in ENTITLEMENTS} - {ELSEWHERE, OF_REVENUE, CAPITAL}
    assert asked <= {*assumed.unit_costs, *assumed.entitlement_costs}
    assert set(assumed.entitlement_costs) == set(ENTITLEMENT_COSTS) <= asked


def test_the_file_says_what_each_price_is_one_of():
    priced = [line for line in assumptions_text().splitlines() if " = " in line]
    assert len(priced) > 15
    assert all("  # " in line for line in priced)


def test_a_market_written_anew_keeps_the_assumptions_that_somebody_changed(tiny, tmp_path):
    tiny.write(tmp_path / "demo")
    assert (tmp_path / "demo" / FILE).read_text() == assumptions_text()
    (tmp_path / "demo" / FILE).write_text("[unit_costs]\nvisit = 999\n")
    (tmp_path / "demo" / "shipments.csv").write_text("")
    tiny.write(tmp_path / "demo")
    assert read_assumptions(tmp_path / "demo").unit_costs == {"visit": 999}
    assert (tmp_path / "demo" / "shipments.csv").read_text().startswith("shipment_id,")


def test_assumptions_alone_do_not_keep_a_market_away(tiny, tmp_path):
    (tmp_path / FILE).write_text("currency = 'EUR'\n")
    tiny.write(tmp_path)
    assert read_assumptions(tmp_path).currency == "EUR"
    assert (tmp_path / "customers.csv").is_file()


def test_a_folder_with_something_else_in_it_stays_as_it_is(tiny, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match=r"holds notes.txt, which no demo market has"):
        tiny.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
