"""The tables of ``benchmarks.tiers_market``: what is said of all markets' customers, beside what is true."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from clvlab.tiers.classes.labelled import NOT_KNOWN
from clvlab.tiers.evidence.prediction import SCORECARD

ORDERS = (0, 6, 12, 24, 60, np.inf)
CHANCES = (0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1)
REGULARITY = {0.45: "in bursts", 1.0: "at random", 4.0: "regular"}


def covered(rows: pd.DataFrame, true: str, lower: str = "lower", upper: str = "upper") -> tuple[int, float]:
    """Return how many intervals hold the truth, and how likely so few would be at 90%."""
    held = int(((rows[lower] <= rows[true]) & (rows[true] <= rows[upper])).sum())
    return held, binomtest(held, len(rows), 0.9, "less").pvalue


def share_rows(share: pd.DataFrame) -> pd.DataFrame:
    """Return bias and coverage of the share against both truths."""
    rows = []
    for true, meaning in (
        ("planted", "as planted: without complaints, refusals and cancellations, at the first prices"),
        ("true", "by all of the window's lines and conditions"),
    ):
        held, chance = covered(share, true)
        rows.append({
            "true share": meaning, "mean": f"{share[true].mean():.1%}", "said": f"{share['said'].mean():.1%}",
            "error, points": _mean(100 * (share["said"] - share[true])), "inside": f"{held} of {len(share)}",
            "so few by chance": f"{chance:.2f}",
        })  # fmt: skip
    return pd.DataFrame(rows)


def account_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return how often the interval of recurring profit holds the expected profit, by orders and regularity."""
    above, below = (
        found["true_profit"] > found["recurring_profit_upper"], found["true_profit"] < found["recurring_profit_lower"]
    )  # fmt: skip
    groups = {"all": pd.Series("all", found.index), "orders": pd.cut(found["orders_before"], ORDERS),
              "ordering": found["shape"].map(REGULARITY)}  # fmt: skip
    rows = [
        {
            "accounts": f"{what} {name}" if what != "all" else name, "number": len(some),
            "held": f"{1 - above[some.index].mean() - below[some.index].mean():.1%}",
            "truth above": f"{above[some.index].mean():.1%}", "below": f"{below[some.index].mean():.1%}",
        }
        for what, by in groups.items() for name, some in found.groupby(by, observed=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def quadrant_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return how often potential truly is high, by the probability said."""
    bins = pd.cut(found["high"], CHANCES, include_lowest=True)
    columns = {"high": "said", "margin_is_high": "truly, margin", "profit_is_high": "truly, profit"}
    rows = found.groupby(bins, observed=True)[list(columns)].mean().map("{:.1%}".format).rename(columns=columns)
    rows.insert(0, "customers", found.groupby(bins, observed=True).size())
    return rows.reset_index(names="probability of high potential")


def list_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return what the accounts on each list truly are."""
    names = (found["list"] + ", " + found["money_is"]).fillna("on none")
    rows = []
    for name, some in found.groupby(names):
        there = some[some["alive_at_end"]]
        rows.append({
            "list": name, "accounts a market": f"{len(some) / found['market'].nunique():.1f}",
            "lost money in expectation": f"{(some['true_profit'] < 0).mean():.1%}",
            "planted": f"{some['unprofitable_in_expectation'].mean():.1%}",
            "expected profit of 12 months": f"{some['expected_profit_12_months'].mean():,.0f}",
            "said to leave within 12": f"{there['leave_probability'].mean():.1%}",
            "truly": f"{1 - there['survival_12_months'].mean():.1%}",
        })  # fmt: skip
    return pd.DataFrame(rows)


def class_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return how many of each value class truly lost money in the year."""
    some = found[found["value_class"] != NOT_KNOWN]
    by = some.groupby("value_class")
    return pd.DataFrame({
        "class": list(by.groups), "customers": by.size().to_numpy(),
        "lost money in expectation": by["year_before"].apply(lambda true: f"{(true < 0).mean():.1%}").to_numpy(),
        "planted": by["unprofitable_in_expectation"].mean().map("{:.1%}".format).to_numpy(),
        "net value, sum": by["net_value"].sum().map("{:,.0f}".format).to_numpy(),
        "true running profit, sum": by["year_before"].sum().map("{:,.0f}".format).to_numpy(),
    })  # fmt: skip


def prediction_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return the scorecard's lead over its rivals, mean over markets, and in how many it was told."""
    rivals = found[found["ranking"] != SCORECARD]
    by = rivals.assign(measure=rivals["measure"].str.replace(r"\d+%", "share", regex=True))
    by = by.groupby(["measure", "ranking"], sort=False)
    return pd.DataFrame([
        {
            "measure": measure, "rival": rival, "rival's": f"{some['value'].mean():.2f}",
            "scorecard's lead": _mean(some["difference"]),
            "beaten in": int((some["scorecard_is"] == "beaten").sum()),
            "ahead in": int((some["scorecard_is"] == "ahead").sum()),
        }
        for (measure, rival), some in by
    ])  # fmt: skip


def visit_rows(found: pd.DataFrame, markets: int) -> pd.DataFrame:
    """Return in how many markets something is shown of visits."""
    fair = found[~found["set apart"].astype(bool)]
    return pd.DataFrame([{
        "markets": markets, "refused": markets - len(found), "set apart by the months before": len(found) - len(fair),
        "an effect on growth shown": int(fair["growth"].sum()), "on leaving": int(fair["leaving"].sum()),
        "growth, mean ratio": _mean(found["ratio"]),
    }])  # fmt: skip


def _mean(values: pd.Series) -> str:
    """Return a mean with its standard error."""
    return f"{values.mean():+.2f} ± {values.std() / np.sqrt(len(values)):.2f}"
