"""How often the 90% intervals of concentration figures hold, in populations with known answers.

Run ``python benchmarks/concentration_coverage.py``; it prints a Markdown table. Gini and top share are
checked against the population's value, the effective number against a fresh draw of as many customers.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from clvlab.features.concentration_intervals import intervals, measures

SHARE, CONFIDENCE = 0.2, 0.9


@dataclass(frozen=True)
class Population:
    """A distribution of customers' values with known Gini and top share."""

    name: str
    draw: Callable[[np.random.Generator, int], np.ndarray]
    gini: float
    top: float


def lognormal(sigma: float) -> Population:
    """Return lognormal values."""
    return Population(
        f"lognormal, sigma {sigma:g}",
        lambda rng, n: rng.lognormal(0, sigma, n),
        float(2 * norm.cdf(sigma / np.sqrt(2)) - 1),
        float(1 - norm.cdf(norm.ppf(1 - SHARE) - sigma)),
    )


def pareto(index: float) -> Population:
    """Return Pareto values; below an index of 2 their variance is infinite."""
    return Population(
        f"Pareto, index {index:g}",
        lambda rng, n: 1 + rng.pareto(index, n),
        1 / (2 * index - 1),
        SHARE ** (1 - 1 / index),
    )


POPULATIONS = [lognormal(1), lognormal(1.5), lognormal(2), pareto(1.2), pareto(1.5), pareto(2.5)]


def run(sizes: tuple[int, ...] = (40, 200, 1500), repeats: int = 400, replicates: int = 399) -> pd.DataFrame:
    """Return the measured coverage in percent, one row per population and size."""
    rows = []
    for size in sizes:
        for number, population in enumerate(POPULATIONS):
            rng = np.random.default_rng([size, number])
            hits = np.zeros(5)
            width = 0.0
            for repeat in range(repeats):
                values = np.sort(population.draw(rng, size))
                found = intervals(values, SHARE, CONFIDENCE, replicates, seed=repeat)
                fresh = measures(np.sort(population.draw(rng, size))[None], SHARE).effective[0]
                plain = _percentile(values, replicates, rng)
                hits += [
                    found.gini[0] <= population.gini <= found.gini[1],
                    found.top[0] <= population.top <= found.top[1],
                    found.effective[0] <= fresh <= found.effective[1],
                    plain[0][0] <= population.gini <= plain[0][1],
                    plain[1][0] <= population.top <= plain[1][1],
                ]
                width += (found.top[1] - found.top[0]) / repeats
            gini, top, effective, plain_gini, plain_top = np.round(100 * hits / repeats, 1)
            rows.append(
                {
                    "customers": size,
                    "population": population.name,
                    "Gini, %": gini,
                    "top 20%, %": top,
                    "effective number, %": effective,
                    "mean width of top 20%, points": round(100 * width, 1),
                    "Gini, percentile bootstrap, %": plain_gini,
                    "top 20%, percentile bootstrap, %": plain_top,
                }
            )
            print(f"{size} customers, {population.name}: done", file=sys.stderr)
    return pd.DataFrame(rows)


def _percentile(values: np.ndarray, replicates: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the plain percentile bootstrap of Gini and top share, for comparison."""
    pick = np.sort(rng.integers(0, len(values), (replicates, len(values))), axis=1)
    again = measures(values[pick], SHARE)
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    return np.quantile(again.gini, ends), np.quantile(again.top, ends)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown."""
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    table = run()
    print("Coverage of 90% intervals (400 samples each: +/- 2.5 points by chance)")
    print(f"\n{dt.date.today().isoformat()}, {os.cpu_count()} cores\n")
    print(markdown(table))


if __name__ == "__main__":
    main()
