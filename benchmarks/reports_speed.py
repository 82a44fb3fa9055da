"""How long a month's reports take: all notebooks in every language they have, and 25 account dossiers.

Everything is made from nothing, with an empty cache, by two processes. The time of one more dossier is what five
more, made by one process that has just made another, take in the mean.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

from clvlab.reporting.batch import run_batch
from clvlab.reporting.batch_file import read_batch
from clvlab.reporting.jobs import Job, made, plan
from clvlab.reporting.library import notebooks, project_root
from clvlab.reporting.parameters import declared

WORKERS = 2
DOSSIERS, MORE = 25, 5
MOST_MINUTES, MOST_SECONDS = 6, 3


def batch_text(root: Path) -> str:
    """Return the batch file: every notebook in its languages, and the dossiers."""
    reports = []
    for name, path in notebooks(root).items():
        [language] = [parameter for parameter in declared(path) if parameter.name == "language"]
        reports.append(f'[[report]]\nnotebook = "{name}"\nlanguages = {list(language.choices)}\n')
    dossiers = f'[[report]]\nnotebook = "account"\neach = {{customer_id = "the {DOSSIERS} largest"}}\n'
    return "".join([*reports, dossiers])


def further(jobs: list[Job], folder: Path) -> float:
    """Return seconds per further dossier, by one process that is warm."""
    again = [plan("account", {"customer_id": str(job.parameters["customer_id"])}, folder) for job in jobs]
    failed = [result for result in run_batch(again, 1) if "failed" in result]
    if failed:
        sys.exit(failed[0]["failed"])
    seconds = [made(job.folder)["duration_seconds"] for job in again]
    return mean(seconds[1:])  # the first of them warms up


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CLVLAB_CACHE"] = f"{folder}/cache"
        file = Path(folder, "month.toml")
        file.write_text(batch_text(project_root()), encoding="utf-8")
        clock = time.perf_counter()
        jobs = read_batch(file, Path(folder, "build"))
        results = run_batch(jobs, WORKERS)
        minutes = (time.perf_counter() - clock) / 60
        failed = [f"{result['report']}: {result['failed']}" for result in results if "failed" in result]
        if failed:
            sys.exit("\n".join(failed))
        dossiers = [job for job in jobs if job.notebook.stem.endswith("account") and "customer_id" in job.given]
        seconds = further(dossiers[: MORE + 1], Path(folder, "more"))
    print("| what | measured | to hold |\n|---|---|---|")
    print(f"| {len(jobs)} reports, {len(dossiers)} of them dossiers | {minutes:.1f} min | {MOST_MINUTES} min |")
    print(f"| one further dossier | {seconds:.1f} s | {MOST_SECONDS} s |")
    sys.exit(minutes > MOST_MINUTES or seconds > MOST_SECONDS)


if __name__ == "__main__":
    main()
