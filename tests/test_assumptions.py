"""What the analyst assumes: documented defaults, and one sentence for anything that cannot be."""

from __future__ import annotations

import dataclasses
import re

import pytest

from clvlab.assumptions import FILE, Assumptions, read_assumptions
from clvlab.refusal import Refused

FIELDS = [field.name for field in dataclasses.fields(Assumptions)]

EVERY_KEY = """
currency = "EUR"
time_zone = "Asia/Shanghai"
dormant_after_months = 6
profile_stale_after_months = 18
top_share = 0.1
annual_discount_rate = 0.08
horizon_months = 24
growth_lasts_months = 0
churn_definition = "silence"
silent_days = 60
false_alarms_per_year = 0.2
volume_fall = 0.7
leave_within_months = 3
cost_of_capital = 0.04
abc_cuts = [0.8, 0.95, 0.99]
tier_shares = [0.1, 0.2]
tiers_cut_on = "2025-06-30"
tier_band = 5
[exchange_rates]
USD = 0.9
CNY = 0.125
[unit_costs]
order = 3.5
visit = 120
[tier_weights]
financial = 2
risk = 1
[entitlement_costs]
line_around_the_clock = 500
[service_costs.on_time_delivery]
levels = [0.9, 0.95]
cost = [2, 8.5]
[service_floors]
core = 0.95
"""


def read(folder, text, encoding="utf-8") -> Assumptions:
    (folder / FILE).write_text(text, encoding=encoding)
    return read_assumptions(folder)


def refusal(folder, text) -> str:
    with pytest.raises(Refused) as caught:
        read(folder, text)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    assert FILE in sentence
    return sentence


def test_without_a_file_the_defaults_hold(tmp_path):
    assert read_assumptions(tmp_path) == Assumptions()
    assert dataclasses.asdict(Assumptions()) == {
        "currency": "",
        "exchange_rates": {},
        "time_zone": "UTC",
        "dormant_after_months": 3,
        "profile_stale_after_months": 12,
        "top_share": 0.2,
        "annual_discount_rate": 0.1,
        "horizon_months": 36,
        "growth_lasts_months": 24,
        "churn_definition": "rhythm",
        "silent_days": 90,
        "false_alarms_per_year": 0.05,
        "volume_fall": 0.8,
        "leave_within_months": 6,
        "unit_costs": {},
        "cost_of_capital": 0.06,
        "abc_cuts": (0.7, 0.9),
        "tier_weights": {"financial": 0.4, "potential": 0.25, "stability": 0.2, "risk": 0.15},
        "tier_shares": (0.05, 0.15, 0.30),
        "tiers_cut_on": "",
        "tier_band": 3.0,
        "entitlement_costs": {},
        "service_costs": {},
        "service_floors": {},
    }


def test_an_empty_file_says_nothing(tmp_path):
    assert read(tmp_path, "# nothing yet\n") == Assumptions()


def test_every_key_can_be_given(tmp_path):
    found = read(tmp_path, EVERY_KEY)
    assert found == Assumptions(
        currency="EUR",
        exchange_rates={"USD": 0.9, "CNY": 0.125},
        time_zone="Asia/Shanghai",
        dormant_after_months=6,
        profile_stale_after_months=18,
        top_share=0.1,
        annual_discount_rate=0.08,
        horizon_months=24,
        growth_lasts_months=0,
        churn_definition="silence",
        silent_days=60,
        false_alarms_per_year=0.2,
        volume_fall=0.7,
        leave_within_months=3,
        unit_costs={"order": 3.5, "visit": 120},
        cost_of_capital=0.04,
        abc_cuts=[0.8, 0.95, 0.99],
        tier_weights={"financial": 2, "risk": 1},
        tier_shares=[0.1, 0.2],
        tiers_cut_on="2025-06-30",
        tier_band=5,
        entitlement_costs={"line_around_the_clock": 500},
        service_costs={"on_time_delivery": {"levels": [0.9, 0.95], "cost": [2, 8.5]}},
        service_floors={"core": 0.95},
    )
    default = Assumptions()
    assert [name for name in FIELDS if getattr(found, name) == getattr(default, name)] == [], "a key is not tried here"


def test_a_key_left_out_keeps_its_default(tmp_path):
    assert read(tmp_path, "top_share = 0.5") == Assumptions(top_share=0.5)


@pytest.mark.parametrize("name", FIELDS)
def test_every_key_is_documented_in_the_class(name):
    section = Assumptions.__doc__.split("Parameters\n")[1].split("Examples\n")[0]
    entry = re.search(rf"^    {name}\n((?:        .+\n)+)", section, re.MULTILINE)
    assert entry, f"{name} is not described"
    assert len(entry.group(1).split()) >= 8


def test_nothing_is_documented_that_is_no_key():
    section = Assumptions.__doc__.split("----------\n")[1].split("Examples\n")[0]
    assert re.findall(r"^    (\w+)$", section, re.MULTILINE) == FIELDS


def test_assumptions_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Assumptions().top_share = 0.5


@pytest.mark.parametrize("name", FIELDS)
def test_a_mistyped_key_names_the_nearest(tmp_path, name):
    wrong = name[:-1] + "x" + name[-1]
    sentence = refusal(tmp_path, f"{wrong} = 1")
    assert repr(wrong) in sentence
    assert f"did you mean {name!r}?" in sentence


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("currency = 5", "text"),
        ("time_zone = true", "text"),
        ("dormant_after_months = 2.5", "a whole number"),
        ("dormant_after_months = '3'", "a whole number"),
        ("dormant_after_months = true", "a whole number"),
        ("top_share = '0.2'", "a number"),
        ("top_share = false", "a number"),
        ("exchange_rates = 7.2", "a table of numbers"),
        ("abc_cuts = 0.7", "a list of numbers"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(tmp_path, text, says):
    assert f"must be {says}" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("top_share = 0", "top_share"),
        ("top_share = 1", "top_share"),
        ("top_share = 20", "top_share"),
        ("top_share = nan", "top_share"),
        ("annual_discount_rate = 0", "annual_discount_rate"),
        ("annual_discount_rate = 10", "annual_discount_rate"),
        ("annual_discount_rate = nan", "annual_discount_rate"),
        ("horizon_months = 0", "horizon_months"),
        ("growth_lasts_months = -1", "growth_lasts_months"),
        ("dormant_after_months = 0", "dormant_after_months"),
        ("profile_stale_after_months = -1", "profile_stale_after_months"),
        ("churn_definition = 'contract'", "churn_definition"),
        ("silent_days = 0", "silent_days"),
        ("false_alarms_per_year = 1", "false_alarms_per_year"),
        ("false_alarms_per_year = 0", "false_alarms_per_year"),
        ("volume_fall = 0", "volume_fall"),
        ("volume_fall = 80", "volume_fall"),
        ("leave_within_months = 0", "leave_within_months"),
        ("cost_of_capital = -0.1", "cost_of_capital"),
        ("cost_of_capital = nan", "cost_of_capital"),
        ("tier_band = -1", "tier_band"),
        ("tiers_cut_on = 'June 2025'", "tiers_cut_on"),
        ("abc_cuts = []", "abc_cuts"),
        ("abc_cuts = [0.9, 0.7]", "abc_cuts"),
        ("abc_cuts = [70, 90]", "abc_cuts"),
        ("abc_cuts = ['0.7']", "abc_cuts"),
        ("tier_shares = [0.5, 0.5]", "tier_shares"),
        ("tier_shares = [0.2]", "tier_shares"),
        ("tier_shares = [0.1, 0.1, 0.1, 0.1, 0.1]", "tier_shares"),
        ("tier_weights = { risk = 0 }", "tier_weights"),
        ("tier_weights = { risk = -1, financial = 2 }", "tier_weights.risk"),
        ("unit_costs = { order = '17' }", "unit_costs.order"),
        ("unit_costs = { order = -17 }", "unit_costs.order"),
        ("entitlement_costs = { line_around_the_clock = nan }", "entitlement_costs.line_around_the_clock"),
        ("service_costs = { on_time_delivery = 3 }", "service_costs.on_time_delivery"),
        ("service_costs = { x = { levels = [0.9, 0.95] } }", "service_costs.x"),
        ("service_costs = { x = { levels = [0.9], cost = [1] } }", "service_costs.x"),
        ("service_costs = { x = { levels = [90, 95], cost = [1, 2] } }", "service_costs.x.levels"),
        ("service_costs = { x = { levels = [0.95, 0.9], cost = [1, 2] } }", "service_costs.x.levels"),
        ("service_costs = { x = { levels = [0.9, 0.95], cost = [1, -2] } }", "service_costs.x.cost"),
        ("service_floors = { core = 95 }", "service_floors.core"),
        ("exchange_rates = { USD = 0 }", "exchange_rates.USD"),
        ("exchange_rates = { USD = -7.2 }", "exchange_rates.USD"),
        ("exchange_rates = { USD = '7.2' }", "exchange_rates.USD"),
        ("exchange_rates = { USD = true }", "exchange_rates.USD"),
        ("exchange_rates = { USD = nan }", "exchange_rates.USD"),
        ("exchange_rates = { USD = inf }", "exchange_rates.USD"),
    ],
)
def test_a_value_out_of_range_is_refused(tmp_path, text, names):
    assert names in refusal(tmp_path, text)


def test_an_unknown_activity_names_the_nearest(tmp_path):
    assert "did you mean 'urgent_order'?" in refusal(tmp_path, "unit_costs = { urgent_orders = 5 }")


def test_an_unknown_time_zone_names_the_nearest(tmp_path):
    assert "did you mean 'Asia/Shanghai'?" in refusal(tmp_path, "time_zone = 'Asia/Shangai'")


@pytest.mark.parametrize("currency", ["yuan", "EU"])
def test_a_currency_that_is_no_three_letter_code_is_refused(tmp_path, currency):
    assert "currency" in refusal(tmp_path, f"currency = '{currency}'")


def test_a_file_that_is_no_toml_is_refused(tmp_path):
    assert "not valid TOML" in refusal(tmp_path, "currency: EUR")


def test_a_file_in_another_encoding_is_refused(tmp_path):
    with pytest.raises(Refused, match="not valid TOML"):
        read(tmp_path, "# 汇率\ncurrency = 'CNY'", encoding="gb18030")
