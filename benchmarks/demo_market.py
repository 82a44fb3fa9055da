"""How long the demo market takes to make and to be taken in, whole processes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.measure import cost_of, markdown


def run() -> pd.DataFrame:
    """Return seconds, peak memory and size on disk for the default market and the small one."""
    rows = []
    for customers, allowed in ((1500, 10.0), (300, 2.0)):
        with tempfile.TemporaryDirectory() as place:
            data, cache = Path(place) / "demo", {"CLVLAB_CACHE": str(Path(place) / "cache")}
            make = ["-m", "clvlab.cli", "demo", "--customers", str(customers), "--out", str(data)]
            made = min((cost_of(make) for _ in range(3)), key=lambda cost: cost.seconds)
            check = cost_of(["-m", "clvlab.cli", "check", str(data)], cache)
            size = sum(path.stat().st_size for path in data.rglob("*.csv")) / 1e6
        rows.append((f"{customers:,}", round(made.seconds, 1), allowed, round(made.peak_mb), round(size),
                     round(check.seconds, 1), round(check.peak_mb)))  # fmt: skip
    columns = ["customers", "demo, s", "allowed, s", "demo, MB", "on disk, MB", "first check, s", "check, MB"]
    return pd.DataFrame(rows, columns=columns)


if __name__ == "__main__":
    print("Making the demo market and checking it for the first time\n")
    print(markdown(run()))
