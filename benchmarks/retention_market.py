"""Whom acting really pays for, and who really comes back, on markets whose truth is known.

Run ``python -m benchmarks.retention_market``; it prints Markdown tables and returns 1 when a list earns less than it
must. Acting is judged as of a market's last day, with the campaign that was drawn by lot known: what the accounts
acted on then truly bring (``benchmarks.true_retention``). Lost accounts are listed as of a year before, and judged by
what they brought since.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pandas as pd
from scipy.stats import binomtest, poisson

from benchmarks.measure import markdown
from benchmarks.retention_draws import LEVEL, draws_report, inside
from benchmarks.true_retention import true_gain
from clvlab.opening import open_study
from clvlab.periods import years_before
from clvlab.simulate import simulate
from clvlab.simulate.market import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clvlab.study import Study

FIRST, MARKETS, CUSTOMERS, MONTHS = 6001, 14, 700, 36
ATTEMPTS = 20  # lost accounts tried
UNLIKELY = 0.001
ACCOUNTS, EVERYBODY, BY_LOT = "recommended", "all accounts", "as many, by lot"
BY_RISK, BY_MARGIN = "as many, riskiest first", "as many, largest margin first"
RULES = {BY_RISK: "probability", BY_MARGIN: "margin"}
WITHOUT_ERROR, BEST_KNOWN = (
    "recommended, the campaign without error",
    "best, with true risks, margins and effects by tie",
)
NOBODY = "nobody"
CHANCE = "probability of so many, or so few, if the expectation is right"
# What must hold: the list earns more than these; of the best, the list as it is, and with the campaign's error taken
# away, at least so much.
BEATEN = (NOBODY, EVERYBODY, BY_RISK, BY_LOT)
LEAST = {ACCOUNTS: 0.6, WITHOUT_ERROR: 0.85}


@contextmanager
def opened(seed: int) -> Iterator[Study]:
    """Open a market that was written for it."""
    with TemporaryDirectory() as folder:
        simulate(CUSTOMERS, MONTHS, seed).write(Path(folder) / "market")
        yield open_study(Path(folder) / "market")


def one_market(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what acting truly earns by each rule, with what was said of it, and the same of winning back."""
    with opened(seed) as study:
        found, cost = study.retention.actions, study.retention.cost[0]
        acting = _acting(found.to_frame(), seed, cost, round(study.clv.horizon_months))
        band = found.curves["expected profit"].iloc[found.number]
        acting.loc[acting["rule"] == ACCOUNTS, ["said", "lower", "upper"]] = band[["profit", "lower", "upper"]].tolist()
        back = _winning_back(study)
    return acting.assign(market=seed), back.assign(market=seed)


def _acting(listed: pd.DataFrame, seed: int, cost: float, months: int) -> pd.DataFrame:
    """Return the true profit of acting, by rule."""
    frame = listed.set_index("customer_id")
    truth = true_gain(build(CUSTOMERS, MONTHS, seed), months, seed).reindex(frame.index).fillna(0.0)
    profit, chosen = truth["gain"] - cost, frame["profit"] > 0
    number = int(chosen.sum())
    rows = {ACCOUNTS: (number, profit[chosen].sum())}
    for rule, column in RULES.items():
        rows[rule] = number, profit[frame[column].nlargest(number).index].sum()
    rows[BY_LOT] = number, number * profit.mean()
    rows[EVERYBODY] = len(frame), profit.sum()
    rows[NOBODY] = 0, 0.0
    # The list's own risks and margins, with the true share that acting keeps in each group.
    at_stake = frame["probability"] * frame["margin"]
    of_group = truth["gain_by_tie"].groupby(frame["group"]).sum() / at_stake.groupby(frame["group"]).sum()
    wanted = frame["group"].map(of_group) * at_stake > cost
    rows[WITHOUT_ERROR] = int(wanted.sum()), profit[wanted].sum()
    best = truth["gain_by_tie"] > cost
    rows[BEST_KNOWN] = int(best.sum()), profit[best].sum()
    return pd.DataFrame([(rule, *found) for rule, found in rows.items()], columns=["rule", "accounts", "earned"])


def _winning_back(study: Study) -> pd.DataFrame:
    """Return what lost accounts brought in the year after they were listed, by rule, and what was expected."""
    then = study.at(years_before(study.as_of, 1))
    listed = then.retention.win_back.to_frame().set_index("customer_id")
    orders = study.purchases.table.select("customer_id", "date", "value").to_pyarrow().to_pandas()
    later = orders[pd.to_datetime(orders["date"]) > pd.Timestamp(then.as_of)]
    brought = later.groupby("customer_id")["value"].sum().reindex(listed.index).fillna(0.0).astype(float)
    came = listed.index.isin(later["customer_id"])
    wanted = listed["profit"] > 0
    rows = {
        "by the list": listed.index[:ATTEMPTS],
        "last to leave first": listed["left_on"].nlargest(ATTEMPTS).index,
        "largest before first": listed["margin"].nlargest(ATTEMPTS).index,
        "likeliest to come back first": listed["chance"].nlargest(ATTEMPTS).index,
    }
    found = pd.DataFrame([(rule, brought[who].sum()) for rule, who in rows.items()], columns=["rule", "brought"])
    found.loc[len(found)] = ["by lot", brought.mean() * ATTEMPTS]
    return found.assign(
        lost=len(listed), expected=listed["chance"].sum(), came=came.sum(), listed=wanted.sum(),
        expected_listed=listed.loc[wanted, "chance"].sum(), came_listed=(came & wanted).sum(),
    )  # fmt: skip


def rule_rows(found: pd.DataFrame, first: str, what: str) -> pd.DataFrame:
    """Return what each rule brings, mean over markets, and how far the first is ahead, with standard errors."""
    wide = found.pivot_table(index="market", columns="rule", values=what)
    last, rows = wide[found["rule"].iloc[-1]].mean(), []
    for rule in found["rule"].unique():
        lead = wide[first] - wide[rule]
        rows.append({
            "rule": rule, "mean, CNY": f"{wide[rule].mean():,.0f} ± {wide[rule].sem():,.0f}",
            "markets with a loss": int((wide[rule] < 0).sum()),
            "lead of the list": "" if rule == first else f"{lead.mean():,.0f} ± {lead.sem():,.0f}",
            "of the best": f"{wide[rule].mean() / last:.0%}",
        })  # fmt: skip
    return pd.DataFrame(rows)


def said_rows(acting: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
    """Return what was said of the lists beside what came."""
    listed = acting[acting["rule"] == ACCOUNTS]
    over = listed["said"] - listed["earned"]
    told = listed[listed["accounts"] > 0]  # where nobody is acted on there is nothing to hold
    held = int(((told["lower"] <= told["earned"]) & (told["earned"] <= told["upper"])).sum())
    lost = back.drop_duplicates("market")[["expected", "came", "expected_listed", "came_listed"]].sum()
    return pd.DataFrame([
        ("profit of acting said, mean, CNY", f"{listed['said'].mean():,.0f}"),
        ("profit of acting that comes, mean, CNY", f"{listed['earned'].mean():,.0f}"),
        ("profit said too much, in standard errors", f"{over.mean() / over.sem():.1f}"),
        ("band holds the profit that comes", inside(held, len(told))),
        ("lost accounts expected back within a year", f"{lost['expected']:.1f}"),
        ("lost accounts that came back", f"{lost['came']:.0f}"),
        (CHANCE, f"{both_ways(lost['came'], lost['expected']):.3f}"),
        ("of those worth an attempt: expected", f"{lost['expected_listed']:.1f}"),
        ("of those worth an attempt: came", f"{lost['came_listed']:.0f}"),
    ], columns=["what", "found"])  # fmt: skip


def both_ways(came: float, expected: float) -> float:
    """Return the two-sided probability of a count that far from its expectation."""
    return float(min(1.0, 2 * min(poisson.cdf(came, expected), poisson.sf(came - 1, expected))))


def short(acting: pd.DataFrame, back: pd.DataFrame) -> list[str]:
    """Return what the lists fall short of: what must hold was written down before the markets were drawn."""
    earned = acting.pivot_table(index="market", columns="rule", values="earned")
    mean, said = earned.mean(), said_rows(acting, back).set_index("what")["found"]
    found = [f"{ACCOUNTS} earns less than {rule}." for rule in BEATEN if mean[ACCOUNTS] <= mean[rule]]
    lead = earned[ACCOUNTS] - earned[BY_MARGIN]
    if lead.mean() < -2 * lead.sem():
        found.append(f"{ACCOUNTS} earns less than {BY_MARGIN}, beyond chance.")
    for rule, least in LEAST.items():
        if mean[rule] < least * mean[BEST_KNOWN]:
            found.append(f"{rule} earns {mean[rule] / mean[BEST_KNOWN]:.0%} of the best, less than {least:.0%}.")
    if float(said["profit said too much, in standard errors"]) > 2:
        found.append("More profit is said than comes.")
    held, of = (int(part) for part in said["band holds the profit that comes"].split(" (")[0].split(" of "))
    if held < LEVEL * of and binomtest(held, of, LEVEL).pvalue < UNLIKELY:
        found.append("The band of the profit holds it too rarely.")
    if float(said[CHANCE]) < UNLIKELY:
        found.append("Lost accounts come back otherwise than expected.")
    brought = back.pivot_table(index="market", columns="rule", values="brought").mean()
    if brought["by the list"] <= max(brought["by lot"], brought["largest before first"]):
        found.append("The win-back list brings no more than lots or size do.")
    return found


def main() -> int:
    """Print the tables; return 1 when something falls short."""
    start = time.perf_counter()
    markets = []
    for seed in range(FIRST, FIRST + MARKETS):
        markets.append(one_market(seed))
        print(f"market {seed}: done", file=sys.stderr, flush=True)
    acting, back = (pd.concat(frames, ignore_index=True) for frames in zip(*markets, strict=True))
    print("# Whom acting pays for, and who comes back, beside the truth\n")
    print(
        f"{MARKETS} markets of {CUSTOMERS} customers and {MONTHS} months of records, by `clvlab.open_study`. True: "
        "the market run forward with and without the call, every draw shared, the type of each customer (whom a call "
        "keeps, whom it drives away) averaged over customers of the same tie, priority and retention level. Profit is "
        "margin of 36 months less the cost of the campaign. As many: as many accounts as the list recommends.\n"
    )
    print("## What acting truly earns\n")
    print(markdown(rule_rows(acting, ACCOUNTS, "earned")))
    print(f"\n## What the first {ATTEMPTS} lost accounts brought in the year after they were listed\n")
    print(markdown(rule_rows(back, "by the list", "brought").drop(columns=["markets with a loss", "of the best"])))
    print("\n## What was said, and what came\n")
    print(markdown(said_rows(acting, back)))
    missed = [*short(acting, back), *draws_report(FIRST)]
    print(f"\n{(time.perf_counter() - start) / 60:.1f} minutes, beside other work on the machine.")
    for sentence in missed:
        print(f"\n- {sentence}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
