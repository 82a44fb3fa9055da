"""How long ``transaction_summary`` takes on Parquet beside the raw DuckDB query for the same columns.

Run ``python benchmarks/transaction_summary.py``; it prints a Markdown table. Both fetch to pandas, take
turns, and are judged by their fastest of several runs. The raw query is the faster of two ways to write it;
it knows that there are no refunds and no missing values, does not sort, and checks nothing.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clvlab.features import transaction_summary

AS_OF = "2024-12-31"
ALLOWED_RATIO = 1.5

_WEEK = "(date_diff('day', DATE '1970-01-01', date) + 3) // 7"
_NOW = f"(date_diff('day', DATE '1970-01-01', DATE '{AS_OF}') + 3) // 7"
_TWO_STEPS = f"""
    SELECT customer_id, count(*) - 1 AS frequency, max(week) - min(week) AS recency,
        {_NOW} - min(week) AS "T"{{money}}
    FROM (SELECT customer_id, {_WEEK} AS week{{sums}}
          FROM read_parquet('{{file}}') WHERE date <= DATE '{AS_OF}' GROUP BY ALL)
    GROUP BY customer_id"""
_DISTINCT = f"""
    SELECT customer_id, count(DISTINCT {_WEEK}) - 1 AS frequency, max({_WEEK}) - min({_WEEK}) AS recency,
        {_NOW} - min({_WEEK}) AS "T"
    FROM read_parquet('{{file}}') WHERE date <= DATE '{AS_OF}'
    GROUP BY customer_id"""
_MONEY = """,
        CASE WHEN count(*) > 1 THEN (sum(value) - arg_min(value, week)) / (count(*) - 1) ELSE 0 END
            AS monetary_value"""


def write_purchases(file: Path, customers: int, seed: int = 1) -> int:
    """Write four purchases per customer on average, in random order; return the number of rows."""
    rng = np.random.default_rng(seed)
    rows = 4 * customers
    customer = np.concatenate([np.arange(customers), rng.integers(0, customers, rows - customers)])
    start = rng.integers(0, 365, customers)
    later = np.where(np.arange(rows) < customers, 0, rng.integers(0, 730, rows))
    order = rng.permutation(rows)
    days = np.datetime64("2023-01-01") + (start[customer] + later)[order]
    table = pa.table(
        {
            "customer_id": pa.array([f"C{i:07d}" for i in customer[order]]),
            "date": pa.array(days.astype("datetime64[D]")),
            "amount": pa.array(np.round(rng.lognormal(3, 1, rows), 2)),
        }
    )
    pq.write_table(table, file)
    return rows


def _fastest(ways: dict[str, Callable[[], pd.DataFrame]], rounds: int) -> dict[str, float]:
    """Return each way's fastest run in seconds, the ways taking turns."""
    seconds = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds


def run(customers: int = 1_000_000, rounds: int = 5) -> pd.DataFrame:
    """Return one row per case: seconds of both, their ratio, peak memory, machine and date."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "purchases.parquet"
        rows = write_purchases(file, customers)
        raw = duckdb.connect()
        table = ibis.duckdb.connect().read_parquet(file)
        found = []
        for value in (None, "amount"):
            money, sums = (_MONEY, ", sum(amount) AS value") if value else ("", "")
            queries = [_TWO_STEPS.format(file=file, money=money, sums=sums)]
            queries += [] if value else [_DISTINCT.format(file=file)]
            ways: dict[str, Callable[[], pd.DataFrame]] = {
                query: lambda query=query: raw.execute(query).df() for query in queries
            }
            ways["ours"] = lambda value=value: transaction_summary(table, value=value, as_of=AS_OF)
            _same(ways["ours"](), ways[queries[0]]())
            seconds = _fastest(ways, rounds)
            ours = seconds.pop("ours")
            found.append(
                {
                    "customers": customers,
                    "rows": rows,
                    "monetary value": "yes" if value else "no",
                    "transaction_summary, s": round(ours, 2),
                    "raw DuckDB, s": round(min(seconds.values()), 2),
                    "ratio": round(ours / min(seconds.values()), 2),
                    "peak memory, MB": _peak_memory(),
                    "cores": os.cpu_count(),
                    "date": dt.date.today().isoformat(),
                }
            )
    return pd.DataFrame(found)


def _peak_memory() -> int:
    """Return this process's peak memory in MB (Linux counts in kB, macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3))


def _same(ours: pd.DataFrame, raw: pd.DataFrame) -> None:
    """Fail when the two do not hold the same numbers."""
    raw = raw.set_index("customer_id").sort_index()
    pd.testing.assert_frame_equal(ours, raw, check_dtype=False, check_index_type=False, rtol=1e-9)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown."""
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def main() -> None:
    """Print the table and whether the ratio is within what is allowed."""
    table = run()
    print(markdown(table))
    worst = table.ratio.max()
    print(f"\nThe slower case takes {worst} times the raw query; {ALLOWED_RATIO} is allowed.")
    sys.exit(0 if worst <= ALLOWED_RATIO else 1)


if __name__ == "__main__":
    main()
