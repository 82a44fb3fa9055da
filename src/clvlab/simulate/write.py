"""Writing a market: flat CSV files that appear whole or not at all."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from clvlab.assumptions import FILE as ASSUMPTIONS_FILE
from clvlab.refusal import Refused


def write_folder(folder: Path, tables: Mapping[str, pa.Table], truth: Mapping[str, pa.Table], assumptions: str) -> None:
    """Write the tables to `folder`, the truth to `folder/truth` and the assumptions, in a sibling folder first.

    An earlier folder with a market in it is replaced, but not its assumptions, which somebody may have changed; one
    that holds anything else is left alone.
    """
    folder = Path(os.path.abspath(folder))
    names = {f"{name}.csv" for name in tables} | {"truth", ASSUMPTIONS_FILE}
    if folder.exists():
        if not folder.is_dir():
            raise Refused(f"{folder} is a file; name a folder for the market.")
        if strange := sorted({entry.name for entry in folder.iterdir()} - names):
            raise Refused(f"{folder} holds {strange[0]}, which no demo market has; name an empty or new folder.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        sibling = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise Refused(f"{folder} cannot be written ({error.strerror}); name another folder.") from error
    try:
        for name, table in tables.items():
            write_csv(table, sibling / f"{name}.csv")
        assumed = folder / ASSUMPTIONS_FILE
        if assumed.is_file():
            shutil.copy2(assumed, sibling)
        else:
            (sibling / ASSUMPTIONS_FILE).write_text(assumptions, encoding="utf-8")
        (sibling / "truth").mkdir()
        for name, table in truth.items():
            write_csv(table, sibling / "truth" / f"{name}.csv")
        sibling.chmod(0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
            folder.rename(old / "market")
            sibling.rename(folder)
            shutil.rmtree(old)
        else:
            sibling.rename(folder)
    except OSError as error:
        shutil.rmtree(sibling, ignore_errors=True)
        raise Refused(f"{folder} cannot be written ({error.strerror}); make room or name another.") from error
    except BaseException:
        shutil.rmtree(sibling, ignore_errors=True)
        raise


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV, with quotation marks only where needed."""
    try:
        options = pacsv.WriteOptions(include_header=False, quoting_style="none")
        with path.open("wb") as file:
            file.write((",".join(table.column_names) + "\n").encode())
            pacsv.write_csv(table, file, options)
    except pa.ArrowInvalid:  # a text with a comma or a quotation mark
        _write_quoted(table, path)


def _write_quoted(table: pa.Table, path: Path) -> None:
    columns = [_as_text(table[name]) for name in table.column_names]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(zip(*columns, strict=True))


def _as_text(column: pa.ChunkedArray) -> list[str]:
    return ["" if value is None else value for value in column.cast(pa.string()).to_pylist()]
