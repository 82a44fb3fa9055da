"""A new notebook: parameters, the skeleton of a story, and the closing checks; it runs as a report at once."""

from __future__ import annotations

import re
from pathlib import Path

from clvlab.refusal import Refused
from clvlab.reporting.library import notebooks

# The package's own notebooks have the numbers before.
FIRST_NUMBER, LAST_NUMBER = 12, 99
LONGEST_NAME = 40

PARAMETERS = """\
data: str = "data/demo"  # folder with the tables
as_of: str = ""  # date; last day known, blank for the records' robust last day
language: str = "en"  # en|zh; language of the report
seed: int = 1  # 0..4294967295; seed of every random draw
redact: bool = False  # names, managers and contacts as pseudonyms
# Your own, each with type, default, limits and meaning, and each read by a cell below:
most: int = 10  # 1..50; how many customers are listed"""

OPENING = """\
# {title}: what do the records say?

*Put your question above, and say here for whom it is, what it covers, and which decision hangs on the answer. The
first figure and table below run as they are; put your own in their place.*"""

SET_UP = """\
%load_ext clvlab
from clvlab import open_study
from clvlab.features.overview import largest_customers, month_totals
from clvlab.lab import closing_checks
from clvlab.results import Table

study = open_study(data, as_of=as_of, seed=seed, language=language, redact=redact)
study"""

PICTURE = """\
## How much business is there, month by month?

*What to look for in the figure, in a sentence.* Each bar is a calendar month; a hollow one is not complete."""

PICTURE_CODE = """\
months = month_totals(study.purchases, study.as_of, study.currency)
months.show()
months"""

MEANING = """\
*What it means: what is larger or smaller than expected, how sure that is, and what else could explain it.*

## Who brings it?

The largest accounts of the last 365 days; *change* compares with the 365 days before."""

MEANING_CODE = """\
largest = largest_customers(study.purchases, study.records["customers"], study.as_of, most)
title = f"The largest accounts of the last 365 days, {study.currency or 'by orders'}"
Table(largest, title, decimals=0, percent=("share", "change"), fold=False)"""

TO_DO = """\
## What to do with this

- **Managing director.** *The decision, and what waiting costs.*
- **Key-account manager.** *Whom to call first, and about what.*
- **Analyst.** *What would change the answer, and when to look again.*

### Do the figures add up?

Each was counted in two ways; a difference stops the report."""

CHECKS_CODE = """\
orders = study.purchases.orders.count().execute()
closing_checks(study, {"orders by month, and in all": (months.to_frame()["purchases"].sum(), orders)})"""


def new_notebook(name: str, root: Path) -> Path:
    """Write a new notebook into ``notebooks/`` under the next free number and return its path.

    Parameters
    ----------
    name
        Small letters, digits and underscores, e.g. ``late_payers``.
    root
        The folder that holds ``notebooks/``.

    Raises
    ------
    Refused
        When the name is none, is taken, or no number is free.

    Examples
    --------
    >>> new_notebook("late_payers", root)                          # doctest: +SKIP
    PosixPath('notebooks/12_late_payers.ipynb')
    """
    taken = notebooks(root)
    _check(name, taken)
    numbers = {int(path.name[:2]) for path in taken.values()}
    free = [number for number in range(FIRST_NUMBER, LAST_NUMBER + 1) if number not in numbers]
    if not free:
        raise Refused(f"notebooks/ has no free number up to {LAST_NUMBER}; move some notebooks elsewhere.")
    path = root / "notebooks" / f"{free[0]}_{name}.ipynb"
    text = _notebook(name)
    with path.open("x", encoding="utf-8") as file:  # never over a file that is there
        file.write(text)
    return path


def _check(name: str, taken: dict[str, Path]) -> None:
    """Refuse a name that is none or taken."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > LONGEST_NAME:
        raise Refused(
            f"{name!r} is no name for a notebook; give small letters, digits and _, {LONGEST_NAME} at most, beginning"
            " with a letter, such as late_payers."
        )
    if name in taken:
        raise Refused(f"{taken[name].name} is there already; choose another name than {name!r}.")


def _notebook(name: str) -> str:
    """Return the file's text."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell
    from nbformat.v4 import new_notebook as notebook_of

    title = name.replace("_", " ").strip().capitalize()
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell(OPENING.format(title=title)), parameters, new_code_cell(SET_UP)]
    for text, code in ((PICTURE, PICTURE_CODE), (MEANING, MEANING_CODE), (TO_DO, CHECKS_CODE)):
        cells += [new_markdown_cell(text), new_code_cell(code)]
    for number, cell in enumerate(cells, start=1):
        cell.id = f"{name[:20]}-{number:02d}".replace("_", "-")
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.writes(notebook_of(cells=cells, metadata=metadata)) + "\n"
