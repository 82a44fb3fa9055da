"""How soon the package and the command line answer: ``import clvlab`` and a refused parameter."""

from __future__ import annotations

import pandas as pd

from benchmarks.measure import best_of, markdown

CASES = {
    "python -c pass": (["-c", "pass"], None),
    "import clvlab": (["-c", "import clvlab"], 0.3),
    "clvlab --help": (["-m", "clvlab.cli", "--help"], None),
    "clvlab report portfolio -p mosst=3 (refused)": (["-m", "clvlab.cli", "report", "portfolio", "-p", "mosst=3"], 2.0),
}


def run(runs: int = 7) -> pd.DataFrame:
    """Return seconds, allowed seconds and exit code of each case, the fastest of several runs."""
    rows = []
    for name, (arguments, allowed) in CASES.items():
        cost = best_of(runs, arguments)
        limit = "" if allowed is None else allowed
        rows.append((name, round(cost.seconds, 3), limit, cost.exit_code))
    return pd.DataFrame(rows, columns=["what", "seconds", "allowed", "exit code"])


if __name__ == "__main__":
    print("Start-up, whole process, fastest of 7\n")
    print(markdown(run()))
