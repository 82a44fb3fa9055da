"""Every customer is valued once, by what was known, at a loss too, and the parts add up to the whole."""

from __future__ import annotations

import datetime as dt
from functools import partial

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.assumptions import Assumptions
from clvlab.clv import ContributionMargin, GammaGamma
from clvlab.clv.models.margins import ContributionMarginFit
from clvlab.clv.models.spend import GammaGammaFit
from clvlab.clv.valuing.customer_base import value_base
from clvlab.clv.valuing.customer_values import EVERYONE, CustomerValues
from clvlab.clv.valuing.fitted import fit_models
from clvlab.clv.valuing.valuation import expected_values
from clvlab.features.events import purchases
from clvlab.records.quarantine import Quarantine
from clvlab.records.records import Records
from clvlab.refusal import Refused
from clvlab.study import Study

START, AS_OF, EARLIER = pd.Timestamp("2023-10-01"), dt.date(2025, 12, 30), dt.date(2025, 6, 30)
DAYS = (pd.Timestamp(AS_OF) - START).days
SCHEMAS = {
    "customers": {"customer_id": "string", "industry": "string", "acquisition_cost": "float64"},
    "shipments": {
        "shipment_id": "string", "customer_id": "string", "booked_at": "timestamp", "revenue": "float64",
        "direct_cost": "float64",
    },
    "contracts": {
        "contract_id": "string", "customer_id": "string", "starts_on": "date", "ends_on": "date", "ended_on": "date",
        "end_reason": "string",
    },
    "contacts": {"contact_id": "string", "customer_id": "string", "contacted_at": "timestamp", "cost": "float64"},
}  # fmt: skip


def on(days) -> pd.Timestamp:
    return START + pd.to_timedelta(days, unit="D")


def market(n: int = 300, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Return tables of n customers over 27 months; a third are under contract, some bring losses."""
    rng = np.random.default_rng(seed)
    who = np.array([f"k{i:03}" for i in range(n)])
    first = np.where(rng.random(n) < 0.4, 0, rng.integers(0, DAYS - 60, n))
    rate, mean = rng.gamma(1.0, 1 / 30, n), rng.normal(50, 40, n)
    leaves = first + rng.exponential(1 / rng.gamma(2.0, 1 / 600, n))
    orders, contracts = [], []
    for i in range(n):
        if i % 3 == 0:
            begins, leaves[i], rate[i] = int(first[i]), DAYS + 1, max(rate[i], 1 / 20)
            begins -= int(rng.integers(0, 300)) * (begins == 0)
            for ends in range(begins + 364, DAYS + 400, 365):
                reason = None if ends > DAYS else "renewed" if rng.random() < 0.8 else "price"
                contracts.append((who[i], on(ends - 364), on(ends), on(ends) if reason else pd.NaT, reason))
                if reason != "renewed":
                    leaves[i] = ends if reason else leaves[i]
                    break
        times = first[i] + np.append(0, np.cumsum(rng.exponential(1 / rate[i], 400)))
        bought = times[times < min(leaves[i], DAYS + 1)]
        orders += [(who[i], day, mean[i] + 20 * rng.standard_normal()) for day in bought]
    log = pd.DataFrame(orders, columns=["customer_id", "day", "margin"])
    named = ["customer_id", "starts_on", "ends_on", "ended_on", "end_reason"]
    visits = pd.DataFrame({"customer_id": rng.choice(who, 400), "contacted_at": on(rng.integers(0, DAYS, 400))})
    return {
        "customers": pd.DataFrame(
            {
                "customer_id": who,
                "industry": np.resize(["textiles", "food", None], n),
                "acquisition_cost": np.where(np.arange(n) % 2, 200.0, np.nan),
            }
        ),
        "shipments": pd.DataFrame(
            {
                "shipment_id": log.index.astype(str),
                "customer_id": log.customer_id,
                "booked_at": on(log.day).astype("datetime64[us]"),
                "revenue": 300.0,
                "direct_cost": 300 - log.margin,
            }
        ),
        "contracts": pd.DataFrame(contracts, columns=named).rename_axis("contract_id").reset_index().astype(
            {"contract_id": str}
        ),
        "contacts": visits.assign(cost=rng.gamma(2, 10, 400), contact_id=visits.index.astype(str)),
    }  # fmt: skip


def records_of(tables: dict[str, pd.DataFrame], last: dt.date = AS_OF) -> Records:
    """Return records of tables, not yet cut."""
    found = {}
    for name, frame in tables.items():
        schema = {column: kind for column, kind in SCHEMAS.get(name, {}).items() if column in frame}
        found[name] = ibis.memtable(frame[list(schema)] if schema else frame, schema=schema or None)
    return Records(found, Quarantine(pd.DataFrame(), pd.DataFrame()), {}, (), last, Assumptions())


def valued(tables: dict[str, pd.DataFrame], as_of: dt.date = AS_OF, seed: int = 1) -> CustomerValues:
    records = records_of(tables).at(as_of)
    return value_base(records, purchases(records.tables), as_of, Assumptions(), seed)


def without(tables: dict[str, pd.DataFrame], *names: str) -> dict[str, pd.DataFrame]:
    return {name: frame for name, frame in tables.items() if name not in names}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return market()


@pytest.fixture(scope="module")
def few() -> dict[str, pd.DataFrame]:
    """Ninety customers, without contracts and costs."""
    found = without(market(90, seed=2), "contracts", "contacts")
    return found | {"customers": found["customers"][["customer_id", "industry"]]}


@pytest.fixture(scope="module")
def base(tables) -> CustomerValues:
    return valued(tables)


@pytest.fixture(scope="module")
def plain(few) -> CustomerValues:
    return valued(few)


# The whole and its parts ---------------------------------------------------------------------------------------


def test_every_customer_is_there_once(tables, base):
    buyers = set(tables["shipments"].customer_id)
    assert base.frame.index.is_unique
    assert set(base.frame.index) == buyers
    assert len(buyers) == 300
    assert base.frame.index.name == "customer_id"
    assert not base.frame.filter(regex="value").isna().any(axis=None)


def test_the_models_alone_expect_what_the_values_say(tables, base):
    records = records_of(tables).at(AS_OF)
    models = fit_models(records, purchases(records.tables), AS_OF, Assumptions())
    expected = models.expected_values().reindex(base.frame.index)
    pd.testing.assert_series_equal(expected, base.frame["value"], rtol=1e-9)


def test_whose_contract_runs_is_valued_by_it(tables, base):
    contracts = tables["contracts"]
    running = contracts[contracts.ended_on.isna()].customer_id
    assert set(base.frame.index[base.frame.tie == "contract"]) == set(running)
    assert 40 < len(running) < 100
    assert (base.frame.probability_alive[running] == 1).all()
    assert f"{len(running)} customers are valued by their running contract" in " ".join(base.remarks)


def test_the_purchase_model_is_fitted_to_those_who_were_never_under_contract(tables, base):
    never = len(set(tables["customers"].customer_id) - set(tables["contracts"].customer_id))
    assert base.streams[1].fit.customers == never == 200


def test_the_whole_is_the_sum_of_ties_and_of_segments(base):
    parts = [expected_values(stream, base.money, base.outlook)[0] for stream in base.streams]
    assert base.frame.value.sum() == pytest.approx(sum(part.sum() for part in parts))
    assert base.frame.groupby("tie").value.sum().to_list() == pytest.approx([part.sum() for part in parts])
    segments = base.by_segment("industry").to_frame()
    assert set(segments.segment) == {"textiles", "food", "not recorded"}
    assert (segments.value.sum(), segments.customers.sum(), segments.share.sum()) == pytest.approx(
        (base.frame.value.sum(), 300, 1)
    )
    for horizon in ("value", "life_value"):
        drawn = base.totals.xs(horizon, axis=1, level=2)
        assert drawn["industry"].sum(axis=1).to_numpy() == pytest.approx(drawn[EVERYONE, EVERYONE].to_numpy())
    assert f"{base.frame.value.sum():,.0f}" in repr(base)


def test_what_was_brought_is_margins_less_costs(tables, base):
    shipments = tables["shipments"]
    margins = (shipments.revenue - shipments.direct_cost).groupby(shipments.customer_id).sum()
    serving = tables["contacts"].groupby("customer_id").cost.sum()
    winning = tables["customers"].set_index("customer_id").acquisition_cost
    expected = margins.sub(serving, fill_value=0).sub(winning, fill_value=0)
    assert base.frame.historical_value.to_numpy() == pytest.approx(expected[base.frame.index].to_numpy())
    assert base.frame.total_value.to_numpy() == pytest.approx(
        (base.frame.historical_value + base.frame.life_value).to_numpy()
    )
    assert "Values are less recorded costs of winning customers and of contacts and campaigns." in base.remarks


def test_expected_values_lie_within_nearly_all_intervals(base, plain):
    """Not of those who are gone but for one chance in twenty: their interval is 0."""
    for found in (base, plain):
        there = found.frame[found.frame.probability_alive > 0.2]
        assert len(there) > 0.4 * len(found.frame)
        for name in ("value", "life_value", "total_value"):
            assert (found.frame[f"{name}_lower"] <= found.frame[f"{name}_upper"]).all()
            assert there[name].between(there[f"{name}_lower"], there[f"{name}_upper"]).mean() > 0.95
        gone = found.frame[found.frame.probability_alive < 0.04]
        assert (gone[["value_lower", "value_upper"]] == 0).all(axis=None)
        for horizon in ("value", "life_value"):
            low, high = found.interval(horizon)
            assert low < found.frame[horizon].sum() < high


def test_expected_totals_lie_in_the_middle_of_their_draws(base, plain):
    """Further out than the draws' own standard deviation they would contradict each other."""
    for found in (base, plain):
        drawn = found.totals[EVERYONE, EVERYONE, "value"]
        assert abs(drawn.mean() - found.frame.value.sum()) < 0.5 * drawn.std()


def test_a_hundred_contracts_tell_a_years_retention_to_ten_points_or_so(base):
    renewals = base.streams[0].renewals
    low, high = np.quantile(renewals.draws(12, 500)[:, 12], [0.05, 0.95])
    assert 0.65 < low < renewals.survival(12)[12] < high < 0.92, (low, high)


def test_customers_at_a_loss_have_values_below_0(base, plain):
    for found in (base, plain):
        frame = found.frame
        loss = frame.purchase_value < 0
        assert loss.sum() > 5
        assert (frame.value[loss] < 0).all()
        assert (frame.life_value[loss] < frame.value[loss]).all()
        assert (frame.value[~loss] >= 0).all()
        assert (frame.value_lower < 0).sum() > loss.sum() / 2
    worst = plain.frame.iloc[-1]
    assert worst.value == plain.frame.value.min() < 0


def test_lifelong_value_goes_on_from_the_horizon(base):
    frame = base.frame
    assert (frame.life_value.abs() >= frame.value.abs()).all()
    assert (np.sign(frame.life_value) == np.sign(frame.value)).all()


def test_dates_of_next_purchases_are_ahead_and_only_of_those_likely_to_be_there(base):
    frame = base.frame
    likely = frame.probability_alive >= 0.5
    assert frame.next_purchase.notna().equals(likely)
    assert (frame.next_purchase[likely] >= pd.Timestamp(AS_OF)).all()
    assert (frame.next_purchase_by[likely] >= frame.next_purchase[likely]).all()


# With less in the records --------------------------------------------------------------------------------------


def test_without_contracts_all_are_valued_by_their_purchases(plain):
    assert (plain.frame.tie == "spot").all()
    assert len(plain.streams) == 1
    assert "There is no table contracts: all are valued by their purchases." in plain.remarks


def test_without_costs_values_are_margins(few, plain):
    assert "The records hold no costs of customers." in plain.remarks
    assert plain.meaning == "contribution margin"
    assert isinstance(plain.money.fit, ContributionMarginFit)
    margins = few["shipments"].revenue - few["shipments"].direct_cost
    assert plain.frame.historical_value.sum() == pytest.approx(margins.sum())
    summary = plain.money.table
    fit = ContributionMargin().fit(summary)
    assert plain.frame.purchase_value[summary.index].to_numpy() == pytest.approx(fit.expected_value(summary).to_numpy())


def invoices_of(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the same market as invoices, amounts above 0."""
    shipments = tables["shipments"]
    frame = {"invoice_id": shipments.shipment_id, "customer_id": shipments.customer_id}
    frame |= {"issued_on": shipments.booked_at.dt.normalize(), "amount": shipments.direct_cost.abs() + 5}
    return without(tables, "shipments") | {"invoices": pd.DataFrame(frame)}


def test_invoices_are_valued_by_gamma_gamma(few):
    tables = invoices_of(few)
    found = valued(tables)
    assert found.meaning == "amount invoiced"
    assert isinstance(found.money.fit, GammaGammaFit)
    assert set(found.frame.index) == set(tables["invoices"].customer_id)
    assert (found.frame.value > 0).all()
    assert found.frame.historical_value.sum() == pytest.approx(tables["invoices"].amount.sum())
    again = GammaGamma().fit(found.money.table)
    assert again.params_.to_numpy() == pytest.approx(found.money.fit.params_.to_numpy())


def test_amounts_too_are_less_what_serving_costs(few):
    tables = invoices_of(few)
    invoices = tables["invoices"]
    visits = invoices[["customer_id"]].assign(contacted_at=invoices.issued_on, cost=50.0)
    found = valued(tables | {"contacts": visits.assign(contact_id=visits.index.astype(str))})
    assert "Values are less recorded costs of contacts and campaigns." in found.remarks
    assert found.frame.historical_value.sum() == pytest.approx(invoices.amount.sum() - 50 * len(invoices))
    bought = invoices.groupby("customer_id").amount.agg(["size", "mean"])
    often = bought[bought["size"] > 20]
    assert len(often) > 20
    gap = often["mean"] - found.frame.purchase_value[often.index]
    assert gap.mean() == pytest.approx(50, abs=10)


# What was known ------------------------------------------------------------------------------------------------


def test_later_rows_change_nothing_on_an_earlier_day(few):
    early = few | {"shipments": few["shipments"][few["shipments"].booked_at < pd.Timestamp(EARLIER + dt.timedelta(1))]}
    assert len(early["shipments"]) < 0.9 * len(few["shipments"])
    whole = Study(records_of(few), Assumptions(), AS_OF).at(EARLIER).clv
    then = Study(records_of(early, EARLIER), Assumptions(), None).clv
    assert then.as_of == whole.as_of == EARLIER
    pd.testing.assert_frame_equal(whole.frame, then.frame, rtol=1e-9)
    pd.testing.assert_frame_equal(whole.totals, then.totals, rtol=1e-9)
    assert whole.remarks == then.remarks


# The same numbers ----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_numbers_in_whatever_order_rows_come(few, plain):
    shuffled = few | {"shipments": few["shipments"].sample(frac=1, random_state=1)}
    again = valued(shuffled)
    pd.testing.assert_frame_equal(again.frame, plain.frame, rtol=1e-9)
    pd.testing.assert_frame_equal(again.totals, plain.totals, rtol=1e-9)


# Refusals ------------------------------------------------------------------------------------------------------


def refusal(of) -> str:
    with pytest.raises(Refused) as caught:
        of()
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_shipments_without_revenue_have_no_value(few):
    bare = few | {"shipments": few["shipments"].drop(columns=["revenue", "direct_cost"])}
    said = refusal(partial(valued, bare))
    assert said == "A value needs money: revenue and direct_cost in shipments, or invoices with amounts."


def test_too_few_repeat_buyers_are_refused(few):
    shipments = few["shipments"]
    once = shipments.drop_duplicates("customer_id")
    some = shipments[shipments.customer_id.isin(once.customer_id.head(6))]
    said = refusal(partial(valued, few | {"shipments": pd.concat([once, some]).drop_duplicates("shipment_id")}))
    assert "repeat buyers" in said


def test_records_that_are_too_short_are_refused(few):
    shipments = few["shipments"]
    late = shipments[shipments.booked_at > pd.Timestamp(AS_OF) - pd.Timedelta(days=40)]
    assert "trying a model out needs 12 weeks or more" in refusal(partial(valued, few | {"shipments": late}))


def test_who_is_not_there_is_refused(base):
    with pytest.raises(Refused, match="There is no customer 'k1O0'"):
        base.customer("k1O0")
    assert base.customer("k100").value == base.frame.value["k100"]
    with pytest.raises(Refused, match="not grouped by 'industri'"):
        base.by_segment("industri")
