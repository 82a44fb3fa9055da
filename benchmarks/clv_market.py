"""How customer values compare with the truth of the simulated market, which no model of ours describes exactly.

Run ``python -m benchmarks.clv_market``; it prints Markdown tables. Each market is played for a year longer than the
records that are valued, so that there is both what was to be expected of every customer and what came.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import clvlab
from benchmarks.measure import markdown
from clvlab.evaluation.forecasts import rank_correlation, top_decile_capture
from clvlab.periods import discount_factor, to_days
from clvlab.simulate.columns import customer_codes
from clvlab.simulate.constants import CONSTANTS, UNIT_COSTS
from clvlab.simulate.future import Future
from clvlab.simulate.market import build, simulate
from clvlab.simulate.prices import contact_cost

if TYPE_CHECKING:
    from clvlab.clv.valuing.customer_values import CustomerValues
    from clvlab.simulate.calendar import Floats
    from clvlab.simulate.market import Market
    from clvlab.simulate.world import World
    from clvlab.study import Study

MARKETS = ((1, 600), (2, 600), (3, 600), (4, 1_000), (5, 1_000), (6, 1_000), (7, 1_500), (8, 1_500))
KNOWN = 36  # months of records; a year more is played
AS_OF = "2024-12-31"
HORIZONS = (12, 60)
# An enquiry's mean cost against its unit cost, over the channels by which enquiries come.
ENQUIRY = 0.35 * 1.15 + 0.25 * 0.85 + 0.15 * 1.0 + 0.25 * 0.35
TIES = ("contract", "spot")


class Net(Future):
    """The market's true expected future, month by month, discounted and less what records know of serving."""

    def __init__(self, world: World, last: int) -> None:
        super().__init__(world, last)
        self.net: list[Floats] = []
        self.ordered: list[Floats] = []
        self.rates: list[Floats] = []

    def _earn(self, ahead: int, presence: Floats, rate: Floats) -> None:
        """Add a month."""
        before = self.totals["discounted_margin_60"].copy()
        super()._earn(ahead, presence, rate)
        enquiries = rate * self.world.population.enquiry_rate * UNIT_COSTS["enquiry"][0] * ENQUIRY
        served = _factor(ahead + 0.5) * presence * (contact_cost(self.world.population) + enquiries)
        self.net.append((self.totals["discounted_margin_60"] - before - served).mean(axis=0))
        self.ordered.append((presence * rate).mean(axis=0))
        self.rates.append(rate.mean(axis=0))

    def growth(self) -> tuple[float, float]:
        """Return next year's true growth of stayers' orders, and of what an order brings."""
        here = self.world.history.alive[:, self.last - 1]
        one, two = (np.sum(self.rates[start : start + 12], axis=0)[here].sum() for start in (0, 12))
        each = [
            sum(float(self.net[month].sum()) / _factor(month + 0.5) for month in range(start, start + 12))
            / float(np.sum(self.ordered[start : start + 12]))
            for start in (0, 12)
        ]
        return float(two / one) - 1, each[1] / each[0] - 1


@dataclass(frozen=True)
class Valued:
    """One market, valued.

    Attributes
    ----------
    name
        Seed and size.
    frames
        By horizon: one row per customer won by then, with ``tie`` (missing where we do not value them), ``value``,
        ``lower``, ``upper``, ``truth`` (expected), ``again`` (the last 12 months), and at 12 months ``actual``.
    intervals
        By horizon: 90% interval of the total.
    said
        What the valuation rests on, beside what is true.
    """

    name: str
    frames: dict[int, pd.DataFrame]
    intervals: dict[int, tuple[float, float]]
    said: dict[str, object]


def one_market(seed: int, size: int) -> Valued:
    """Play, value and compare one market."""
    world = build(size, KNOWN + 12, seed)
    future = Net(world, KNOWN)
    future.run()
    net = np.cumsum(future.net, axis=0)
    values: dict[int, CustomerValues] = {}
    with tempfile.TemporaryDirectory() as place:
        os.environ["CLVLAB_CACHE"] = f"{place}/cache"
        folder = Path(place) / "demo"
        market = simulate(size, KNOWN + 12, seed)
        market.write(folder)
        flows = _flows(world, market)
        for months in HORIZONS:
            (folder / "clvlab.toml").write_text(f"horizon_months = {months}\n")
            study = clvlab.open_study(folder, as_of=AS_OF)
            values[months] = study.clv
        flows["days"] = _days(study).reindex(flows.index).fillna(0.0)
    known = world.population.onboard_month < KNOWN
    frames = {}
    for months in HORIZONS:
        frame = pd.DataFrame({"truth": net[months - 1], "again": flows["before"]}, index=flows.index)
        frame["orders"] = np.sum(future.ordered[:months], axis=0)
        frame[["orders_before", "days_before"]] = flows[["orders", "days"]]
        if months == 12:
            frame["actual"] = flows["after"]
        else:  # the same year again and again
            frame["again"] *= sum(_factor(12.0 * year) for year in range(months // 12))
        names = {"value_lower": "lower", "value_upper": "upper"}
        ours = values[months].frame[["tie", "probability_alive", "purchases", "value", *names]].rename(columns=names)
        frames[months] = frame.join(ours)[known]
    intervals = {months: values[months].interval() for months in HORIZONS}
    return Valued(f"{seed}, {size:,}", frames, intervals, _said(world, future, values[12], frames[12]))


def _factor(months: float) -> float:
    """Return what money is worth that comes so many months from now."""
    return float(discount_factor(CONSTANTS.discount_rate, to_days(months, "month")))


def _flows(world: World, market: Market) -> pd.DataFrame:
    """Return what each customer brought, less recorded costs, in the year before the day and in the year after it.

    Both as worth at their beginning.
    """
    codes = market.truth["customers"]["customer_id"].to_pylist()
    orders = world.made.orders
    rows = [(np.asarray(codes)[orders.customer], world.calendar.date(orders.day), world.made.margin)]
    for name, day in (("contacts", "contacted_at"), ("campaigns", "started_on")):
        table = market.tables[name].select(["customer_id", day, "cost"]).to_pandas()
        dates = pd.to_datetime(table[day], errors="coerce").to_numpy()
        rows.append((table["customer_id"].to_numpy(), dates, -pd.to_numeric(table["cost"], errors="coerce").to_numpy()))
    found = {}
    for what, begin in (("before", pd.Timestamp(AS_OF) - pd.Timedelta(days=365)), ("after", pd.Timestamp(AS_OF))):
        total = pd.Series(0.0, index=pd.Index(codes, name="customer_id"))
        for who, when, amount in rows:
            days = (pd.to_datetime(when) - begin).days.to_numpy()
            inside = (days > 0) & (days <= 365) & np.isfinite(amount)
            worth = pd.Series(amount[inside] * discount_factor(CONSTANTS.discount_rate, days[inside]))
            total = total.add(worth.groupby(who[inside]).sum(), fill_value=0.0)
        found[what] = total.reindex(codes)
    days = (pd.to_datetime(rows[0][1]) - pd.Timestamp(AS_OF)).days
    found["orders"] = world.per_customer(((days > -365) & (days <= 0)).astype(float))
    return pd.DataFrame(found)


def _days(study: Study) -> pd.Series:
    """Return on how many days of the last year each customer bought, as the values count it."""
    orders = study.purchases.orders.select("customer_id", "date").execute()
    day = pd.to_datetime(orders["date"]).dt.normalize()
    last = orders.assign(date=day)[day > pd.Timestamp(AS_OF) - pd.Timedelta(days=365)].drop_duplicates()
    return last.groupby("customer_id").size()


def _said(world: World, future: Net, values: CustomerValues, frame: pd.DataFrame) -> dict[str, object]:
    """Return what the valuation rests on, beside what is true."""
    orders, worth = future.growth()
    growth = values.growth
    found: dict[str, object] = {
        "model": values.backtest.winner,
        "growth of value, stayers": f"{growth.value:+.1%} ± {growth.error:.1%}",
        "true: of orders": f"{orders:+.1%}",
        "true: per order": f"{worth:+.1%}",
    }
    alive = pd.Series(world.history.alive[:, KNOWN - 1], index=_codes(world)).reindex(frame.index)
    for tie in TIES:
        some = frame[frame["tie"] == tie]
        there = f"{some['probability_alive'].mean():.0%} / {alive[some.index].mean():.0%}"
        found[f"{tie}: customers"] = len(some)
        found[f"{tie}: there, said / true"] = there
        # Several orders of one day are one purchase, and refused ones are none.
        true = some["orders"].sum() * some["days_before"].sum() / some["orders_before"].sum()
        found[f"{tie}: purchases, bias"] = f"{some['purchases'].sum() / true - 1:+.0%}"
        each = some["value"].sum() / some["purchases"].sum() / (some["truth"].sum() / true) - 1
        found[f"{tie}: per purchase, bias"] = f"{each:+.0%}"
    missing = frame[frame["tie"].isna()]
    found["not valued: customers"] = len(missing)
    found["not valued: share of truth"] = f"{missing['truth'].sum() / frame['truth'].sum():.1%}"
    return found


def _codes(world: World) -> list[str]:
    """Return the customers' codes."""
    return customer_codes(np.arange(len(world))).to_pylist()


def total_row(found: Valued, months: int) -> dict[str, object]:
    """Return how the base's total compares."""
    frame = found.frames[months]
    ours, truth, again = (frame[name].fillna(0.0).sum() for name in ("value", "truth", "again"))
    low, high = found.intervals[months]
    row: dict[str, object] = {
        "market": found.name,
        "months": months,
        "ours, m": f"{ours / 1e6:.2f}",
        "interval": f"{low / 1e6:.2f} to {high / 1e6:.2f}",
        "truth": f"{truth / 1e6:.2f}",
        "bias": ours / truth - 1,
        "bias, again": again / truth - 1,
        "truth inside": bool(low <= truth <= high),
        "came": "",
    }
    if months == 12:
        came = frame["actual"].sum()
        row |= {"came": f"{came / 1e6:.2f}", "came inside": bool(low <= came <= high)}
    return row


def ranks_row(found: Valued, months: int) -> dict[str, object]:
    """Return how well customers are told apart, against what was to be expected of them."""
    frame = found.frames[months].fillna({"value": 0.0})
    truth = frame["truth"].to_numpy()
    best = frame["truth"].nlargest(max(len(frame) // 10, 1)).index
    row: dict[str, object] = {"market": found.name, "months": months}
    for name, column in (("ours", "value"), ("again", "again")):
        chosen = frame[column].nlargest(len(best)).index
        row[f"rank correlation, {name}"] = rank_correlation(frame[column], truth)
        row[f"top tenth's value captured, {name}"] = top_decile_capture(frame[column], truth)
        row[f"of the true top tenth found, {name}"] = len(best.intersection(chosen)) / len(best)
        row[f"mean absolute error over mean truth, {name}"] = np.abs(frame[column] - truth).mean() / truth.mean()
    return row


def coverage_rows(markets: list[Valued]) -> pd.DataFrame:
    """Return how often customers' intervals held, and how far values are out, by tie, all markets together."""
    rows = []
    for months in HORIZONS:
        every = pd.concat([found.frames[months] for found in markets])
        for tie, some in every.groupby("tie"):
            row: dict[str, object] = {"tie": tie, "months": months, "customers": len(some)}
            for name in ("actual", "truth"):
                if name in some:
                    row[f"{name} below / inside / above"] = " / ".join(
                        f"{share.mean():.1%}"
                        for share in (
                            some[name] < some["lower"],
                            some[name].between(some["lower"], some["upper"]),
                            some[name] > some["upper"],
                        )
                    )
            row["bias"] = f"{some['value'].sum() / some['truth'].sum() - 1:+.1%}"
            big = some[some["truth"] >= some["truth"].quantile(0.9)]
            row["bias, true top tenth"] = f"{big['value'].sum() / big['truth'].sum() - 1:+.1%}"
            rows.append(row)
    return pd.DataFrame(rows).fillna("")


def frequency_rows(markets: list[Valued]) -> pd.DataFrame:
    """Return the same at 12 months for spot customers by how likely they are said to be there."""
    every = pd.concat([found.frames[12] for found in markets])
    rows = []
    spot = every[every["tie"] == "spot"]
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        some = spot[(spot["probability_alive"] >= low) & (spot["probability_alive"] < high)]
        if len(some):
            rows.append(
                {
                    "probability to be there": f"{low:.0%} to {min(high, 1.0):.0%}",
                    "spot customers": len(some),
                    "share of truth": f"{some['truth'].sum() / spot['truth'].sum():.1%}",
                    "ours over truth": f"{some['value'].sum() / some['truth'].sum():.2f}",
                    "came over truth": f"{some['actual'].sum() / some['truth'].sum():.2f}",
                    "came inside interval": f"{some['actual'].between(some['lower'], some['upper']).mean():.1%}",
                }
            )
    return pd.DataFrame(rows)


def main() -> int:
    """Print the tables."""
    start = time.perf_counter()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        markets = list(pool.map(one_market, *zip(*MARKETS, strict=True)))
    print("# Customer values beside the truth of the simulated market\n")
    print(
        f"{len(markets)} markets (seed, customers), {KNOWN} months of records up to {AS_OF}, valued by "
        "`clvlab.open_study(folder).clv` with its defaults but for the horizon. Truth: the contribution margin "
        "expected of every customer given true rates, prices, hazards and returns, discounted at the same 10%, less "
        "expected visits, calls and enquiries at their cost in the records. Ours is less all contacts and campaigns in "
        "the records; quotations, price notices and campaigns (about 7% of these costs) are not in the truth. "
        "Money in millions of CNY. `came`: what the year after brought. `again`: the last 12 months once more (60 "
        "months: five times, discounted). Customers whom we do not value count as 0.\n"
    )
    for title, row in (("The whole base", total_row), ("Customers told apart", ranks_row)):
        frame = pd.DataFrame([row(found, months) for months in HORIZONS for found in markets])
        print(f"## {title}\n")
        print(markdown(_shown(frame)))
        print("\nAll markets\n")
        print(markdown(_shown(frame.groupby("months").mean(numeric_only=True).reset_index())))
        print()
    print("## Customers' 90% intervals, all markets together\n")
    print("`actual` is what intervals are for; `truth`, an expectation, varies less.\n")
    print(markdown(coverage_rows(markets)))
    print("\nSpot customers, 12 months\n")
    print(markdown(frequency_rows(markets)))
    print("\n## What the values rest on (12 months)\n")
    print(markdown(pd.DataFrame([{"market": found.name, **found.said} for found in markets])))
    print(f"\n{(time.perf_counter() - start) / 60:.1f} minutes.")
    return 0


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return shares as texts."""
    shown = frame.copy()
    for name in shown.select_dtypes("number").columns:
        if name != "months":
            form = "{:.2f}" if "correlation" in name or "error" in name else "{:.1%}"
            form = "{:+.1%}" if "bias" in name else form
            shown[name] = [form.format(value) for value in shown[name]]
    for name in shown.columns:
        shown[name] = [{True: "yes", False: "no"}.get(v, v) if isinstance(v, bool) else v for v in shown[name]]
    return shown.fillna("").rename(columns={"months": "months ahead"})


if __name__ == "__main__":
    sys.exit(main())
