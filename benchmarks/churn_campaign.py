"""What the effect of a randomised campaign is worth as evidence, on markets whose truth is known.

Run ``python -m benchmarks.churn_campaign``; it prints Markdown tables. Each market's first campaign is drawn by lot.
The truth is the mean, over the customers in it, of the probability to leave within 9 months when not called less that
when called, from the true hazards; leaving is taken from the true spells.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks.measure import markdown
from clvlab.retention.campaign_effect import EVERYONE, campaign_effect
from clvlab.simulate import leaving, sales, truth
from clvlab.simulate.calendar import Floats
from clvlab.simulate.columns import customer_codes
from clvlab.simulate.customers import NEVER
from clvlab.simulate.history import campaign_months
from clvlab.simulate.market import build
from clvlab.simulate.world import World

MARKETS, CUSTOMERS, MONTHS = 200, 1500, 36
# What a customer who has left stops to feel; it stays as it was when it left.
FELT = (*leaving.PARTS["service"], *leaving.PARTS["neglect"])
PERSUADABLE, DISTURBED = 1, 2


def true_reduction(world: World, start: int) -> Floats:
    """Return what calling in a month takes off each customer's probability to leave within the campaign's months."""
    history = world.history
    forced = leaving.involuntary_hazards(world.population, history.unprofitable).sum(axis=0)
    cumulated = np.zeros((2, len(world)))
    felt = {name: history.covariates[name][:, start] for name in FELT}
    for month in range(start, start + leaving.CAMPAIGN_MONTHS):
        felt = {
            name: np.where(history.at_risk[:, month], history.covariates[name][:, month], felt[name]) for name in FELT
        }
        known = {name: history.covariates[name][:, month] for name in leaving.COVARIATES} | felt
        for called in (0, 1):
            for name, kind in (("campaign_persuadable", PERSUADABLE), ("campaign_disturbed", DISTURBED)):
                known[name] = called * (world.population.campaign_type == kind).astype(float)
            own = leaving.voluntary_hazard(world.population, leaving.part_predictors(known))
            cumulated[called] += own + forced
    return np.exp(-cumulated[1]) - np.exp(-cumulated[0])


def true_spells(world: World) -> pd.DataFrame:
    """Return every spell in the truth as time at risk of leaving."""
    left = truth.leavings_truth(world).to_pandas()
    gone = pd.DataFrame(
        {"customer_id": left["customer_id"], "at_risk_from": left["since"], "at_risk_to": left["left_on"]}
    )
    codes = pd.Series(customer_codes(np.arange(len(world))).to_pandas())
    alive = pd.DataFrame({"customer_id": codes[world.history.alive[:, -1]]})
    back = left.dropna(subset=["returned_on"]).drop_duplicates("customer_id", keep="last")
    since = alive["customer_id"].map(back.set_index("customer_id")["returned_on"])
    first = pd.Series([spells[0].first for spells in world.spells], index=codes)
    begun = pd.to_datetime("2025-12-31") - pd.to_timedelta(world.end - 1 - alive["customer_id"].map(first), unit="D")
    alive = alive.assign(at_risk_from=pd.to_datetime(since).fillna(begun), at_risk_to=pd.Timestamp("2025-12-31"))
    return pd.concat([gone.assign(event=1), alive.assign(event=0)], ignore_index=True)


def one_market(seed: int) -> pd.DataFrame:
    """Return truth and estimates of one market, over all and by tie, and of its controls split by lot."""
    world = build(CUSTOMERS, MONTHS, seed)
    campaigns = sales.campaigns_table(world).to_pandas()
    codes = customer_codes(np.arange(len(world))).to_pandas()
    tie = np.where(world.population.contract_month < NEVER, "contract", "spot")
    before = pd.DataFrame({"customer_id": codes, "tie": tie})
    spells = true_spells(world)
    drawn = campaigns[campaigns["randomised"].astype(str).str.lower() == "true"].assign(randomised=True)
    effect = campaign_effect(drawn, spells, before=before, by="tie", months=leaving.CAMPAIGN_MONTHS)
    rows = effect.to_frame().assign(seed=seed, shown=effect.shown)
    members = pd.Series(true_reduction(world, campaign_months(MONTHS)[0]), index=codes).loc[drawn["customer_id"]]
    of_group = members.groupby(before.set_index("customer_id")["tie"].loc[members.index]).mean()
    rows["truth"] = rows["group"].map({**of_group, EVERYONE: members.mean()})
    controls = drawn[drawn["arm"] == "control"]
    lots = np.random.default_rng(seed).permutation(len(controls)) % 2
    nothing = campaign_effect(
        controls.assign(arm=np.where(lots == 0, "control", "treatment")), spells, before=before, by="tie",
        months=leaving.CAMPAIGN_MONTHS,
    )  # fmt: skip
    return rows.assign(shown_where_none_is=nothing.shown)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row per group: truth, estimates, and how often the intervals hold."""
    rows = []
    for group, part in found.groupby("group", sort=False):
        n = len(part)
        inside = {
            name: int(part["truth"].between(part[f"{name}lower"], part[f"{name}upper"]).sum())
            for name in ("", "pooled_")
        }
        spread = 100 * (part["reduction"] - part["truth"]).std() / np.sqrt(n)
        rows.append(
            {
                "group": group,
                "truth, of 100": round(100 * part["truth"].mean(), 2),
                "estimate": f"{100 * part['reduction'].mean():.2f} ± {spread:.2f}",
                "pooled": round(100 * part["pooled"].mean(), 2),
                "mean absolute error": round(100 * (part["reduction"] - part["truth"]).abs().mean(), 2),
                "pooled error": round(100 * (part["pooled"] - part["truth"]).abs().mean(), 2),
                "90% interval holds": f"{inside['']} of {n} (p = {binomtest(inside[''], n, 0.9).pvalue:.2f})",
                "pooled holds": f"{inside['pooled_']} of {n} (p = {binomtest(inside['pooled_'], n, 0.9).pvalue:.2f})",
                "detectable": round(100 * part["detectable"].mean(), 1),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Print the tables."""
    frames = []
    for seed in range(1, MARKETS + 1):
        frames.append(one_market(seed))
        print(f"market {seed}: done", file=sys.stderr)
    found = pd.concat(frames, ignore_index=True)
    markets = found.drop_duplicates("seed")
    print(
        f"Effect of a randomised campaign on leaving within {leaving.CAMPAIGN_MONTHS} months, {MARKETS} markets of"
        f" {CUSTOMERS:,} customers: of 100 customers, how many calling keeps\n"
    )
    print(markdown(summary(found)))
    print(
        f"\nThe campaign shows an effect in {int(markets['shown'].sum())} of {MARKETS} markets; its controls, split by"
        f" lot, show one in {int(markets['shown_where_none_is'].sum())}."
    )


if __name__ == "__main__":
    main()
