"""How fast purchase models are fitted, and customers valued, beside lifetimes 0.11 on the same simulated customers.

Run ``python -m benchmarks.clv_speed``; it prints Markdown tables. lifetimes comes from PyPI into a virtual
environment of its own in a temporary folder, with the last numpy, pandas and scipy that it works with. Both sides
read the same Parquet files, each task in a process of its own; seconds are of the work alone, without start-up,
imports and reading the file, and the best of several runs, the two sides taking turns.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measure import markdown

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.models.purchases import PurchaseFit
    from clvlab.periods import Period

THEIRS = ("lifetimes==0.11.3", "numpy<1.24", "pandas<2", "scipy<1.11", "pyarrow<13")
CUSTOMERS, FEWER = 1_000_000, 100_000
DAYS = 273  # 39 weeks
AS_OF = "2025-09-30"
MONTHS = 36  # how far ahead customers are valued, the default of a study
MONTHLY_RATE = 0.01
YEARLY_RATE = (1 + MONTHLY_RATE) ** 12 - 1
PATIENCE = 540  # seconds for one run of the other side
BGNBD = {"r": 0.55, "alpha": 2.0, "a": 0.5, "b": 3.0}
PARETO = {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}
NEEDED = {"BG/NBD": 10.0, "Pareto/NBD": 50.0, "end to end": 20.0}
MOST_SECONDS, MOST_GB = 60.0, 6.0

Answer = dict[str, Any]


def orders(customers: int, seed: int, leaves_after: bool) -> pd.DataFrame:
    """Return customers' orders by day: customer_id, date, amount; everybody's first order is in the window.

    Parameters
    ----------
    leaves_after
        Whether customers leave after an order (BG/NBD), else at any time (Pareto/NBD).
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    truth = BGNBD if leaves_after else PARETO
    first = rng.integers(0, DAYS, customers)
    rate = rng.gamma(truth["r"], 1 / truth["alpha"], customers) / 7
    if leaves_after:
        chance, gone = rng.beta(truth["a"], truth["b"], customers), np.full(customers, np.inf)
    else:
        chance = np.zeros(customers)
        gone = first + 7 * rng.exponential(1 / rng.gamma(truth["s"], 1 / truth["beta"], customers))
    who, when = [np.arange(customers)], [first.astype(float)]
    active, at = np.arange(customers), first.astype(float)
    end = np.minimum(gone, DAYS + 1.0)
    while active.size:
        at = at + rng.exponential(1 / np.maximum(rate[active], 1e-12))
        there = at < end[active]
        active, at = active[there], at[there]
        who.append(active)
        when.append(at)
        stays = rng.random(active.size) >= chance[active]
        active, at = active[stays], at[stays]
    whose = np.concatenate(who)
    scale = 15.0 / rng.gamma(4.0, size=customers)
    amount = rng.gamma(6.0, size=whose.size) * scale[whose]
    order = rng.permutation(whose.size)
    days = np.datetime64(AS_OF) - DAYS + np.floor(np.concatenate(when)).astype(int)
    return pd.DataFrame(
        {
            "customer_id": np.char.add("C", np.char.zfill(whose[order].astype(str), 7)).astype(object),
            "date": days[order].astype("datetime64[ns]"),
            "amount": np.round(amount[order], 2) + 0.01,
        }
    )


def write_data(folder: Path) -> str:
    """Write orders and summaries for both sides; return what they are in words."""
    from clvlab.features import transaction_summary

    said = []
    for name, customers, leaves_after in (("many", CUSTOMERS, True), ("fewer", FEWER, False)):
        rows = orders(customers, 7, leaves_after)
        table = transaction_summary(rows, value="amount", as_of=AS_OF, period="week", merge="day")
        rows.to_parquet(folder / f"{name}-orders.parquet", index=False)
        table.reset_index().to_parquet(folder / f"{name}.parquet", index=False)
        alike = len(table[["frequency", "recency", "T"]].drop_duplicates())
        said.append(
            f"{customers:,} customers with {len(rows):,} orders ({'BG/NBD' if leaves_after else 'Pareto/NBD'}, "
            f"{table.frequency.mean():.2f} repeat purchases on average, {alike:,} different histories)"
        )
    return "; ".join(said)


def _our_fit(model: str) -> Callable[[Path], Answer]:
    """Return a task that fits one of our purchase models."""

    def task(folder: Path) -> Answer:
        from clvlab import clv

        table = _summary(folder, "many" if model == "BGNBD" else "fewer")
        start = time.perf_counter()
        fit = getattr(clv, model)().fit(table)
        return _fitted(fit, time.perf_counter() - start)

    return task


def _our_unlike(folder: Path) -> Answer:
    """Fit BG/NBD to histories none of which is like another: times moved by seconds."""
    from clvlab.clv import BGNBD as Model

    table = _summary(folder, "many")
    rng = np.random.default_rng(3)
    table["T"] += rng.random(len(table)) * 1e-4
    start = time.perf_counter()
    fit = Model().fit(table)
    return _fitted(fit, time.perf_counter() - start)


def _our_end_to_end(folder: Path) -> Answer:
    """Go from orders to every customer's discounted value."""
    import ibis

    from clvlab.clv import BGNBD as Model
    from clvlab.clv import GammaGamma
    from clvlab.clv.models.outlook import Outlook
    from clvlab.features import transaction_summary

    start = time.perf_counter()
    rows = ibis.duckdb.connect().read_parquet(_orders(folder))
    table = transaction_summary(rows, value="amount", as_of=AS_OF, period="week", merge="day")
    summarised = time.perf_counter()
    fit, worth = Model().fit(table), GammaGamma().fit(table)
    fitted = time.perf_counter()
    purchases, _ = fit.discounted_purchases(table, Outlook(YEARLY_RATE, "week", MONTHS / 12 * _year("week")))
    total = float((purchases * worth.expected_value(table)).sum())
    return _steps(start, summarised, fitted, total)


def _our_intervals(folder: Path) -> Answer:
    """Draw 199 values of every customer."""
    import pandas as pd

    from clvlab.clv import BGNBD as Model
    from clvlab.clv import GammaGamma
    from clvlab.clv.models.outlook import Outlook
    from clvlab.clv.valuing.growth import Growth
    from clvlab.clv.valuing.spot import Spot
    from clvlab.clv.valuing.valuation import Money, draw_values

    table = _summary(folder, "many").sort_values(["frequency", "recency", "T"])
    fit, worth = Model().fit(table), GammaGamma().fit(table)
    groups = pd.DataFrame({"all": 1.0}, index=table.index)
    outlook = Outlook(YEARLY_RATE, "week", _year("week"))
    start = time.perf_counter()
    (drawn,) = draw_values([Spot(fit, table)], Money(worth, table), [outlook], Growth(), groups, seed=1)
    seconds = time.perf_counter() - start
    low, high = np.quantile(drawn.totals[:, 0, 0], [0.05, 0.95])
    return {"seconds": seconds, "low": float(low), "high": float(high), "draws": len(drawn.totals)}


def _their_fit(model: str) -> Callable[[Path], Answer]:
    """Return a task that fits one of lifetimes' purchase models."""

    def task(folder: Path) -> Answer:
        import lifetimes  # type: ignore[import-not-found]

        table = _summary(folder, "many" if model == "BetaGeoFitter" else "fewer")
        start = time.perf_counter()
        fit = getattr(lifetimes, model)()
        fit.fit(table["frequency"], table["recency"], table["T"])
        return {"seconds": time.perf_counter() - start, "parameters": [float(value) for value in fit.params_]}

    return task


def _their_end_to_end(folder: Path) -> Answer:
    """Go from orders to every customer's discounted value, as lifetimes' documentation does."""
    import lifetimes
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data  # type: ignore[import-not-found]

    start = time.perf_counter()
    table = summary_data_from_transaction_data(
        pd.read_parquet(_orders(folder)),
        "customer_id",
        "date",
        "amount",
        observation_period_end=AS_OF,
        freq="D",
        freq_multiplier=7,
    )
    summarised = time.perf_counter()
    fit, worth = lifetimes.BetaGeoFitter(), lifetimes.GammaGammaFitter()
    fit.fit(table["frequency"], table["recency"], table["T"])
    again = table[table["frequency"] > 0]
    worth.fit(again["frequency"], again["monetary_value"])
    fitted = time.perf_counter()
    columns = (table[name] for name in ("frequency", "recency", "T", "monetary_value"))
    value = worth.customer_lifetime_value(fit, *columns, time=MONTHS, discount_rate=MONTHLY_RATE, freq="W")
    return _steps(start, summarised, fitted, float(value.sum()))


TASKS: dict[str, Callable[[Path], Answer]] = {
    "our BG/NBD": _our_fit("BGNBD"),
    "our BG/NBD, none alike": _our_unlike,
    "our Pareto/NBD": _our_fit("ParetoNBD"),
    "our end to end": _our_end_to_end,
    "our intervals": _our_intervals,
    "their BG/NBD": _their_fit("BetaGeoFitter"),
    "their Pareto/NBD": _their_fit("ParetoNBDFitter"),
    "their end to end": _their_end_to_end,
}


def _summary(folder: Path, name: str) -> pd.DataFrame:
    """Return a summary by customer."""
    import pandas as pd

    return pd.read_parquet(folder / f"{name}.parquet").set_index("customer_id")


def _orders(folder: Path) -> Path:
    """Return where the many customers' orders lie."""
    return folder / "many-orders.parquet"


def _year(period: Period) -> float:
    """Return twelve months in periods."""
    from clvlab.periods import to_days, to_periods

    return float(to_periods(to_days(12, "month"), period))


def _fitted(fit: PurchaseFit, seconds: float) -> Answer:
    """Return what a fit of ours says."""
    return {
        "seconds": seconds,
        "parameters": [float(value) for value in fit.params_],
        "converged": bool(fit.diagnostics_["converged"]),
    }


def _steps(start: float, summarised: float, fitted: float, total: float) -> Answer:
    """Return seconds by step and the customers' total value."""
    end = time.perf_counter()
    return {
        "seconds": end - start, "summary": summarised - start, "fits": fitted - summarised, "values": end - fitted,
        "total": total,
    }  # fmt: skip


def one_task(name: str, folder: str) -> int:
    """Run one task and print its answer and this process's peak memory as JSON."""
    before = time.process_time()
    answer = TASKS[name](Path(folder))
    answer["processor"] = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    print(json.dumps(answer | {"peak": peak}))
    return 0


def fastest(task: str, folder: Path, runs: int) -> Answer:
    """Return the answer of the fastest of several runs; seconds are infinite when one is given up."""
    python = folder / "theirs" / "bin" / "python" if task.startswith("their") else Path(sys.executable)
    answers = []
    for run in range(runs):
        print(f"{task}, run {run + 1}", file=sys.stderr, flush=True)
        command = [str(python), "-W", "ignore", "-m", "benchmarks.clv_speed", task, str(folder)]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return {"seconds": float("inf"), "peak": float("nan"), "processor": float("nan")}
        answers.append(json.loads(done.stdout.splitlines()[-1]))
    return min(answers, key=lambda answer: answer["seconds"])


def install(folder: Path) -> None:
    """Make the other side's virtual environment."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "theirs")], check=True)
    pip = [str(folder / "theirs" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", *THEIRS], check=True, stdout=sys.stderr)


def compared(found: dict[str, Answer], folder: Path) -> list[dict[str, object]]:
    """Return one row per comparison."""
    rows: list[dict[str, object]] = []
    for name, needed in NEEDED.items():
        ours, theirs = found[f"our {name}"], found[f"their {name}"]
        ratio = theirs["seconds"] / ours["seconds"]
        shown = f"{ratio:,.0f}"
        if np.isinf(ratio):
            ratio = PATIENCE / ours["seconds"]
            shown = f"above {ratio:,.0f}"
        rows.append(
            {
                "what": name,
                "clvlab, s": f"{ours['seconds']:.2f}",
                "lifetimes, s": f"{theirs['seconds']:.1f}",
                "times faster": shown,
                "needed": f"{needed:.0f}",
                "verdict": "met" if ratio >= needed else "**missed**",
                "clvlab, GB": f"{ours['peak']:.2f}",
                "lifetimes, GB": f"{theirs['peak']:.2f}",
                "processor, s": f"{ours['processor']:.1f} / {theirs['processor']:.1f}",
            }
        )
    return rows


def likelihoods(folder: Path) -> Answer:
    """Return, of both sides' parameters, the log-likelihood by our formula on all customers."""
    from clvlab import clv
    from clvlab.clv.models.histories import read_histories

    found = json.loads((folder / "found.json").read_text())
    rows = []
    for name, model, file in (("BG/NBD", clv.BGNBD(), "many"), ("Pareto/NBD", clv.ParetoNBD(), "fewer")):
        histories = read_histories(_summary(folder, file))
        values = []
        for side in ("our", "their"):
            total = 0.0
            parameters = found[f"{side} {name}"].get("parameters")
            for start in range(0, len(histories), model.rows_at_once):
                some = histories.rows(slice(start, start + model.rows_at_once))
                total += float(some.count @ model.log_likelihood(some, tuple(parameters)).value) if parameters else 0.0
            values.append((parameters, total))
        rows.append([name, *values])
    return {"seconds": 0.0, "rows": rows}


def main() -> int:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        install(folder)
        said = fastest("our data", folder, 1)["said"]
        found: dict[str, Answer] = {}
        for name in ("BG/NBD", "end to end", "Pareto/NBD"):
            for side, runs in (("our", 3), ("their", 2)):
                found[f"{side} {name}"] = fastest(f"{side} {name}", folder, runs)
        found["our BG/NBD, none alike"] = fastest("our BG/NBD, none alike", folder, 2)
        found["our intervals"] = fastest("our intervals", folder, 2)
        (folder / "found.json").write_text(json.dumps(found))
        by_formula = fastest("our likelihoods", folder, 1)["rows"]
        report(said, found, by_formula, folder)
    return 0


def report(said: str, found: dict[str, Answer], by_formula: list[Any], folder: Path) -> None:
    """Print everything."""
    import pandas as pd

    print("# Fitting and valuing many customers, beside lifetimes 0.11.3\n")
    print(
        f"{said}. Both sides read the same files, each task in a process of its own, the best of 2 (lifetimes) or 3 "
        "runs, in seconds of work without start-up, imports and reading the file; processor seconds are of the whole "
        "task, over both processors. lifetimes runs on "
        f"{', '.join(THEIRS[1:])}. Nothing was changed in either's settings. End to end: from orders to summary, "
        "BG/NBD, Gamma-Gamma and the discounted value of 36 months (the default horizon) of every customer, from "
        "a Parquet file, reading included; customers' codes are texts.\n"
    )
    print(markdown(pd.DataFrame(compared(found, folder))))
    ours, theirs = found["our end to end"], found["their end to end"]
    if "total" in theirs:
        print("\nEnd to end, by step\n")
        steps = [
            {"step": step, "clvlab, s": f"{ours[key]:.2f}", "lifetimes, s": f"{theirs[key]:.1f}",
             "times faster": f"{theirs[key] / ours[key]:.0f}"}
            for step, key in (("summary of orders", "summary"), ("both fits", "fits"), ("values", "values"))
        ]  # fmt: skip
        print(markdown(pd.DataFrame(steps)))
        print(
            f"\nThe value of all customers: {ours['total']:,.0f} (clvlab), {theirs['total']:,.0f} (lifetimes, which "
            f"discounts each month's purchases from its end): {theirs['total'] / ours['total'] - 1:+.2%}."
        )
    unlike = found["our BG/NBD, none alike"]
    print(
        f"\nclvlab counts alike histories once. BG/NBD on {CUSTOMERS:,} histories of which no two are alike takes it "
        f"{unlike['seconds']:.2f} s, {found['their BG/NBD']['seconds'] / unlike['seconds']:.0f} times faster than "
        "lifetimes on those above.\n"
    )
    print("Log-likelihoods of both sides' parameters, by one formula, on all customers\n")
    rows = []
    for name, (own, our_value), (other, their_value) in by_formula:
        verdict = (
            "equal" if abs(our_value - their_value) < 0.01 else "better" if our_value > their_value else "**worse**"
        )
        rows.append(
            {
                "model": name,
                "clvlab": " ".join(f"{value:.4f}" for value in own),
                "lifetimes": " ".join(f"{value:.4f}" for value in other) if other else "gave no answer in time",
                "log-likelihood, clvlab": f"{our_value:,.3f}",
                "log-likelihood, lifetimes": f"{their_value:,.3f}" if other else "",
                "clvlab is": verdict if other else "",
            }
        )
    print(markdown(pd.DataFrame(rows)))
    drawn = found["our intervals"]
    met = drawn["seconds"] <= MOST_SECONDS and drawn["peak"] <= MOST_GB
    print(
        f"\nIntervals of {CUSTOMERS:,} customers' values ({drawn['draws']} draws): {drawn['seconds']:.1f} s (at most "
        f"{MOST_SECONDS:.0f} needed; {drawn['processor']:.0f} s of processor time), {drawn['peak']:.2f} GB at the peak "
        f"(at most {MOST_GB:.0f}): "
        f"{'met' if met else '**missed**'}. All together: {drawn['low']:,.0f} to {drawn['high']:,.0f}."
    )


TASKS |= {"our data": lambda folder: {"seconds": 0.0, "said": write_data(folder)}, "our likelihoods": likelihoods}


if __name__ == "__main__":
    sys.exit(one_task(sys.argv[1], sys.argv[2]) if len(sys.argv) > 1 else main())
