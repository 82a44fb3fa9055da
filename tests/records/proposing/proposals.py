"""Small files to propose mappings for, and what is read from a proposal."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd

from clvlab.records.importing import import_files
from clvlab.records.mapping import read_mapping
from clvlab.records.proposing import propose


def written(folder: Path, name: str, header: str, *rows: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return path


def imported(path: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables that the proposal for a file makes of it."""
    mapping = folder / "mapping.toml"
    mapping.write_text(propose(path), encoding="utf-8")
    import_files(read_mapping(str(mapping)), [path], folder / "out")
    return {csv.stem: pd.read_csv(csv, dtype=str) for csv in (folder / "out").glob("*.csv")}


def doubts(text: str, column: str) -> list[str]:
    """Return the comments that stand directly above a column's line, in its first section."""
    lines = text.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith(f"{column} = "))
    start = end
    while lines[start - 1].startswith("# doubt: "):
        start -= 1
    return [line.removeprefix("# doubt: ") for line in lines[start:end]]


def columns(text: str, table: str) -> dict[str, str]:
    """Return our columns of a table and the file's columns that they come from."""
    section = tomllib.loads(text)[table]
    return {
        ours: how if isinstance(how, str) else how["column"]
        for ours, how in section.items()
        if ours not in {"one_row_per", "file"} and (isinstance(how, str) or "column" in how)
    }
