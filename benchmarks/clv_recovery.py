"""Whether the customer value models find known truth: parameters, single customers, groups, whole bases.

Run ``python -m benchmarks.clv_recovery``; it prints Markdown tables and fails where a check has p < 0.001. Customers
of one population share its estimates, so they are no independent trials, nor are the parameters of one fit. Exact
tests therefore take one thing at random per population (and group); beside them stands the share of all, with its
standard error over populations.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest, kstest, t

from benchmarks.measure import markdown
from clvlab import clv
from clvlab.clv.models.outlook import Outlook
from clvlab.clv.valuing.growth import Growth
from clvlab.clv.valuing.spot import Spot
from clvlab.clv.valuing.valuation import Money, draw_values, expected_values
from clvlab.evaluation.forecasts import randomised_pit

LEAST_P = 0.001
LEVEL = 0.9
HORIZON = 52
DRAWS = 199
MOST = 400  # purchases of one customer that are simulated
SIZES = (500, 2_000)
FITS, VALUED = 200, 200  # populations per model and size: fitted, and of them those whose customers are valued
WINDOW, BEFORE = 104.0, 260.0  # weeks of records, and of customers won before them
OUTLOOK = Outlook(0.10, "week", horizon=HORIZON)
PURCHASES = {
    "BG/NBD": {"r": 0.8, "alpha": 6.0, "a": 1.2, "b": 4.0},
    "MBG/NBD": {"r": 0.9, "alpha": 6.0, "a": 1.0, "b": 4.0},
    "Pareto/NBD": {"r": 0.9, "alpha": 8.0, "s": 0.9, "beta": 25.0},
    "Pareto/NBD, late entry": {"r": 0.9, "alpha": 8.0, "s": 0.9, "beta": 25.0},
    "BG/BB": {"alpha": 1.2, "beta": 0.9, "gamma": 0.8, "delta": 3.5},
}
MODELS: dict[str, type] = {
    "BG/NBD": clv.BGNBD, "MBG/NBD": clv.MBGNBD, "Pareto/NBD": clv.ParetoNBD, "Pareto/NBD, late entry": clv.ParetoNBD,
    "BG/BB": clv.BGBB,
}  # fmt: skip
WORTH = {
    "Gamma-Gamma": {"p": 6.0, "q": 4.0, "v": 15.0},
    "Contribution margin": {"m": 20.0, "k": 1.5, "a": 3.0, "b": 200.0},
}
RENEWALS = {"sBG": {"alpha": 0.7, "beta": 1.5}, "BdW": {"alpha": 0.7, "beta": 2.5, "c": 1.4}}
TRUTHS: dict[str, dict[str, float]] = {**PURCHASES, **WORTH, **RENEWALS}
GROUPS = ("0", "1", "2-3", "4+")


@dataclass(frozen=True)
class Population:
    """Simulated customers.

    Attributes
    ----------
    table
        As a fit takes it.
    past
        (customers, purchases): which purchases a fit knows of.
    ahead
        Time from now of each purchase within the horizon, missing for all others.
    expected
        Discounted purchases within the horizon that are expected by who knows each one's rate, and whether and how
        fast the customer leaves; missing where time is counted in opportunities.
    """

    table: pd.DataFrame
    past: np.ndarray
    ahead: np.ndarray
    expected: np.ndarray


def purchasers(model: str, n: int, rng: np.random.Generator) -> Population:
    """Return n simulated customers of a purchase model; fewer with late entry, where some have left before."""
    truth = PURCHASES[model]
    if model == "BG/BB":
        return _in_opportunities(n, rng, truth)
    late = model == "Pareto/NBD, late entry"
    rate = rng.gamma(truth["r"], 1 / truth["alpha"], n)
    times = np.cumsum(rng.exponential(1 / rate[:, None], (n, MOST)), axis=1)
    age, entry = rng.uniform(26, 52, n), np.zeros(n)
    if late:
        won = rng.uniform(-BEFORE, WINDOW, n)
        age, entry = WINDOW - np.maximum(won, 0.0), np.maximum(-won, 0.0)
    if "s" in truth:
        leaving = rng.gamma(truth["s"], 1 / truth["beta"], n)
        ends = rng.exponential(1 / leaving) - entry
        per_time = leaving
    else:
        chance = rng.beta(truth["a"], truth["b"], n)
        last = rng.geometric(chance) - (model == "MBG/NBD")  # the first purchase, at time 0, may be the last
        ends = np.where(last > 0, times[np.arange(n), np.minimum(last, MOST) - 1], 0.0)
        per_time = rate * chance
    bought = times <= ends[:, None]
    past = bought & (times <= age[:, None])
    ahead = np.where(bought & ~past & (times <= age[:, None] + HORIZON), times - age[:, None], np.nan)
    force = per_time + OUTLOOK.force
    expected = np.where(ends > age, rate * -np.expm1(-force * HORIZON) / force, 0.0)
    recency = np.where(past, times, 0.0).max(axis=1)
    table = pd.DataFrame({"frequency": past.sum(axis=1), "recency": recency, "T": age})
    if late:  # as records show them: who bought nothing in the window is not in them
        table["entry"] = entry
        there = (ends > 0) & ((entry == 0) | (table["frequency"].to_numpy() > 0))
        table, past, ahead, expected = table[there], past[there], ahead[there], expected[there]
    table.attrs["period"] = "week"
    return Population(table.reset_index(drop=True), past, ahead, expected)


def _in_opportunities(n: int, rng: np.random.Generator, truth: dict[str, float]) -> Population:
    """Return customers of BG/BB, with ten opportunities so far."""
    opportunities = 10
    buying, leaving = rng.beta(truth["alpha"], truth["beta"], n), rng.beta(truth["gamma"], truth["delta"], n)
    when = np.arange(1, opportunities + HORIZON + 1)
    bought = (rng.geometric(leaving)[:, None] > when) & (rng.random((n, len(when))) < buying[:, None])
    past = bought & (when <= opportunities)
    table = pd.DataFrame(
        {"frequency": past.sum(axis=1), "recency": np.where(past, when, 0).max(axis=1), "T": opportunities}
    )
    ahead = np.where(bought & ~past, when - opportunities, np.nan)
    return Population(table, past, ahead, np.full(n, np.nan))


def spenders(model: str, people: Population, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return what a model of purchases' worth is fitted to, what customers' purchases then bring, and true means."""
    truth, n = WORTH[model], len(people.table)
    shape = (n, people.past.shape[1] + 1)
    if model == "Gamma-Gamma":
        scale = truth["v"] / rng.gamma(truth["q"], size=n)
        mean, values = truth["p"] * scale, rng.gamma(truth["p"], size=shape) * scale[:, None]
    else:
        variance = truth["b"] / rng.gamma(truth["a"], size=n)
        mean = rng.normal(truth["m"], np.sqrt(variance / truth["k"]))
        values = rng.normal(mean[:, None], np.sqrt(variance)[:, None], shape)
    brought = (np.nan_to_num(OUTLOOK.factor(people.ahead)) * values[:, 1:]).sum(axis=1)
    if model == "Gamma-Gamma":
        times = people.past.sum(axis=1)
        sums = (values[:, 1:] * people.past).sum(axis=1)
        return pd.DataFrame({"frequency": times, "monetary_value": sums / np.maximum(times, 1)}), brought, mean
    entry = people.table["entry"] if "entry" in people.table else np.zeros(n)
    known = np.column_stack([np.asarray(entry) == 0, people.past])
    times = known.sum(axis=1)
    average = (values * known).sum(axis=1) / times
    spread = (((values - average[:, None]) * known) ** 2).sum(axis=1) / times
    found = pd.DataFrame({"valued_purchases": times, "mean_value": average, "value_variance": spread})
    return found, brought, mean


def cohort(model: str, n: int, rng: np.random.Generator, renewals: int = 8) -> list[int]:
    """Return how many of n contracts are left after each renewal."""
    truth = RENEWALS[model]
    stay = 1 - rng.beta(truth["alpha"], truth["beta"], n)
    ends = np.ceil((np.log(rng.random(n)) / np.log(stay)) ** (1 / truth.get("c", 1.0)))
    return [int((ends > renewal).sum()) for renewal in range(renewals + 1)]


def covered(model: str, fit: Any, truth: dict[str, float]) -> dict[str, Any]:
    """Return which of a fit's 90% intervals hold the truth."""
    frame = fit.to_frame()
    held = (frame["lower"] <= list(truth.values())) & (frame["upper"] >= list(truth.values()))
    doubtful = not fit.diagnostics_["converged"] or bool(fit.diagnostics_["flat_direction"])
    side = np.where(held, 0, np.where(frame["lower"] > list(truth.values()), -1, 1))
    return {"model": model, "held": held.to_numpy(), "side": side, "doubtful": doubtful}


def one_population(task: tuple[str, int, int]) -> dict[str, Any]:
    """Simulate one population, fit it, and return what held."""
    model, size, number = task
    rng = np.random.default_rng([list({**PURCHASES, **RENEWALS}).index(model), size, number])
    if model in RENEWALS:
        family = clv.ShiftedBetaGeometric if model == "sBG" else clv.BetaDiscreteWeibull
        return {"fits": [covered(model, family().fit(cohort(model, size, rng)), RENEWALS[model])]}
    people = purchasers(model, size, rng)
    late = "entry" in people.table
    fit = MODELS[model]().fit(people.table, **({"entry": "entry", "silent_left_out": True} if late else {}))
    result: dict[str, Any] = {"fits": [covered(model, fit, PURCHASES[model])]}
    worth = list(WORTH)[number % len(WORTH)]
    if model != "BG/BB":
        known, brought, mean = spenders(worth, people, rng)
        priced = (clv.GammaGamma if worth == "Gamma-Gamma" else clv.ContributionMargin)().fit(known)
        result["fits"].append(covered(worth, priced, WORTH[worth]))
    if number >= VALUED:
        return result
    groups = np.array(GROUPS)[np.searchsorted([1, 2, 4], people.table["frequency"], side="right")]
    bought = np.isfinite(people.ahead).sum(axis=1)
    counts = fit.draws(people.table, HORIZON, n=DRAWS, seed=number)
    frame = pd.DataFrame({"model": model, "group": groups, "count": randomised_pit(counts, bought, rng)})
    if model != "BG/BB":
        stream, money = Spot(fit, people.table), Money(priced, known)
        # A group of one for every customer, so that the totals are the customers' own draws; the last is everybody.
        alone = pd.DataFrame(np.column_stack([np.eye(len(known)), np.ones(len(known))]))
        (drawn,) = draw_values([stream], money, [OUTLOOK], Growth(), alone, seed=number, draws=DRAWS)
        own, total = drawn.totals[:, 0, :-1], drawn.totals[:, 0, -1]
        lower, upper = drawn.lower[:, 0], drawn.upper[:, 0]
        expected, _ = expected_values(stream, money, OUTLOOK)
        frame["worth"] = worth
        frame["value"] = randomised_pit(own, brought, rng)
        # Given both ends are no atom, whether the outcome lies between them is plain to see.
        frame["plain"] = np.where((lower != 0) & (upper != 0), (brought >= lower) & (brought <= upper), np.nan)
        frame["expected"], frame["truth"] = expected.to_numpy(), people.expected * mean
        result["total"] = float(randomised_pit(total[:, None], [brought.sum()], rng)[0])
        result["worth"] = worth
    result |= {"customers": frame, "model": model, "size": size}
    return result


def tasks() -> Iterator[tuple[str, int, int]]:
    """Return model, size and number of every population, the slow ones first."""
    for number in range(FITS):
        for size in reversed(SIZES):
            for model in [*PURCHASES, *RENEWALS]:
                yield model, size, number


class Verdicts:
    """The exact tests made, and which of them failed."""

    def __init__(self) -> None:
        self.made = 0
        self.failed: list[str] = []

    def held(self, what: str, hits: np.ndarray) -> dict[str, object]:
        """Test independent trials that should each succeed with 90%; return the cells of a row."""
        found = binomtest(int(hits.sum()), len(hits), LEVEL)
        share = f"{int(hits.sum())} of {len(hits)} ({hits.mean():.1%})"
        return {"one per population": share, "p": self._said(what, found.pvalue)}

    def uniform(self, what: str, places: np.ndarray) -> str:
        """Test independent values that should be uniform."""
        return self._said(f"{what} (uniform)", kstest(places, "uniform").pvalue)

    def unbiased(self, what: str, gaps: np.ndarray) -> str:
        """Test independent values that should have mean 0."""
        error = gaps.std(ddof=1) / np.sqrt(len(gaps))
        return self._said(f"{what} (bias)", float(2 * t.sf(abs(gaps.mean()) / error, len(gaps) - 1)))

    def _said(self, what: str, p: float) -> str:
        self.made += 1
        if p < LEAST_P:
            self.failed.append(f"{what}, p = {p:.2g}")
            return f"**{p:.2g}**"
        return f"{p:.2g}"


def share_of_all(frame: pd.DataFrame, column: str) -> str:
    """Return the share of all customers with a mark, and its standard error over populations."""
    sums = frame.groupby("population")[column].agg(["sum", "count"])
    share = sums["sum"].sum() / sums["count"].sum()
    gaps = sums["sum"] - share * sums["count"]
    error = np.sqrt((gaps**2).sum() * len(sums) / (len(sums) - 1)) / sums["count"].sum()
    return f"{share:.1%} ± {error:.1%}"


def by_parameter(fits: pd.DataFrame) -> pd.DataFrame:
    """Return how often each parameter's interval held, and on which side it missed."""
    rows = []
    for (model, size), some in fits.groupby(["model", "size"], sort=False):
        sides = np.stack(some["side"].tolist())
        cells = [
            f"{name} {(side == 0).mean():.0%} ({(side < 0).mean():.0%}, {(side > 0).mean():.0%})"
            for name, side in zip(TRUTHS[str(model)], sides.T, strict=True)
        ]
        rows.append({"model": model, "customers": f"{size:,}", "held (truth below, above)": "; ".join(cells)})
    return pd.DataFrame(rows)


def parameters(fits: pd.DataFrame, rng: np.random.Generator, verdicts: Verdicts) -> pd.DataFrame:
    """Return how often parameters lie within their intervals."""
    rows = []
    fits = fits.assign(one=[held[rng.integers(len(held))] for held in fits["held"]])
    for name, some in [*fits.groupby("model", sort=False), ("together", fits.drop_duplicates("population"))]:
        every = np.concatenate(fits["held"].tolist() if name == "together" else some["held"].tolist())
        rows.append(
            {
                "model": name,
                "fits": len(some),
                "said to be doubtful": int(some["doubtful"].sum()),
                "all intervals": f"{every.sum()} of {len(every)} ({every.mean():.1%})",
                **verdicts.held(f"parameters, {name}", some["one"].to_numpy()),
            }
        )
    return pd.DataFrame(rows)


def places(customers: pd.DataFrame, column: str, rng: np.random.Generator, verdicts: Verdicts) -> pd.DataFrame:
    """Return how often what customers did lies within 5..95% of its draws, overall, by model and by frequency."""
    frame = customers[customers[column].notna()].assign(order=lambda rows: rng.random(len(rows)))
    frame["inside"] = (frame[column] - 0.5).abs() < LEVEL / 2
    rows = []
    for what, some in _parts(frame):
        one = some.sort_values("order").drop_duplicates("population")
        cells: dict[str, object] = {"customers": what, "n": f"{len(some):,}"}
        if column == "value":
            plain = some[some["plain"].notna()]
            cells["interval ends no atom: held"] = f"{share_of_all(plain, 'plain')} of {len(plain):,}"
        cells["all, within 5..95%"] = share_of_all(some, "inside")
        cells |= verdicts.held(f"{column}, {what}", one["inside"].to_numpy())
        rows.append(cells | {"p (uniform)": verdicts.uniform(f"{column}, {what}", one[column].to_numpy())})
    return pd.DataFrame(rows)


def biases(customers: pd.DataFrame, verdicts: Verdicts) -> pd.DataFrame:
    """Return expected values beside the means of who knows each customer's rates, dropout and mean value."""
    rows = []
    for what, some in _parts(customers[customers["truth"].notna()]):
        sums = some.groupby("population")[["expected", "truth"]].sum()
        ratio = sums["expected"].sum() / sums["truth"].sum()
        gaps = (sums["expected"] - sums["truth"]).to_numpy()
        error = gaps.std(ddof=1) * np.sqrt(len(gaps)) / sums["truth"].sum()
        cells = {"customers": what, "populations": len(sums), "bias of the total": f"{ratio - 1:+.2%} ± {error:.2%}"}
        rows.append(cells | {"p": verdicts.unbiased(what, gaps)})
    return pd.DataFrame(rows)


def totals(results: list[dict[str, Any]], verdicts: Verdicts) -> pd.DataFrame:
    """Return in how many populations the base's value lies within 5..95% of the draws of the total."""
    frame = pd.DataFrame([{name: found[name] for name in ("model", "size", "worth", "total")} for found in results])
    parts = [("all", frame)]
    for column in ("model", "worth", "size"):
        parts += [(f"{name:,} customers" if column == "size" else str(name), some) for name, some in
                  frame.groupby(column, sort=False)]  # fmt: skip
    rows = []
    for what, some in parts:
        held = ((some["total"] - 0.5).abs() < LEVEL / 2).to_numpy()
        cells = verdicts.held(f"totals, {what}", held)
        cells = {"populations": what, "total within its interval": cells["one per population"], "p": cells["p"]}
        error = some["total"].std(ddof=1) / np.sqrt(len(some))
        rows.append(cells | {"mean place (0.5 when right)": f"{some['total'].mean():.3f} ± {error:.3f}"})
    return pd.DataFrame(rows)


def _parts(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Return all rows, those of each frequency, and those of each model."""
    yield "all", frame
    for group in GROUPS:
        yield f"frequency {group}", frame[frame["group"] == group]
    for model, some in frame.groupby("model", sort=False):
        yield str(model), some
    if frame["truth"].notna().all():
        for worth, some in frame.groupby("worth", sort=False):
            yield str(worth), some


def main() -> int:
    """Print the tables; return 1 when a check failed."""
    start = time.perf_counter()
    todo = list(tasks())
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # of processes made from now on
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(one_population, todo, chunksize=8))
    fits = pd.DataFrame(
        [
            fit | {"population": at, "size": size}
            for at, (found, (_, size, _)) in enumerate(zip(results, todo, strict=True))
            for fit in found["fits"]
        ]
    )
    valued = [found | {"population": at} for at, found in enumerate(results) if "customers" in found]
    customers = pd.concat([found["customers"].assign(population=found["population"]) for found in valued])
    rng, verdicts = np.random.default_rng(1), Verdicts()
    print("# What the value models find of known truth\n")
    print(
        f"{len(results):,} simulated populations of {' and '.join(f'{size:,}' for size in SIZES)} customers "
        f"(contracts), of {len(valued)} of them every customer valued: the {HORIZON} weeks ahead, discounted, "
        f"{DRAWS} draws. Within one population the estimates are shared, so its customers (and one fit's parameters) "
        "are no independent trials: exact tests take one at random per population and row. The share of all has its "
        "standard error over populations. p < 0.001 fails and stands in bold."
    )
    print("\n## Parameters within their 90% intervals\n")
    print(markdown(parameters(fits, rng, verdicts)))
    print("\nEach parameter\n")
    print(markdown(by_parameter(fits)))
    print("\n## Customers' discounted value ahead among its draws\n")
    print(
        "The place of what a customer brought among the draws, spread at random where it is an atom (nothing bought): "
        "nine of ten should lie within 5..95%, and places be uniform. Where neither end of the interval is 0 it is "
        "plain whether the outcome lies in it.\n"
    )
    print(markdown(places(customers, "value", rng, verdicts)))
    print("\n## Numbers of purchases ahead among their draws\n")
    print(markdown(places(customers, "count", rng, verdicts)))
    print("\n## Expected values beside the truth\n")
    print("Truth: the mean of who knows whether each customer is still there, their rate, dropout and mean value.\n")
    print(markdown(biases(customers, verdicts)))
    print("\n## Whole bases: what all brought together, among the draws of the total\n")
    print(markdown(totals([found for found in valued if "total" in found], verdicts)))
    failed = "; ".join(verdicts.failed) or "none"
    print(f"\n{verdicts.made} tests, failed: {failed}. {(time.perf_counter() - start) / 60:.1f} minutes.")
    return int(bool(verdicts.failed))


if __name__ == "__main__":
    sys.exit(main())
