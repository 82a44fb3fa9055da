"""Run every benchmark in a process of its own and save its table, with date and machine size.

``python -m benchmarks [NAME ...]`` runs those named, all when none is.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys
from pathlib import Path

from clvlab.validation.evidence import source_stamp

EVIDENCE = Path("reports/evidence")
BENCHMARKS = (
    "startup",
    "demo_market",
    "intake",
    "transaction_summary",
    "concentration_coverage",
    "clv_recovery",
    "clv_speed",
    "clv_market",
    "churn_recovery",
    "churn_market",
    "churn_campaign",
    "churn_speed",
    "retention_market",
    "tiers_classes",
    "tiers_market",
    "service_market",
    "notebook_speed",
    "reports_speed",
)


SHORT = 1  # the code of a benchmark that ran to its end and found less than it must


def main(names: list[str]) -> int:
    """Run the benchmarks and return 1 when one of them failed."""
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"
    failed = False
    for name in names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        stamp = f"; source: {source_stamp(name)}" if source_stamp(name) else ""
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True)
        print(done.stdout)
        failed = failed or bool(done.returncode)
        if done.returncode not in (0, SHORT):
            continue
        text = f"<!-- Written by `make bench` on {dt.date.today()}; {machine}{stamp}. -->\n\n{done.stdout}"
        if done.returncode == SHORT:
            text += "\n**This run fell short of what it must reach.**\n"
        (EVIDENCE / f"{name}.md").write_text(text, encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
