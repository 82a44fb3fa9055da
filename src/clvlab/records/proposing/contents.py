"""What a file's columns hold: their kinds by a sample spread over the file, keys and blanks by all its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

from clvlab.records.files import SOURCE_FILE, SOURCE_ROW, Staged
from clvlab.records.proposing.dates import Dates, read_dates
from clvlab.records.proposing.numbers import Numbers, read_numbers
from clvlab.records.proposing.values import flag_meaning
from clvlab.records.proposing.words import is_personal

SAMPLE = 10_000
_LISTED = 50  # a column with more values than this is no flag and no choice


@dataclass(eq=False)
class Profile:
    """One column of the file: its name, and its values in the sample by their row's number."""

    name: str
    sample: pd.Series

    @cached_property
    def dates(self) -> Dates | None:
        """Its dates, None when it is no column of dates."""
        return read_dates(self.sample) if len(self.sample) else None

    @cached_property
    def numbers(self) -> Numbers | None:
        """Its numbers, None when it is no column of numbers."""
        return read_numbers(self.sample) if len(self.sample) else None

    @property
    def is_dates(self) -> bool:
        """Whether nearly all it holds are dates."""
        return self.dates is not None and self.dates.share > 0.9

    @property
    def has_fractions(self) -> bool:
        """Whether it holds numbers that are not whole, as no number of a thing is."""
        return self.numbers is not None and self.numbers.has_fractions

    @cached_property
    def is_personal(self) -> bool:
        """Whether it holds a person's particulars, by its name or by its values."""
        few = self.sample.iloc[:300]
        mail = few.str.fullmatch(r"[^@\s]+@[^@\s]+\.\w+").mean() if len(few) else 0
        phone = few.str.fullmatch(r"\+\d[\d ()/-]{7,}|1[3-9]\d{9}").mean() if len(few) else 0
        # A phone number is personal, whether the customer has a phone is not.
        named = is_personal(self.name) and not all(flag_meaning(value) for value in few)
        return named or mail > 0.5 or phone > 0.9


class Contents:
    """A staged file: its columns' samples, and what is asked of all its rows. Blank text counts as no value."""

    def __init__(self, path: Path, staged: Staged, engine: duckdb.DuckDBPyConnection) -> None:
        self.path, self.staged, self._engine = path, staged, engine
        source = str(staged.path).replace("'", "''")
        engine.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{source}', file_row_number=true)")
        names = [name for name in staged.columns if name not in {SOURCE_FILE, SOURCE_ROW}]
        step = -(-staged.rows // SAMPLE)
        listed = ", ".join(f"{_text(name)} AS {_quoted(name)}" for name in names)
        sample = engine.execute(
            f"SELECT {SOURCE_ROW}, {listed} FROM rows WHERE file_row_number % {step} = 0 ORDER BY file_row_number"
        ).df()
        sample = sample.set_index(SOURCE_ROW)
        sample = sample[~sample.index.duplicated()]
        self.sampled = len(sample)
        self.profiles = [Profile(name, sample[name].dropna().astype(str)) for name in names]
        self._filled: dict[str, int] = {}
        self._different: dict[tuple[str, ...], int] = {}

    def filled(self, name: str) -> int:
        """Return how many of all rows fill a column."""
        if name not in self._filled:
            self.count_filled([name])
        return self._filled[name]

    def count_filled(self, names: Iterable[str]) -> None:
        """Count in one go how many rows fill each of several columns, for ``filled`` to know."""
        new = [name for name in names if name not in self._filled]
        if new:
            listed = ", ".join(f"count({_text(name)})" for name in new)
            self._filled |= zip(new, self._row(f"SELECT {listed} FROM rows"), strict=True)

    def different(self, *names: str) -> int:
        """Return how many different values, or groups of them, the columns hold in all rows."""
        if names not in self._different:
            if len(names) == 1:
                counts = f"SELECT count({_text(names[0])}), count(DISTINCT {_text(names[0])}) FROM rows"
                self._filled[names[0]], self._different[names] = self._row(counts)
            else:
                listed = ", ".join(_text(name) for name in names)
                filled = " AND ".join(f"{_text(name)} IS NOT NULL" for name in names)
                groups = f"SELECT DISTINCT {listed} FROM rows WHERE {filled}"
                (self._different[names],) = self._row(f"SELECT count(*) FROM ({groups})")
        return self._different[names]

    def is_unique(self, profile: Profile) -> bool:
        """Return whether no value of a column occurs twice; one that does in the sample spares counting all rows."""
        if profile.sample.duplicated().any():
            return False
        return self.different(profile.name) == self.filled(profile.name)

    def different_share(self, profile: Profile) -> float:
        """Return the share of different values, by the sample where that holds most of them more than once."""
        share = profile.sample.nunique() / len(profile.sample)
        return share if share < 0.5 else self.different(profile.name) / self.filled(profile.name)

    def values(self, name: str) -> list[str]:
        """Return the different values of a column in all rows, the most frequent first, up to a limit."""
        found = self._engine.execute(
            f"SELECT {_text(name)} FROM rows WHERE {_text(name)} IS NOT NULL GROUP BY 1"
            f" ORDER BY count(*) DESC, 1 LIMIT {_LISTED + 1}"
        )
        return [row[0] for row in found.fetchall()]

    def inconstant(self, key: str, names: list[str]) -> dict[str, int]:
        """Return for each column how many values of ``key`` go with more than one of its values."""
        if not names:
            return {}
        aliases = [f"several_{i}" for i in range(len(names))]
        several = ", ".join(f"count(DISTINCT {_text(name)}) > 1" for name in names)
        grouped = f"SELECT {several} FROM rows WHERE {_text(key)} IS NOT NULL GROUP BY {_text(key)}"
        counts = ", ".join(f"count(*) FILTER ({alias})" for alias in aliases)
        found = self._row(f"SELECT {counts} FROM ({grouped}) AS keys({', '.join(aliases)})")
        return dict(zip(names, found, strict=True))

    def _row(self, query: str) -> tuple[int, ...]:
        return self._engine.execute(query).fetchall()[0]


def _text(name: str) -> str:
    return f"nullif(trim({_quoted(name)}::VARCHAR), '')"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
