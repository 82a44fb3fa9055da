"""The data dictionary and the templates, generated from the contracts: ``python -m clvlab.records.dictionary``."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

from clvlab.assumptions import Assumptions
from clvlab.language.reading import read
from clvlab.records.contract import ACTIVITY_TABLES, Column, Contract
from clvlab.records.contracts import TABLES
from clvlab.records.rules import rules_of

_TYPES = {
    "text": "text", "number": "number", "whole": "whole number", "date": "date", "time": "date and time",
    "flag": "true/false",
}  # fmt: skip

_ACTIVITY = " or ".join(f"`{name}`" for name in ACTIVITY_TABLES)

_HEAD = f"""\
# The tables

Generated from the contracts in `src/clvlab/records/contracts/` by `make data`; edit those, not this file.

Put one file per table into a folder, named as the table, as CSV (UTF-8, UTF-16 or GB18030; comma, semicolon or
tab), Parquet or Excel; or a folder of that name with the parts of the table in it. `customers` and one of
{_ACTIVITY} are required, and in every table the columns in **bold**. Everything else is
optional: what needs an absent table or column is left out of a report with one line that says so. `data/templates/`
has an empty file per table. Files with other columns come in through a mapping (`clvlab import --help`).

- Dates are written `2025-12-31`, times `2025-12-31 14:30` (seconds and an offset such as `+08:00` may follow; times
  without one are taken as wall-clock times of `time_zone` in `clvlab.toml`). Numbers have a decimal point and no
  thousands separators. True and false may also be yes/no, t/f, y/n or 1/0. Blanks around a value are cut off, and
  values from a list are compared in lower case. A blank is a missing value.
- **Known** says when a value becomes known: an analysis as of a day sees nothing that came later. *row*: with the
  row's own date. A column: on that date (the first that is filled; with the row when none is). *undated*: no date
  tells, so it is shown whatever the day, and reported as such.
- **In Chinese pages** a column goes by the name given here, the table by its Chinese name with 表.
- **Serves** names the notebooks that read the column; those in parentheses are still to come.
- A row is set aside for a blank key or event date, a repeated key or an unknown customer; any other bad value is
  set aside by itself and the row stays. Accepted + set aside = rows in, and every case is listed with its file, row,
  column, rule and value (`clvlab check`).
- Dates of shipments and invoices far from all others in their column (a handful, more than two months beyond a gap)
  are set aside, not obeyed. That is judged on the whole file, whatever the as-of day.
- Money is in the study's currency. Invoices in another are converted at the rates of `clvlab.toml`, and refused
  without one; amounts elsewhere are taken to be in the study's currency already.
"""


def data_dictionary(existing: set[str]) -> str:
    """Return ``data/README.md`` as text.

    Parameters
    ----------
    existing
        Names of the notebooks that exist, without their numbers.
    """
    return "\n".join([_HEAD, _assumptions(), *(_section(contract, existing) for contract in TABLES.values())])


def _assumptions() -> str:
    """Return what ``clvlab.toml`` may hold, from the docstring of the assumptions."""
    text = inspect.cleandoc(Assumptions.__doc__ or "")
    entries = text.split("----------", 1)[1].split("Examples")[0]
    meanings = dict(re.findall(r"^(\w+)\n((?:    .*\n)+)", entries.strip() + "\n", flags=re.M))
    lines = ["## clvlab.toml", "", "What you assume, in a file beside the tables; every key may be left out.", ""]
    lines += ["| key | default | meaning |", "|---|---|---|"]
    for item in fields(Assumptions):
        default = {} if item.default is MISSING else item.default
        meaning = " ".join(meanings[item.name].split()).replace("``", "`")
        lines.append(f"| {item.name} | `{json.dumps(default)}` | {meaning} |")
    return "\n".join([*lines, ""])


def _section(contract: Contract, existing: set[str]) -> str:
    key = ", ".join(f"`{name}`" for name in contract.key) or "none"
    dated = f" Dated by `{contract.event}`." if contract.event else ""
    lines = [
        f"## {contract.name}",
        "",
        f"One row: {contract.one_row}. Key: {key}.{dated}",
        "",
        "| column | in Chinese pages | what it holds | type | unit or values | range | known | serves |",
        "|---|---|---|---|---|---|---|---|",
        *(_line(column, existing) for column in contract.columns),
        "",
        "Rules:",
        "",
        *(f"- {rule.says}." for rule in rules_of(contract)),
        "",
    ]
    return "\n".join(lines)


def _line(column: Column, existing: set[str]) -> str:
    name = f"**{column.name}**" if column.required else column.name
    values = ", ".join(column.choices) or column.unit
    known = column.known if isinstance(column.known, str) else ", else ".join(column.known)
    known += " (hidden until then)" if column.until_known else ""
    serves = ", ".join(name if name in existing else f"({name})" for name in column.serves)
    cells = [
        name, read(column.name, "zh").text, column.meaning, _TYPES[column.type], values, _range(column), known, serves,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _range(column: Column) -> str:
    low, high = column.at_least, column.at_most
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"{low:g} or more"
    return "" if high is None else f"{high:g} or less"


def templates() -> dict[str, str]:
    """Return the empty CSV file of each table by file name."""
    return {f"{contract.name}.csv": ",".join(contract.names) + "\n" for contract in TABLES.values()}


def write(root: Path) -> None:
    """Write the dictionary and the templates to ``root/data``."""
    existing = {re.sub(r"^\d\d_", "", path.stem) for path in (root / "notebooks").glob("*.ipynb")}
    folder = root / "data" / "templates"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "data" / "README.md").write_text(data_dictionary(existing), encoding="utf-8")
    for name, text in templates().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path.cwd())
