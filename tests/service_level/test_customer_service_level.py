"""Which service level pays, from a market's records: every group has its level, and every plan keeps its terms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.assumptions import FILE
from clvlab.refusal import Refused
from clvlab.satisfaction.responses.kpis import BY_NAME
from clvlab.satisfaction.responses.responses import Response
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.minimums import contract_minimums
from clvlab.service_level.customer_service_level import ALL_CUSTOMERS, ON_TIME, ServiceLevel
from clvlab.study import Study

BUDGETS = (0.0, 500.0, 2_000.0, 5_000.0, 20_000.0, None)
BIT = 1e-9


@pytest.fixture(scope="module")
def service(small_study: Study) -> ServiceLevel:
    return small_study.service_level


def assuming(service: ServiceLevel, **other: Any) -> ServiceLevel:
    """The same under other assumptions."""
    return replace(service, assumptions=replace(service.assumptions, **other))


def responding(service: ServiceLevel, share: float) -> ServiceLevel:
    """The same with every effect of service so many times as large, and certain."""
    said, told = replace(service.satisfaction), service.satisfaction.responses
    leaving, orders = (
        {kpi: Response(share * one.estimate, 0.0, one.needs) for kpi, one in effects.items()}
        for effects in (told.leaving, told.orders)
    )
    vars(said)["responses"] = replace(told, leaving=leaving, orders=orders)
    return replace(service, satisfaction=said)


@pytest.fixture(scope="module")
def without_effect(service: ServiceLevel) -> ServiceLevel:
    return responding(service, 0.0)


@pytest.fixture(scope="module")
def never_late(service: ServiceLevel) -> ServiceLevel:
    """The same market, every order delivered when it was due."""
    tables = dict(service.records.tables)
    tables["shipments"] = tables["shipments"].mutate(delivered_at=tables["shipments"].delivery_due_at)
    records = replace(service.records, tables=tables)
    return replace(service, records=records, satisfaction=replace(service.satisfaction, records=records))


def lowest(service: ServiceLevel, kpi: str) -> float:
    return service.curve(kpi).lower


# Groups


def test_groups_are_the_tiers(service: ServiceLevel, small_study: Study) -> None:
    assert service.groups.equals(small_study.tiers.labels.astype(str).rename("tier"))
    assert set(service.value.groups) == set(service.groups)
    assert sum(service.customers.values()) == len(service.groups)


def test_customers_that_cannot_be_graded_are_one_group(service: ServiceLevel) -> None:
    def refuse() -> pd.Series:
        raise Refused("Nobody can be graded.")

    ungraded = replace(service, tiers=refuse)
    assert ungraded.customers == {ALL_CUSTOMERS: len(service.values().frame)}
    assert ungraded.on_time.to_frame()["group"].tolist() == [ALL_CUSTOMERS]
    assert ungraded.plans.best().levels.index.tolist() == [ALL_CUSTOMERS]


# Levels and effects


def test_every_tier_and_all_customers_have_a_best_level(service: ServiceLevel) -> None:
    frame = service.on_time.to_frame()
    assert frame["group"].tolist() == [*service.value.groups, ALL_CUSTOMERS]
    assert (frame["best_level_lower"] <= frame["best_level_upper"]).all()
    assert frame["best_level"].between(service.curve(ON_TIME).lower, service.curve(ON_TIME).upper).all()
    assert (frame["loss_from_staying"] >= 0).all()


def test_every_indicator_has_an_effect_in_every_group_and_in_all(service: ServiceLevel) -> None:
    rows = service.effects.to_frame().set_index(["kpi", "group"]).index
    expected = [(kpi, group) for kpi in service.value.kpis for group in (*service.value.groups, ALL_CUSTOMERS)]
    assert rows.tolist() == expected


def test_a_point_for_all_is_the_sum_of_groups_whose_failures_become_rarer_alike(service: ServiceLevel) -> None:
    value, rows = service.value, service.effects.to_frame().set_index(["kpi", "group"])
    for kpi in value.kpis:
        of_all = rows.loc[kpi, ALL_CUSTOMERS]
        rarer = 0.01 / (1 - of_all["today"])
        together = np.zeros(value.draws)
        for group in value.groups:
            today = float(value.today.loc[group, kpi])
            found = value.outcomes(group, pd.DataFrame({kpi: [today, today + (1 - today) * rarer]}))
            together += found.equity[:, 1] - found.equity[:, 0]
        assert of_all["equity"] == pytest.approx(together.mean())
        assert of_all["equity_lower"] == pytest.approx(np.quantile(together, 0.05))


def test_todays_level_of_all_lies_between_those_of_the_groups(service: ServiceLevel) -> None:
    for _, rows in service.effects.to_frame().groupby("kpi"):
        today = rows.set_index("group")["today"]
        groups = today.drop(ALL_CUSTOMERS)
        assert groups.min() <= today[ALL_CUSTOMERS] <= groups.max()


def test_the_two_ways_stand_side_by_side(service: ServiceLevel) -> None:
    frame = service.two_ways.to_frame().set_index(["kpi", "effect"])
    said = service.satisfaction
    for kpi, (leaving, orders) in said.through_satisfaction.items():
        assert frame.loc[(BY_NAME[kpi].label, "leaving"), "direct"] == said.responses.leaving[kpi].estimate
        assert frame.loc[(BY_NAME[kpi].label, "leaving"), "through_satisfaction"] == leaving.estimate
        assert frame.loc[(BY_NAME[kpi].label, "orders"), "through_satisfaction"] == orders.estimate


def test_what_if_nothing_changes_nothing_moves(service: ServiceLevel) -> None:
    group = service.value.groups[0]
    same = service.what_if({group: {ON_TIME: float(service.value.today.loc[group, ON_TIME])}}).to_frame()
    assert (same["change"].abs() < BIT).all()


def test_it_can_be_shown(service: ServiceLevel) -> None:
    assert "on_time_delivery" in repr(service)


# Plans


def test_no_budget_earns_less_than_a_smaller_one(service: ServiceLevel) -> None:
    worth = [service.plans.best(budget).net_worth for budget in BUDGETS]
    assert (np.diff(worth) >= -BIT).all()
    assert worth[0] >= -BIT  # staying as it is costs nothing
    assert worth[-1] > worth[0]


def test_a_plan_keeps_its_budget(service: ServiceLevel) -> None:
    for budget in BUDGETS[:-1]:
        assert service.plans.best(budget).cost <= budget * service.plans.years + 1e-6


def test_promises_are_kept_apart_from_the_tier(service: ServiceLevel) -> None:
    own = pd.Series(service.groups.index, service.groups.index)
    agreed = contract_minimums(service.records["contracts"], own, service.as_of)
    more = [one for one in agreed if one.level > service.value.today.loc[service.groups[one.group], ON_TIME]]
    assert more
    for one in more:
        assert service.plans.promised[one.group].startswith(f"{service.groups[one.group]}, promised")
    others = service.groups.index.difference([one.group for one in more])
    assert service.plans.promised[others].equals(service.groups[others])


def every_promise_is_kept(service: ServiceLevel) -> bool:
    own = pd.Series(service.groups.index, service.groups.index)
    agreed = contract_minimums(service.records["contracts"], own, service.as_of)
    levels = service.plans.with_promises().levels[ON_TIME]
    kept = [levels[service.plans.promised[one.group]] >= one.level - BIT for one in agreed]
    return bool(kept) and all(kept)


def test_every_contract_is_kept(service: ServiceLevel) -> None:
    assert every_promise_is_kept(service)


def test_contracts_are_kept_where_the_cheapest_level_would_pay_and_today_is_better(
    without_effect: ServiceLevel,
) -> None:
    """A contract that promises less than today keeps its tier from falling below it."""
    tables = dict(without_effect.records.tables)
    tables["contracts"] = tables["contracts"].mutate(agreed_on_time_share=ibis.literal(0.85))
    assert every_promise_is_kept(without_effect)
    assert every_promise_is_kept(replace(without_effect, records=replace(without_effect.records, tables=tables)))


def test_promises_earn_no_more_than_no_promises_of_the_same_groups(service: ServiceLevel) -> None:
    free = allocate(service.plans.options_with_promises, limits=service.plans.with_promises().terms.limits)
    assert service.plans.with_promises().net_worth <= free.net_worth + BIT


def test_floors_of_the_assumptions_are_kept(without_effect: ServiceLevel) -> None:
    floor = assuming(without_effect, service_floors={"core": 0.97})
    assert floor.plans.best().levels.loc["core", ON_TIME] >= 0.97
    promised = floor.plans.with_promises().levels[ON_TIME]
    assert (promised[promised.index.str.startswith("core")] >= 0.97).all()
    assert without_effect.plans.best().levels.loc["core", ON_TIME] < 0.97


def test_a_floor_out_of_reach_is_named_in_one_sentence(service: ServiceLevel) -> None:
    with pytest.raises(Refused, match="The floor of core") as refusal:
        assuming(service, service_floors={"core": 0.995}).plans.best()
    sentence = str(refusal.value)
    assert "99.5%" in sentence
    assert sentence.count(". ") == 0
    assert sentence.endswith(".")


def test_a_budget_too_small_for_the_floors_says_how_much_is_missing(service: ServiceLevel) -> None:
    floors = dict.fromkeys(service.customers, 0.99)
    with pytest.raises(Refused, match=r"the budget .* find .* more"):
        assuming(service, service_floors=floors).plans.best(budget=1.0)


# What cannot be told


def test_without_costs_it_says_what_to_write(service: ServiceLevel) -> None:
    uncosted = assuming(service, service_costs={})
    for ask in (lambda: uncosted.curves, lambda: uncosted.on_time, uncosted.plans.best, lambda: uncosted.frontier):
        with pytest.raises(Refused, match=rf"\[service_costs\.{ON_TIME}\] in {FILE}, with levels"):
            ask()
    rows = uncosted.effects.to_frame()
    assert rows["cost"].isna().all()
    assert rows["equity"].notna().all()


def test_where_nothing_was_ever_late_its_effect_is_declared_with_what_would_settle_it(never_late: ServiceLevel) -> None:
    row = never_late.satisfaction.responses.to_frame().set_index("kpi").loc[ON_TIME]
    assert row["identified"] == "nothing"
    assert "never varied: records of a time or of customers for whom it differed would settle it" in row["needs"]
    assert ON_TIME not in never_late.value.kpis
    assert any(remark.startswith("On-time delivery: no effect is told") for remark in never_late.value.remarks)
    assert ON_TIME not in set(never_late.effects.to_frame()["kpi"])


def test_where_nothing_was_ever_late_no_level_is_recommended(never_late: ServiceLevel) -> None:
    for ask in (lambda: never_late.on_time, never_late.plans.continuous):
        with pytest.raises(Refused, match=r"on[-_]time[ _]delivery"):
            ask()
    assert ON_TIME not in never_late.plans.best().levels


def test_where_nothing_was_ever_late_what_contracts_promise_of_it_is_refused(never_late: ServiceLevel) -> None:
    with pytest.raises(Refused, match=r"on[-_]time[ _]delivery"):
        never_late.plans.with_promises()


# No effect


def test_without_an_effect_the_cheapest_level_is_best(without_effect: ServiceLevel) -> None:
    frame = without_effect.on_time.to_frame()
    tiers = frame[frame["group"] != ALL_CUSTOMERS]
    assert tiers["best_level"].tolist() == pytest.approx([lowest(without_effect, ON_TIME)] * len(tiers))
    assert frame["worth_of_a_point"].to_numpy() == pytest.approx(0.0, abs=1e-6)
    assert not frame["effect_shown"].any()


def test_without_an_effect_the_plan_is_the_cheapest_level_of_every_lever(without_effect: ServiceLevel) -> None:
    plan = without_effect.plans.best()
    options = without_effect.plans.options
    for group in options.groups:
        own = options.levels["group"] == group
        assert options.cost[plan.chosen][options.groups.index(group)] == pytest.approx(options.cost[own].min())
    assert (plan.levels[ON_TIME] == lowest(without_effect, ON_TIME)).all()
    assert np.ptp(options.gains) == pytest.approx(0.0, abs=1e-6)


def test_more_effect_never_asks_for_less_service(service: ServiceLevel, without_effect: ServiceLevel) -> None:
    rising = [without_effect, responding(service, 0.5), responding(service, 1.0)]
    levels = [one.on_time.to_frame().set_index("group")["best_level"].drop(ALL_CUSTOMERS) for one in rising]
    assert (levels[0] <= levels[1]).all()
    assert (levels[1] <= levels[2]).all()
    assert (levels[0] < levels[2]).any()


def test_the_effects_of_one_indicator_are_those_rows(service: ServiceLevel) -> None:
    every = service.effects.to_frame()
    rows = every[every["kpi"] == ON_TIME].drop(columns="kpi").reset_index(drop=True)
    pd.testing.assert_frame_equal(service.effects.of(ON_TIME).to_frame(), rows)
    with pytest.raises(Refused, match="did you mean 'on_time_delivery'"):
        service.effects.of("on_time_deliver")


def test_a_misspelt_assumption_of_service_names_the_nearest(service: ServiceLevel) -> None:
    points = {"levels": [0.9, 0.95], "cost": [1.0, 2.0]}
    with pytest.raises(Refused, match="did you mean 'on_time_delivery'"):
        assert assuming(service, service_costs={"on_time_deliver": points}).curves
    with pytest.raises(Refused, match="did you mean 'core'"):
        assuming(service, service_floors={"cor": 0.9}).plans.best()
