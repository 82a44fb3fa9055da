"""How long it takes to check 10 million shipments, and how much memory, from Parquet and from CSV."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.measure import cost_of, markdown

ROWS = 10_000_000


def write_shipments(folder: Path, rows: int, kind: str) -> None:
    """Write customers and shipments with twelve columns, one row in ten thousand bad."""
    folder.mkdir(parents=True)
    with duckdb.connect() as engine:
        engine.execute("SELECT setseed(0.1)")
        engine.execute(
            f"COPY (SELECT 'C' || i AS customer_id, 'Customer ' || i AS name FROM range({rows // 100}) t(i))"
            f" TO '{folder}/customers.csv'"
        )
        engine.execute(
            f"""COPY (
                SELECT 'S' || i AS shipment_id, 'C' || (i * 7919 % {rows // 100}) AS customer_id,
                    booked_at, 'K' || (i % 300) AS carrier_id, booked_at + INTERVAL 5 HOUR AS dispatched_at,
                    booked_at + INTERVAL 3 DAY AS delivery_due_at,
                    booked_at + INTERVAL (CASE WHEN i % 10000 = 0 THEN -50 ELSE 20 + i % 80 END) HOUR AS delivered_at,
                    round(random() * 900 + 100, 2) AS revenue, round(random() * 600 + 80, 2) AS direct_cost,
                    round(random() * 500, 1) AS weight, i % 40 AS pieces, i % 50 <> 0 AS completed
                FROM (SELECT i, TIMESTAMP '2023-01-01' + INTERVAL (i * 94608000 // {rows}) SECOND AS booked_at
                      FROM range({rows}) t(i))
            ) TO '{folder}/shipments.{kind}'"""
        )


def run(rows: int = ROWS) -> pd.DataFrame:
    """Return seconds, peak memory and exit code of ``clvlab check`` for Parquet and CSV."""
    found = []
    for kind in ("parquet", "csv"):
        with tempfile.TemporaryDirectory() as place:
            data = Path(place) / "data"
            write_shipments(data, rows, kind)
            size = (data / f"shipments.{kind}").stat().st_size / 1e6
            check = ["-m", "clvlab.cli", "check", str(data)]
            environment = {"CLVLAB_CACHE": str(Path(place) / "cache")}
            first, again = cost_of(check, environment), cost_of(check, environment)
            found.append((kind, f"{rows:,}", round(size), round(first.seconds, 1), round(first.peak_mb),
                          round(again.seconds, 1), first.exit_code))  # fmt: skip
            print(kind, "done", file=sys.stderr)
    columns = ["shipments as", "rows", "file, MB", "first check, s", "peak memory, MB", "second check, s", "exit code"]
    return pd.DataFrame(found, columns=columns)


if __name__ == "__main__":
    print("Checking shipments with twelve columns, whole process; the second check finds the first one's result\n")
    print(markdown(run()))
