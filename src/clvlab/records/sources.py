"""Where tables come from: a folder of files, or a connection to an engine."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.cores import AT_ONCE, on_all_cores
from clvlab.records.checks import ROW_ID
from clvlab.records.contract import ACTIVITY_TABLES
from clvlab.records.contracts import TABLES
from clvlab.records.engine import open_engine
from clvlab.records.files import SEPARATORS, SOURCE_FILE, SOURCE_ROW, Staged, of_known_kind, parts_in, stage
from clvlab.records.staged import literal
from clvlab.refusal import Refused, nearest


@dataclass(frozen=True)
class Source:
    """One table as it came: its rows, those read only in part or not at all, and remarks for the reader."""

    table: ir.Table
    unread: pd.DataFrame
    remarks: tuple[str, ...] = ()
    partly_read: pd.DataFrame | None = None


def find_files(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each table: ``shipments.csv``, or all files in a folder ``shipments/``.

    Raises
    ------
    Refused
        When the folder or a required table is missing, or a table lies there twice.
    """
    if not folder.is_dir():
        raise Refused(
            f"{folder} is no folder; give the folder that holds customers and shipments or invoices"
            " (`clvlab demo` makes one to try)."
        )
    found: dict[str, list[Path]] = {}
    for name in TABLES:
        parts = folder / name
        named = [p for p in sorted(folder.iterdir()) if p != parts and p.name.lower().split(".")[0] == name]
        files = [of_known_kind(p) for p in named]
        if parts.is_dir():
            files += parts_in(parts)
        elif len(files) > 1:
            listed = " and ".join(p.name for p in files)
            raise Refused(f"{folder} holds {listed}; keep one of them, or put the parts of one table in {name}/.")
        if files:
            found[name] = files
    _require_tables(found, str(folder))
    return found


def _require_tables(found: Mapping[str, object], where: str) -> None:
    if "customers" not in found:
        raise Refused(
            f"{where} has no table customers; add customers.csv with at least customer_id"
            " (a mapping can derive it: see `clvlab import --help`)."
        )
    if not any(name in found for name in ACTIVITY_TABLES):
        raise Refused(f"{where} has neither shipments nor invoices; add one of them (see data/templates).")


def read_files(files: dict[str, list[Path]], unread: pd.DataFrame, into: Path) -> dict[str, Source]:
    """Stage all files in ``into`` and return the tables as they came; header-only optional tables are left out.

    Each table is read by an engine of its own, so that several can be judged at once. ``unread`` holds rows that an
    import could not read: table, file, source_row, value, reason.
    """
    named = [(name, path) for name, paths in files.items() for path in paths]
    size = sum(path.stat().st_size for _, path in named if path.is_file())
    found = on_all_cores(lambda pair: stage(pair[1], into, sheet=pair[0]), named, size)
    staged: dict[str, list[Staged]] = {name: [] for name in files}
    for (name, _), part in zip(named, found, strict=True):
        staged[name].append(part)
    required = {"customers", *(name for name in ACTIVITY_TABLES if name in files)}
    sources: dict[str, Source] = {}
    for name, parts in staged.items():
        rows = sum(part.rows + len(part.unread) for part in parts)
        if rows == 0 and name not in required:
            continue
        if rows == 0:
            raise Refused(f"{files[name][0]} has a header but no rows; export it again with its rows.")
        columns = dict.fromkeys(column for part in parts for column in part.columns)
        _require_columns(name, columns, str(files[name][0]))
        source = _source(name, parts, files[name])
        before = unread[unread["table"] == name].drop(columns="table")
        sources[name] = replace(source, unread=pd.concat([source.unread, before], ignore_index=True))
    if len(sources["customers"].unread):
        sources["customers"] = _with_rescued_customers(sources, staged["customers"], into)
    return sources


def _source(name: str, parts: list[Staged], paths: list[Path]) -> Source:
    listed = ", ".join(literal(part.path) for part in parts)
    # union_by_name lets monthly parts differ in their columns; row_id numbers rows in source order.
    rows = f'SELECT row_number() OVER () AS "{ROW_ID}", * FROM read_parquet([{listed}], union_by_name=true)'
    table = open_engine(AT_ONCE).sql(rows)
    unread = pd.concat([p.unread.assign(file=path.name) for p, path in zip(parts, paths, strict=True)])
    remarks = [f"{path.name}: {part.rows + len(part.unread):,} rows, {part.note}"
               for part, path in zip(parts, paths, strict=True)]  # fmt: skip
    return Source(table, unread.reset_index(drop=True), (*remarks, *_unused_columns(name, table.columns)))


def _require_columns(name: str, columns: Mapping[str, object], where: str) -> None:
    for required in TABLES[name].required:
        if required not in columns:
            raise Refused(
                f"{where} lacks the column {required}{nearest(required, columns)}; rename yours, or map your own"
                " columns with `clvlab new-mapping`."
            )


def _unused_columns(name: str, columns: tuple[str, ...] | list[str]) -> list[str]:
    known = {*TABLES[name].names, SOURCE_FILE, SOURCE_ROW, ROW_ID}
    return [
        f"the column {column} is not used{nearest(column, TABLES[name].names)}"
        for column in columns
        if column not in known
    ]


def _with_rescued_customers(sources: dict[str, Source], parts: list[Staged], into: Path) -> Source:
    """Keep a customer whose line cannot be read when other tables name it, with the code alone.

    A stray comma in a name would otherwise orphan all of that customer's shipments.
    """
    customers = sources["customers"]
    readable = _codes(customers.table)
    named = set().union(*(_codes(source.table) for name, source in sources.items() if name != "customers")) - readable
    position = parts[0].columns.index("customer_id")
    codes = [_code_in(line, position, named) for line in customers.unread["value"]]
    rescued = customers.unread.assign(customer_id=codes).dropna(subset="customer_id").drop_duplicates("customer_id")
    path = into / "rescued-customers.parquet"
    rescued.rename(columns={"file": SOURCE_FILE})[[SOURCE_FILE, SOURCE_ROW, "customer_id"]].to_parquet(path)
    table = _source("customers", [*parts, Staged(path, (), 0, customers.unread.iloc[:0], "")],
                    [Path(p.path.name) for p in parts] + [path]).table  # fmt: skip
    unread = customers.unread.drop(index=rescued.index).reset_index(drop=True)
    return Source(table, unread, customers.remarks, partly_read=rescued)


def _codes(table: ir.Table) -> set[str]:
    if "customer_id" not in table.columns:
        return set()
    return set(table.select(code=table.customer_id.cast("string").strip()).distinct().execute()["code"].dropna())


def _code_in(line: str, position: int, named: set[str]) -> str | None:
    """Return the customer's code in a line with too many or too few fields, whatever its separator.

    The field in the code's own place comes first: another one may be the code of the owning company.
    """
    readings = [next(csv.reader(io.StringIO(line), delimiter=mark), []) for mark in SEPARATORS]
    in_place = [fields[position] for fields in readings if len(fields) > position]
    elsewhere = [value for fields in readings for value in fields]
    return next((value.strip() for value in in_place + elsewhere if value.strip() in named), None)


def read_connection(engine: ibis.BaseBackend) -> dict[str, Source]:
    """Return the tables of an engine that bear our names, with rows numbered by key.

    Raises
    ------
    Refused
        When a required table or column is missing.
    """
    there = set(engine.list_tables())
    found = {name: engine.table(name) for name in TABLES if name in there}
    where = f"the {engine.name} connection"
    _require_tables(found, where)
    sources = {}
    for name, table in found.items():
        _require_columns(name, dict.fromkeys(table.columns), f"{where}, table {name},")
        contract = TABLES[name]
        order = [c for c in dict.fromkeys([*contract.key, contract.event]) if c and c in table.columns]
        number = ibis.row_number().over(order_by=order) + 1
        numbered = table.mutate(**{ROW_ID: number, SOURCE_ROW: number, SOURCE_FILE: ibis.literal(name)})
        unread = pd.DataFrame({"file": "", SOURCE_ROW: pd.Series(dtype="int64"), "value": "", "reason": ""})
        sources[name] = Source(numbered, unread, tuple(_unused_columns(name, table.columns)))
    return sources
