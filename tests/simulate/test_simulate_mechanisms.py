"""Each mechanism of the market shows in its records or its truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvlab.simulate import Market
from clvlab.simulate.constants import CONSTANTS, UNIT_COSTS
from clvlab.simulate.leaving import COVARIATES, VOLUNTARY
from clvlab.simulate.market import build
from clvlab.simulate.truth import cost_to_serve
from clvlab.simulate.world import World

Frames = dict[str, pd.DataFrame]


def shipment_margin(shipments: pd.DataFrame) -> pd.Series:
    money = shipments[["direct_cost", "rebate", "claim_paid"]].fillna(0).sum(axis=1)
    return (shipments["revenue"] - money).groupby(shipments["customer_id"]).sum()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_top_fifth_holds_most_margin_and_some_customers_lose_money(seed: int) -> None:
    world = build(1500, 36, seed)
    margin = world.per_customer(world.made.margin)
    largest = np.sort(margin)[::-1]
    assert 0.70 <= largest[:300].sum() / largest.sum() <= 0.85
    assert 0.15 <= (margin < cost_to_serve(world)).mean() <= 0.25


def test_truth_margin_is_the_shipments_margin(clean: Frames, truth: Frames) -> None:
    done = clean["shipments"][clean["shipments"]["direct_cost"].notna()]
    seen = shipment_margin(done)
    real = truth["customers"].set_index("customer_id")["margin_in_window"].reindex(seen.index)
    open_share = 1 - len(done) / len(clean["shipments"])
    assert abs(seen.sum() / real.sum() - 1) < 5 * open_share + 0.01


def test_cost_to_serve_follows_from_the_tables_and_the_unit_costs(clean: Frames, truth: Frames) -> None:
    cost = {name: value for name, (value, _) in UNIT_COSTS.items()}
    s, c = clean["shipments"], clean["contacts"]
    wanted = clean["customers"].set_index("customer_id")["requirements"].fillna("")
    wanted = wanted.map(lambda text: len(text.split(";")) if text else 0)
    orders = s.groupby("customer_id").size()
    kinds = pd.crosstab(c["customer_id"], c["kind"])
    parts = [
        orders * cost["order"],
        s.groupby("customer_id")["urgent"].sum() * cost["urgent order"],
        orders * wanted.reindex(orders.index) * cost["special requirement"],
        clean["complaints"].groupby("customer_id").size() * cost["complaint"],
        (s["claim_paid"] > 0).groupby(s["customer_id"]).sum() * cost["claim"],
        *(kinds[kind] * cost[kind] for kind in ("visit", "call", "enquiry", "quote", "price notice")),
    ]
    seen = pd.concat(parts, axis=1).sum(axis=1)
    real = truth["customers"].set_index("customer_id")["cost_to_serve_in_window"]
    assert abs(seen.sum() / real.sum() - 1) < 0.02
    assert np.corrcoef(seen.reindex(real.index).fillna(0), real)[0, 1] > 0.99


def test_orders_pause_at_new_year_and_peak_before_it(clean: Frames) -> None:
    booked = clean["shipments"]["booked_at"].dt.normalize()
    for new_year in ("2023-01-22", "2024-02-10", "2025-01-29"):
        day = pd.Timestamp(new_year)
        pause = booked.between(day, day + pd.Timedelta(days=7)).sum() / 8
        before = booked.between(day - pd.Timedelta(days=20), day - pd.Timedelta(days=7)).sum() / 14
        assert pause < 0.15 * before
    month = booked.dt.month
    november, september = (month == 11).sum(), (month == 9).sum()
    assert november > 1.1 * september


def test_invoices_add_up_to_shipments(clean: Frames, market: Market) -> None:
    invoices = market.tables["invoices"].to_pandas()
    shipments = market.tables["shipments"].to_pandas().drop_duplicates("shipment_id")
    by_month = shipments.groupby(shipments["booked_at"].dt.to_period("M"))["revenue"].sum()
    freight = invoices[invoices["kind"].isin(["freight"])]
    billed = freight.groupby(pd.to_datetime(freight["issued_on"]).dt.to_period("M"))["amount"].sum()
    difference = (billed / by_month - 1).iloc[1:]
    assert difference.abs().max() < 0.20  # late billing moves 8% of invoices into the next month
    assert abs(billed.sum() / by_month.sum() - 1) < 0.02
    plain = invoices.merge(invoices[invoices["kind"] == "tax"], on=["customer_id", "issued_on"], suffixes=("", "_tax"))
    plain = plain[(plain["kind"] == "freight") & ~plain["disputed"]]
    assert (plain["amount_tax"] / plain["amount"]).median() == pytest.approx(0.06, abs=0.002)
    assert (invoices.loc[invoices["kind"] == "credit note", "amount"] < 0).all()
    assert (invoices.loc[invoices["kind"] != "credit note", "amount"] > -0.01).all()


def test_wrong_amounts_are_corrected_to_the_cent(clean: Frames, worlds: list[World]) -> None:
    from clvlab.simulate.money import invoices_table

    world = worlds[0]
    invoices = invoices_table(world).to_pandas()
    corrections = invoices[invoices["corrected_on"].notna()]
    assert len(corrections) > 50
    freight = invoices[invoices["kind"] == "freight"].groupby("customer_id")["amount"].sum()
    untouched = freight.index.difference(invoices.loc[invoices["disputed"], "customer_id"])
    revenue = pd.Series(world.per_customer(world.made.revenue))
    revenue.index = [f"C{i + 1:05d}" for i in range(len(world))]
    late = revenue.reindex(untouched) - freight.loc[untouched]
    assert (late > -0.05).all()
    assert (late.abs() < 0.05).mean() > 0.85  # the rest has its last month billed after the window


def score_z(worlds: list[World]) -> dict[str, float]:
    """Standardised score of each covariate at the true effects: normal with variance 1 if they are true."""
    score, variance = np.zeros(len(COVARIATES)), np.zeros(len(COVARIATES))
    for world in worlds:
        h = world.history
        chosen = h.leavings.cause < VOLUNTARY
        own = np.zeros(h.left.shape, dtype=bool)
        own[h.leavings.customer[chosen], h.leavings.month[chosen]] = True
        total, voluntary = h.total[h.at_risk], h.voluntary[h.at_risk]
        p = voluntary / total * -np.expm1(-total)
        x = np.column_stack([h.covariates[name][h.at_risk] for name in COVARIATES])
        x = x - x.mean(axis=0)
        score += x.T @ (own[h.at_risk] - p)
        variance += (x**2).T @ (p * (1 - p))
    return dict(zip(COVARIATES, score / np.sqrt(variance), strict=True))


def test_leaving_follows_the_stated_hazard_ratios(worlds: list[World]) -> None:
    z = score_z(worlds)
    assert max(abs(value) for value in z.values()) < 4.0, z
    assert sum(value**2 for value in z.values()) < 60  # 18 squares, mean about 18


def fitted_effects(months: pd.DataFrame, frailty: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Maximum likelihood of the competing exponential hazards within months, from the truth files alone."""
    x = np.column_stack([np.ones(len(months)), *(months[name] for name in COVARIATES)])
    offset = np.log(frailty.to_numpy())
    forced = (months["hazard"] - months["hazard_voluntary"]).to_numpy()
    left = months["left"].to_numpy()
    own = (left & months["cause"].isin(["service", "neglect", "price", "rival"])).to_numpy(dtype=float)
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(left.mean())
    for _ in range(60):
        rate = np.exp(offset + x @ beta)
        total = rate + forced
        slope = np.where(left, own + rate * (1 / np.expm1(total) - 1 / total), -rate)
        information = (x * rate[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ slope)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    names = ["base", *COVARIATES]
    return pd.Series(beta, names), pd.Series(np.sqrt(np.diag(np.linalg.inv(information))), names)


def test_effects_are_recovered_from_the_truth_files(truth: Frames) -> None:
    frailty = truth["months"]["customer_id"].map(truth["customers"].set_index("customer_id")["frailty"])
    estimate, error = fitted_effects(truth["months"], frailty)
    real = pd.Series({"base": np.log(CONSTANTS.base_spot)} | {n: getattr(CONSTANTS, n) for n in COVARIATES})
    z = (estimate - real) / error
    assert z.abs().max() < 4.0, z
    published = truth["hazard_effects"].set_index("name")["log_hazard_ratio"]
    assert published.reindex(COVARIATES).to_numpy() == pytest.approx(real[1:].to_numpy(), abs=1e-6)


def test_felt_service_in_the_truth_can_be_computed_from_shipments(clean: Frames, truth: Frames) -> None:
    months = truth["months"]
    s = clean["shipments"]
    late = s["delivered_at"] > s["delivery_due_at"]
    failed = late | s["refused"] | (s["completed"] == False) | (s["damaged_pieces"] > 0)  # noqa: E712
    key = [s["customer_id"], s["booked_at"].dt.to_period("M").dt.to_timestamp()]
    seen = failed.groupby(key).sum()
    settled = months[pd.to_datetime(months["month"]) < "2025-11-01"]
    index = pd.MultiIndex.from_arrays([settled["customer_id"], pd.to_datetime(settled["month"])])
    difference = settled["failures"].to_numpy() - seen.reindex(index).fillna(0).to_numpy()
    assert (difference != 0).mean() < 0.002  # rows with planted faults


def test_the_randomised_campaign_is_balanced_and_the_other_is_not(clean: Frames, truth: Frames) -> None:
    campaign = clean["campaigns"].merge(truth["customers"], on="customer_id")
    drawn = campaign[campaign["randomised"]]
    treated, control = (drawn[drawn["arm"] == arm] for arm in ("treatment", "control"))
    assert abs(len(treated) - len(control)) <= 1
    for column in ("frailty", "order_rate", "contract"):
        a, b = np.log1p(treated[column].astype(float)), np.log1p(control[column].astype(float))
        z = (a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / len(b))
        assert abs(z) < 4
    chosen = campaign[~campaign["randomised"]]
    assert set(chosen["arm"]) == {"treatment"}
    months = truth["months"]
    then = months[months["month"] == chosen["started_on"].iloc[0]]
    worried_about = then["customer_id"].isin(chosen["customer_id"])
    assert then.loc[worried_about, "service_mean"].mean() > then.loc[~worried_about, "service_mean"].mean() + 3
    assert control["accepted_on"].isna().all()
    assert control["offer"].isna().all()


def test_reasons_compete_and_only_some_come_back(worlds: list[World]) -> None:
    leavings = [world.history.leavings for world in worlds]
    cause = np.concatenate([entry.cause for entry in leavings])
    back = np.concatenate([entry.return_month >= 0 for entry in leavings])
    share = np.bincount(cause, minlength=7) / len(cause)
    assert (share > 0.01).all()
    assert share[0] == share.max()  # service is the commonest reason here
    assert back[cause == 2].mean() == pytest.approx(CONSTANTS.return_price, abs=0.08)
    assert not back[cause >= VOLUNTARY].any()
    gap = np.concatenate([e.return_month - e.month for e in leavings])[back]
    assert gap.min() >= 2
    assert gap.max() <= 6


def test_spot_customers_leave_in_silence(clean: Frames, truth: Frames) -> None:
    spot = truth["customers"].query("not contract")["customer_id"]
    assert not clean["contracts"]["customer_id"].isin(spot).any()
    gone = truth["customers"].query("not alive_at_end").set_index("customer_id")["last_left_on"]
    last = clean["shipments"].groupby("customer_id")["booked_at"].max()
    joined = pd.concat([pd.to_datetime(gone), last], axis=1, join="inner")
    assert (joined["booked_at"] < joined["last_left_on"] + pd.Timedelta(days=1)).all()
    ended = clean["contracts"].query("end_reason.notna() and end_reason != 'renewed'")
    assert set(ended["end_reason"]) <= set(truth["leavings"]["cause"])


def test_losses_react_more_strongly_than_gains(clean: Frames) -> None:
    surveys = clean["surveys"].query("respondent_role == 'shipper' and answered_on.notna()")
    items = surveys[surveys["item"] != "overall"].assign(gap=lambda d: d["perception"] - d["expectation"])
    key = ["customer_id", "sent_on"]
    gaps = items.groupby(key)["gap"].agg(
        gain=lambda g: g.clip(lower=0).mean(), loss=lambda g: (-g).clip(lower=0).mean()
    )
    overall = surveys[surveys["item"] == "overall"].set_index(key)["overall"]
    data = gaps.join(overall).dropna()
    x = np.column_stack([np.ones(len(data)), data["gain"], data["loss"]])
    slope = np.linalg.lstsq(x, data["overall"].to_numpy(), rcond=None)[0]
    assert 1.4 < -slope[2] / slope[1] < 2.8
    asked = clean["surveys"].query("item == 'overall'")
    assert 0.3 < asked["answered_on"].notna().mean() < 0.55


def test_regular_and_clumpy_shippers_differ(clean: Frames, truth: Frames) -> None:
    booked = clean["shipments"].sort_values("booked_at").groupby("customer_id")["booked_at"]
    gaps = booked.diff().dt.total_seconds() / 86400
    grouped = gaps.groupby(clean["shipments"]["customer_id"])
    variation = (grouped.std() / grouped.mean())[grouped.count() > 40]
    shape = truth["customers"].set_index("customer_id")["regularity_shape"].reindex(variation.index)
    means = variation.groupby(shape).median()
    assert means[4.0] < means[1.0] < means[0.45]


def test_capacity_runs_short_in_the_peaks(clean: Frames) -> None:
    capacity = clean["capacity"]
    month = pd.to_datetime(capacity["date"]).dt.month
    refused = capacity["refused"].groupby(month).sum()
    asked = (capacity["booked"] + capacity["refused"]).groupby(month).sum()
    share = refused / asked
    assert share[11] > 2 * share[6]
    moved = clean["shipments"].query("service_category == 'basic'")
    assert abs(asked.sum() - len(moved)) < 30  # planted faults and their doubles
    assert abs(refused.sum() - moved["refused"].sum()) < 10


def test_late_answers_and_late_payers(clean: Frames) -> None:
    enquiries = clean["contacts"].query("kind == 'enquiry'").dropna(subset=["answered_at"])
    hours = (enquiries["answered_at"] - enquiries["contacted_at"]).dt.total_seconds() / 3600
    assert 0.12 < (hours > 24).mean() < 0.30
    assert enquiries.loc[hours > 24, "hand_offs"].mean() > 2 * enquiries.loc[hours <= 24, "hand_offs"].mean()
    freight = clean["invoices"].query("kind == 'freight'").dropna(subset=["paid_on", "due_on"])
    late = pd.to_datetime(freight["paid_on"]) > pd.to_datetime(freight["due_on"])
    by_customer = late.groupby(freight["customer_id"]).mean()
    assert 0.2 < late.mean() < 0.6
    assert by_customer.std() > 0.2


def test_leads_win_as_stated(clean: Frames, truth: Frames) -> None:
    leads = clean["leads"]
    won = leads["won_on"].notna().groupby(leads["kind"]).mean()
    assert 0.12 < won["new"] < 0.25
    assert 0.33 < won["cross-sell"] < 0.55
    new = leads[(leads["kind"] == "new") & leads["won_on"].notna()].merge(clean["customers"], on="customer_id")
    assert (new["won_on"] == new["onboarded_on"]).all()
    assert leads.loc[(leads["kind"] == "new") & leads["won_on"].isna(), "customer_id"].isna().all()


def test_groups_and_profiles(clean: Frames, truth: Frames) -> None:
    customers = clean["customers"]
    parents = customers["parent_id"].dropna()
    assert 0.05 < len(parents) / len(customers) < 0.25
    assert customers.set_index("customer_id").loc[parents.unique(), "parent_id"].isna().all()
    updated = pd.to_datetime(customers["profile_updated_on"])
    assert (updated.dropna() >= pd.to_datetime(customers["onboarded_on"])[updated.notna()]).all()
    assert 0.2 < (updated < "2024-06-30").mean() < 0.7
    region = customers.merge(truth["customers"], on="customer_id")
    wrong = (region["region"] != region["true_region"])[region["region"].notna()].mean()
    assert 0.01 < wrong < 0.05
    load = customers["account_manager"].value_counts()
    assert len(load) == 12
    assert load.max() > 2 * load.min()
    assert (pd.to_datetime(customers["onboarded_on"]) < "2023-01-01").mean() == pytest.approx(0.55, abs=0.01)
