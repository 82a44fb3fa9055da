"""How long the notebook on tiers takes on the demo, by what is kept from before.

A whole run of ``jupyter nbconvert --execute``; the empty notebook shows how much of it is Jupyter's own start.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pandas as pd

from benchmarks.measure import cost_of, markdown
from clvlab.reporting.library import notebooks, project_root

MOST_SECONDS = 20
RUNS = 3


def seconds_of(notebook: Path, cache: Path) -> float:
    """Return seconds that a notebook takes with a cache; a run that fails ends the benchmark."""
    options = ["--to", "notebook", "--execute", "--output-dir", str(cache.parent), str(notebook)]
    cost = cost_of(["-m", "jupyter", "nbconvert", *options], {"CLVLAB_CACHE": str(cache)})
    if cost.exit_code:
        sys.exit(f"{notebook.name} failed")
    return round(cost.seconds, 1)


def timed(folder: Path) -> Iterator[dict[str, float]]:
    """Yield the seconds of an empty notebook, and of that on tiers with ever more kept; every run begins anew."""
    empty, tiers = folder / "empty.ipynb", notebooks(project_root())["tiers"]
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), empty)
    for number in range(RUNS):
        cache, checked = folder / f"cache-{number}", folder / f"checked-{number}"
        found = {
            "an empty notebook": seconds_of(empty, cache),
            "tiers, nothing kept": seconds_of(tiers, cache),
        }
        for records in cache.glob("records-*"):
            shutil.copytree(records, checked / records.name)
        yield found | {
            "tiers, records checked before": seconds_of(tiers, checked),
            "tiers, results kept too": seconds_of(tiers, checked),
        }


def run(folder: Path) -> pd.DataFrame:
    """Return the fastest and the slowest run of each, and allowed seconds where there is a limit."""
    seconds = pd.DataFrame(timed(folder)).agg(["min", "max"]).T
    found = seconds.rename(columns={"min": "fastest", "max": "slowest"}).rename_axis("what").reset_index()
    return found.assign(allowed=["", *[MOST_SECONDS] * 3])


def main() -> None:
    """Print the table; every run must keep to the limit, so the slowest counts."""
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder))
    print(f"Notebooks on the demo, whole process, seconds of {RUNS} runs each\n")
    print(markdown(found))
    limited = found[found["allowed"] != ""]
    sys.exit(bool((limited["slowest"] > limited["allowed"]).any()))


if __name__ == "__main__":
    main()
