"""How long the notebook on tiers takes on the demo, by what is kept from before.

A whole run of ``jupyter nbconvert --execute``; the empty notebook shows how much of it is Jupyter's own start.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
import pandas as pd

from benchmarks.measure import cost_of, markdown
from clvlab.reporting.library import notebooks, project_root

MOST_SECONDS = 20


def seconds_of(notebook: Path, cache: Path) -> float:
    """Return seconds that a notebook takes with a cache; a run that fails ends the benchmark."""
    options = ["--to", "notebook", "--execute", "--output-dir", str(cache.parent), str(notebook)]
    cost = cost_of(["-m", "jupyter", "nbconvert", *options], {"CLVLAB_CACHE": str(cache)})
    if cost.exit_code:
        sys.exit(f"{notebook.name} failed")
    return round(cost.seconds, 1)


def run(folder: Path) -> pd.DataFrame:
    """Return seconds and allowed seconds: of an empty notebook, and of that on tiers with ever more kept."""
    empty = folder / "empty.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), empty)
    tiers = notebooks(project_root())["tiers"]
    cache, checked = folder / "cache", folder / "checked"
    rows: list[tuple[str, float, float | str]] = [
        ("an empty notebook", seconds_of(empty, cache), ""),
        ("tiers, nothing kept", seconds_of(tiers, cache), ""),
    ]
    for records in cache.glob("records-*"):
        shutil.copytree(records, checked / records.name)
    rows += [
        ("tiers, records checked before", seconds_of(tiers, checked), MOST_SECONDS),
        ("tiers, results kept too", seconds_of(tiers, checked), MOST_SECONDS),
    ]
    return pd.DataFrame(rows, columns=["what", "seconds", "allowed"])


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder))
    print("Notebooks on the demo, whole process, one run each\n")
    print(markdown(found))
    limited = found[found["allowed"] != ""]
    sys.exit(bool((limited["seconds"] > limited["allowed"]).any()))


if __name__ == "__main__":
    main()
