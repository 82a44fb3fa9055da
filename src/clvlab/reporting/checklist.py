"""What ``clvlab check`` prints: the sums, what was set aside by rule, and what nobody uses."""

from __future__ import annotations

from pathlib import Path

from clvlab.assumptions import UNSTATED
from clvlab.records.currency import NOT_STATED
from clvlab.results import text_table
from clvlab.study import Study


def checklist(study: Study, folder: Path) -> str:
    """Return the outcome of the intake as text for the terminal."""
    records = study.records
    lines = [f"{folder}: records as of {study.as_of}, money in {study.currency}", ""]
    if study.currency == UNSTATED:
        lines += [f"{NOT_STATED}.", ""]
    lines += ["Rows in = accepted + set aside", text_table(records.quarantine.sums), ""]
    summary = records.quarantine.summary().to_frame()
    if len(summary):
        lines += ["Set aside, by rule"]
        for case in summary.itertuples():
            column = case.column if case.source_column == case.column else f"{case.column} ({case.source_column})"
            place = f"{case.table} {column}".strip()
            example = f", e.g. {case.example!r}" if case.example else ""
            example += f"; also {case.also}" if case.also else ""
            lines.append(f"  {case.cases:>6,}  {place}: {case.rule}; {case.says.split('; ')[-1]}"
                         f" (first in row {case.first_row}{example})")  # fmt: skip
        lines += ["", f"Every case: {folder / 'quarantine'}/*.parquet", ""]
    else:
        lines += ["Nothing was set aside.", ""]
    remarks = [*records.origin, *(text for each in records.remarks.values() for text in each)]
    lines += ["Remarks", *(f"  {text}" for text in remarks)]
    undated = [f"{table}: {', '.join(columns)}" for table, columns in records.undated.items()]
    if undated:
        lines += [
            "",
            "Undated, so that no as-of date can hide a later change",
            *(f"  {text}" for text in undated),
        ]
    return "\n".join(lines)
