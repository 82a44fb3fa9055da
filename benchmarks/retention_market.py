"""Whom acting really pays for: rankings of accounts beside the true effect of a call, on markets whose truth is known.

Run ``python -m benchmarks.retention_market``; it prints Markdown tables. Accounts are ranked as of nine months before
the market ends, with the campaign known by then; the truth is what a call on that day takes off each account's
probability to leave within nine months, from the true hazards, times its margin as valued then.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks.churn_campaign import true_reduction
from benchmarks.measure import markdown
from clvlab.features.events import purchases
from clvlab.opening import open_study
from clvlab.periods import months_before
from clvlab.retention.customer_retention import Retention
from clvlab.simulate import simulate
from clvlab.simulate.columns import customer_codes
from clvlab.simulate.leaving import CAMPAIGN_MONTHS
from clvlab.simulate.market import build
from clvlab.study import Study

MARKETS, CUSTOMERS, MONTHS = 10, 1000, 36
FIRST = 0.2  # share of the accounts that is acted on
RANKINGS = {"expected profit": "profit", "margin at stake": "at_stake", "margin": "margin", "risk": "probability"}


def one_market(seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return what acting on the first fifth of each ranking truly earns, and how lost accounts' returns came true."""
    with TemporaryDirectory() as folder:
        simulate(CUSTOMERS, MONTHS, seed).write(Path(folder) / "market")
        today = open_study(Path(folder) / "market")
        then = today.at(months_before(today.as_of, CAMPAIGN_MONTHS))
        retention = Retention(
            then.assumptions, seed, purchases(then.records.tables), lambda: then.churn, lambda: then.watch_list
        )
        found = retention.actions.to_frame().set_index("customer_id")
        returns = _returns(today, seed)
    world = build(CUSTOMERS, MONTHS, seed)
    codes = customer_codes(np.arange(len(world))).to_pandas()
    truth = pd.Series(true_reduction(world, MONTHS - CAMPAIGN_MONTHS), index=codes).reindex(found.index)
    earned = truth * found["margin"] - retention.cost[0]
    first = round(FIRST * len(found))
    rows = {name: {"earned": earned[found[column].nlargest(first).index].sum()} for name, column in RANKINGS.items()}
    rows["the truth"] = {"earned": earned.nlargest(first).sum()}
    rows["accounts by lot"] = {"earned": earned.mean() * first}
    frame = pd.DataFrame(rows).T.rename_axis("ranked by").reset_index().assign(seed=seed)
    return frame, returns


def _returns(today: Study, seed: int) -> dict[str, float]:
    """Return how many lost accounts were expected back within a year of a day, and how many came."""
    then = today.at(months_before(today.as_of, 12))
    retention = Retention(
        then.assumptions, seed, purchases(then.records.tables), lambda: then.churn, lambda: then.watch_list
    )
    listed = retention.win_back.to_frame()
    orders = today.purchases.orders.select("customer_id", "date").to_pyarrow().to_pandas()
    later = orders.loc[pd.to_datetime(orders["date"]) > pd.Timestamp(then.as_of), "customer_id"]
    return {
        "lost": len(listed), "expected": listed["chance"].sum(), "came back": listed["customer_id"].isin(later).sum(),
        "seed": seed,
    }  # fmt: skip


def main() -> None:
    """Print the tables."""
    frames, returns = [], []
    for seed in range(1, MARKETS + 1):
        frame, back = one_market(seed)
        frames.append(frame)
        returns.append(back)
        print(f"market {seed}: done", file=sys.stderr)
    found = pd.concat(frames, ignore_index=True)
    by = found.groupby("ranked by", sort=False)["earned"]
    table = pd.DataFrame({"true profit of the first fifth, CNY": by.mean().round(-2),
                          "standard error": (by.std() / np.sqrt(MARKETS)).round(-2)}).reset_index()  # fmt: skip
    print(f"Acting on the first fifth of the accounts, {MARKETS} markets of {CUSTOMERS:,} customers\n")
    print(markdown(table))
    print("\nLost accounts expected back within a year, and those that came\n")
    print(markdown(pd.DataFrame(returns).sum().drop("seed").round(1).to_frame("accounts").T))


if __name__ == "__main__":
    main()
