"""Every row that comes in is accepted or set aside, and every value that is set aside is written down."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.records.checks import (
    ROW_ID,
    Keep,
    any_broken,
    broken_ones,
    first_broken,
    is_broken,
    repeated_keys,
    rules_for,
)
from clvlab.records.contract import Contract, Rule
from clvlab.records.files import SOURCE_FILE, SOURCE_ROW
from clvlab.records.parsing import typed

QUARANTINE_COLUMNS = ("table", "file", "source_row", "column", "rule", "value", "treatment", "says", "also")
_FAULT = "fault: "  # before a column's name: which of its rules a value broke


@dataclass(frozen=True)
class Judged:
    """One table after the intake.

    Parameters
    ----------
    accepted
        Accepted rows with typed columns; blank columns are left out.
    quarantine
        One row per value or row set aside: table, file, source_row, column, rule, value, treatment, says, also
        (other rules the row breaks).
    rows_in
        Rows that came in, readable or not.
    """

    accepted: ir.Table
    quarantine: pd.DataFrame
    rows_in: int

    @property
    def rows_set_aside(self) -> int:
        """Rows kept out."""
        return int((self.quarantine["treatment"] == "row set aside").sum())

    @property
    def cells_set_aside(self) -> int:
        """Values blanked in rows that stayed."""
        return int((self.quarantine["treatment"] == "value set aside").sum())


def judge(
    source: ir.Table,
    contract: Contract,
    *,
    unread: pd.DataFrame,
    partly_read: pd.DataFrame | None,
    customers: ir.Table | None,
    time_zone: str,
    keep: Keep,
) -> Judged:
    """Type, check and split one table.

    Parameters
    ----------
    source
        The staged table with ``source_file``, ``source_row``, a row id (unique, in source order) and columns
        as they stand.
    contract
        What the table promises.
    unread
        Rows that could not be read at all: file, source_row, value, reason.
    partly_read
        Rows of which only the key could be read, or None; they are in ``source``.
    customers
        The accepted customers, or None when the table is the customers.
    time_zone
        For times with an offset.
    keep
        Stores an intermediate table under a name and returns it, so that text is parsed once.
    """
    columns = [column for column in contract.columns if column.name in source.columns]
    own = source.select(SOURCE_FILE, SOURCE_ROW, ROW_ID, *(column.name for column in columns))
    table = keep(typed(own, columns, time_zone), f"typed-{contract.name}")
    row_rules, cell_rules = rules_for(table, contract, customers)
    repeated = repeated_keys(table, contract, row_rules, keep)
    row_rules = broken_ones(table, row_rules + ([repeated] if repeated else []))
    stays = table.filter(~any_broken(table, row_rules)) if row_rules else table
    # Counted before any value is blanked, which can only make fewer values break a rule.
    cell_rules = broken_ones(stays, cell_rules)
    checked = keep(_set_cells_aside(stays, contract, cell_rules), f"checked-{contract.name}")
    cases = [
        *_row_cases(table, source, contract, row_rules),
        *_cell_cases(checked, source, contract, cell_rules),
        _case_frame(contract, unread, _UNREAD, "row set aside"),
    ]
    if partly_read is not None:
        cases.insert(0, _case_frame(contract, partly_read, _PARTLY_READ, "value set aside"))
    quarantine = pd.concat([case for case in cases if len(case)] or cases[-1:], ignore_index=True)
    rows_in = int(table.count().execute()) + len(unread)
    return Judged(_accepted(checked, contract), quarantine, rows_in)


def _set_cells_aside(table: ir.Table, contract: Contract, rules: list[Rule]) -> ir.Table:
    """Return the table with broken values blanked, and beside each such column which of its rules was broken.

    A column that is judged by itself comes before those that are compared with others, which follow in the
    contract's order: a bad scale does not spoil its scores, nor a swapped dispatch date the delivery.
    """
    rules_of_column = {name: [rule for rule in rules if rule.column == name] for name in contract.names}
    by_itself = {name: all(len(rule.reads) == 1 for rule in own) for name, own in rules_of_column.items()}
    for name in sorted(contract.names, key=lambda name: not by_itself[name]):
        own = rules_of_column[name]
        if own:
            table = table.mutate(**{_FAULT + name: first_broken(table, own)})
            missing = ibis.literal(None, type=table[name].type())
            table = table.mutate(**{name: ibis.ifelse(table[_FAULT + name].notnull(), missing, table[name])})
    return table


# Cases for the quarantine ----------------------------------------------------------------------------------


def _row_cases(table: ir.Table, source: ir.Table, contract: Contract, rules: list[Rule]) -> list[pd.DataFrame]:
    """Return one frame per rule with the rows for which it is the first one broken."""
    if not rules:
        return []
    numbered = table.mutate(**{_FAULT: first_broken(table, rules)})
    frames = []
    for i, rule in enumerate(rules):
        hit = numbered.filter(numbered[_FAULT] == i)
        found = hit.select(ROW_ID, SOURCE_FILE, SOURCE_ROW, also=_names_of_broken(hit, rules[i + 1 :]))
        frames.append(_case_frame(contract, _with_source_text(found, source, rule.column), rule, "row set aside"))
    return frames


def _cell_cases(checked: ir.Table, source: ir.Table, contract: Contract, rules: list[Rule]) -> list[pd.DataFrame]:
    """Return one frame per column and rule with the values that were blanked."""
    columns = [name for name in contract.names if any(rule.column == name for rule in rules)]
    if not columns:
        return []
    counts = checked.aggregate(**{name: checked[_FAULT + name].count() for name in columns}).execute().iloc[0]
    frames = []
    for name in (name for name in columns if counts[name]):
        for i, rule in enumerate(rule for rule in rules if rule.column == name):
            hit = checked.filter(checked[_FAULT + name] == i)
            found = hit.select(ROW_ID, SOURCE_FILE, SOURCE_ROW, also=ibis.literal(""))
            frames.append(_case_frame(contract, _with_source_text(found, source, name), rule, "value set aside"))
    return frames


def _names_of_broken(hit: ir.Table, rules: list[Rule]) -> ir.StringValue:
    """Return the names of the other rules a row breaks, separated by semicolons: a row counts once."""
    names = ibis.literal("")
    for rule in rules:
        names = names + ibis.ifelse(is_broken(rule, hit), f"{rule.name} ({rule.column}); ", "")
    return names.rstrip().re_replace(";$", "") if rules else names


def _with_source_text(found: ir.Table, source: ir.Table, column: str) -> pd.DataFrame:
    """Return the rows found with the value as it stands in the source: file, source_row, value, also."""
    texts = source.select(ROW_ID, value=source[column].cast("string"))
    joined = found.join(texts, ROW_ID)
    return joined.order_by(ROW_ID).execute().rename(columns={SOURCE_FILE: "file"})


_NEVER = lambda table: ibis.literal(False)  # noqa: E731 - these two are found while reading, not in the engine
_UNREAD = Rule(
    "row cannot be read", "", (), _NEVER,
    "the line has too many or too few fields for the file's columns; the row is set aside", "row",
)  # fmt: skip
_PARTLY_READ = Rule(
    "row cannot be read", "", (), _NEVER,
    "the line has too many or too few fields; the customer is kept with the code alone, the rest set aside",
)  # fmt: skip


def _case_frame(contract: Contract, found: pd.DataFrame, rule: Rule, treatment: str) -> pd.DataFrame:
    return pd.DataFrame({
        "table": contract.name, "file": found["file"].astype("object"),
        "source_row": found["source_row"].astype("int64"), "column": rule.column, "rule": rule.name,
        "value": found["value"].astype("object"), "treatment": treatment, "says": rule.says,
        "also": found.get("also", ""),
    }, columns=list(QUARANTINE_COLUMNS))  # fmt: skip


def _accepted(checked: ir.Table, contract: Contract) -> ir.Table:
    """Return the contract's columns that hold any value; one that is blank throughout is as good as absent."""
    present = [name for name in contract.names if name in checked.columns]
    filled = checked.aggregate(**{name: checked[name].count() for name in present}).execute().iloc[0]
    return checked.select(
        SOURCE_FILE, SOURCE_ROW, *(name for name in present if filled[name] or contract.column(name).required)
    )
