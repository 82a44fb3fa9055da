"""A small project of its own: one notebook, two customers, and a place for what is built."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = """\
data: str = "data/tiny"  # folder with the tables
as_of: str = ""  # date; last day known
language: str = "en"  # en|zh; language of the report
seed: int = 1  # 0..4294967295; seed of every random draw
label: str = ""  # any text
fail: bool = False  # whether a cell fails
"""

WORK = """\
from pathlib import Path
from clvlab import open_study
from clvlab.figures import new_axes, show, state
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines

study = open_study(data, as_of=as_of)
n = int(study.records["customers"].count().execute())
trouble = Path("trouble").read_text() if Path("trouble").exists() else ""
if fail or trouble == "break":
    raise ValueError("<script>alert(1)</script> at row 7")
if trouble == "refuse":
    raise Refused("invoices.csv has no column <amount>; name it in the mapping.")
Headlines(
    Headline("customers", n, "customers"),
    Headline("share seen", 41.23712, "%", 30.11112, 55.55556, decimals=1, note=label),
)
"""

FIGURE = """\
ax = new_axes()
ax.plot([1, 2, 3])
state(ax, "Orders rose")
show(ax)
print(label, type(label).__name__, seed)
"""


def tiny_notebook() -> nbformat.NotebookNode:
    return new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            new_markdown_cell("# How many customers order?\n\nFor the test."),
            new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            new_code_cell(WORK),
            new_markdown_cell("## Orders"),
            new_code_cell(FIGURE),
            new_markdown_cell("## What to do\n\nCall them."),
        ],
    )


def make_project(root: Path) -> Path:
    """Write a project with the notebook ``tiny`` and its data, and return its folder."""
    (root / "notebooks").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    nbformat.write(tiny_notebook(), root / "notebooks" / "00_tiny.ipynb")
    data = root / "data" / "tiny"
    data.mkdir(parents=True)
    (data / "customers.csv").write_text("customer_id\n007\nb\n")
    (data / "invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,amount\n1,007,2025-01-15,10\n2,007,2025-02-12,30\n3,b,2025-03-01,50\n"
    )
    return root
