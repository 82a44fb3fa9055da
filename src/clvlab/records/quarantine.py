"""What was set aside, row by row and in sums: accepted + set aside = rows in, for every table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from clvlab.cache import whole
from clvlab.records.contracts import TABLES
from clvlab.records.intake import QUARANTINE_COLUMNS, Judged
from clvlab.records.redaction import WITHHELD, gives_nobody_away
from clvlab.results import Note, Result, Table


class Quarantine(Result):
    """Every row and value that was set aside, with the file and row it came from.

    ``to_frame()`` has table, file, source_row, column, source_column, rule, value, treatment, says, also.
    ``sums`` has one row per table: rows_in, accepted, set_aside, values_set_aside. ``summary()`` counts by rule.
    """

    title = "Set aside"

    def __init__(self, cases: pd.DataFrame, sums: pd.DataFrame) -> None:
        self._cases = cases
        self.sums = sums

    @classmethod
    def of(cls, judged: Mapping[str, Judged], names: Mapping[str, Mapping[str, str]]) -> Quarantine:
        """Return the quarantine of all judged tables; ``names`` tells by table and column what the user calls it."""
        frames = [result.quarantine for result in judged.values() if len(result.quarantine)]
        cases = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(QUARANTINE_COLUMNS))
        keys = cases["table"] + "." + cases["column"]
        theirs = keys.map({f"{t}.{c}": source for t, columns in names.items() for c, source in columns.items()})
        theirs = theirs.fillna(cases["column"])
        cases.insert(list(QUARANTINE_COLUMNS).index("column") + 1, "source_column", theirs)
        sums = pd.DataFrame(
            [
                {
                    "table": name,
                    "rows_in": result.rows_in,
                    "accepted": int(result.accepted.count().execute()),
                    "set_aside": result.rows_set_aside,
                    "values_set_aside": result.cells_set_aside,
                }
                for name, result in judged.items()
            ]
        )
        return cls(cases.astype({"source_row": "int64"}), sums)

    def to_frame(self) -> pd.DataFrame:
        """Return all cases."""
        return self._cases

    def redacted(self) -> Quarantine:
        """Return the same with every value withheld that might name somebody."""
        values = self._cases["value"]
        shown = values.isna() | values.map(gives_nobody_away, na_action="ignore").eq(True)
        return Quarantine(self._cases.assign(value=values.where(shown, WITHHELD)), self.sums)

    def summary(self) -> Table:
        """Return the number of cases by table, column and rule, with an example, what was done, and what else."""
        kinds = ["table", "column", "source_column", "rule", "treatment"]
        grouped = self._cases.fillna({"value": ""}).groupby(kinds, sort=False)
        frame = grouped.agg(
            cases=("source_row", "size"), file=("file", "first"), first_row=("source_row", "min"),
            example=("value", "first"), says=("says", "first"), also=("also", _counted),
        ).reset_index()  # fmt: skip
        return Table(frame, "What was set aside, by rule")

    def examples(self) -> Result:
        """Return one case of each kind in words: where it stands, what stands there, what is wrong."""
        frame = self.summary().to_frame()
        if frame.empty:
            return Note("Nothing was set aside.")
        named = [
            f"{c.table}.{c.column}" + (f" ({c.source_column})" if c.source_column != c.column else "")
            for c in frame.itertuples()
        ]
        also = ["" if not c.also else f". Also {c.also}" for c in frame.itertuples()]
        shown = pd.DataFrame({
            "cases": frame["cases"],
            "column": named,
            "first case": [f"{c.file} row {c.first_row}: {c.example or 'blank'}" for c in frame.itertuples()],
            "what is wrong, and what was done": frame["says"] + also,
        })  # fmt: skip
        return Table(shown, "What is wrong, and what was done, by kind", fold=False)

    def write(self, folder: Path) -> None:
        """Write one Parquet file per table to ``folder``; those of an earlier check go, other files stay."""
        folder.mkdir(parents=True, exist_ok=True)
        by_table = dict(tuple(self._cases.groupby("table", sort=False)))
        for name in TABLES:
            path = folder / f"{name}.parquet"
            if name in by_table:
                with whole(path) as draft:
                    by_table[name].to_parquet(draft, index=False)
            else:
                path.unlink(missing_ok=True)


def _counted(names: pd.Series) -> str:
    """Return which other rules rows break, with how many of them do."""
    counts = names[names != ""].str.split("; ").explode().value_counts().sort_index()
    return ", ".join(f"{count:,} cases of “{name}”" for name, count in counts.items())
