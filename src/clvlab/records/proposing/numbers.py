"""The numbers of a column: the marks they are written with and the signs beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from clvlab.records.proposing.values import SIGNS

_NUMBER = (
    r"^(?P<minus>[+-]?)(?P<before>[^\d.,+-]*)"
    r"(?P<number>[+-]?[\d.,'’ \u00a0\u202f]*\d(?:[eE][+-]?\d+)?)(?P<after>[^\d]*)$"
)
_SPACES = ("\u202f", "\u00a0", " ", "'", "’")  # that part thousands


@dataclass(eq=False)
class Numbers:
    """The numbers of a column and how they are written.

    Parameters
    ----------
    texts
        By row, each sampled number without the sign beside it.
    share
        Of the sampled values, how many are numbers.
    decimal, thousands
        The marks; ``decimal`` is empty when no value tells.
    unclear
        A mark that stands before three digits only: it may be the decimal mark or part thousands.
    signs
        What stands beside the numbers, such as a currency or a unit, the most frequent first.
    """

    texts: pd.Series
    share: float
    decimal: str
    thousands: str
    unclear: str
    signs: list[str]

    @cached_property
    def read(self) -> pd.Series:
        """The sampled values as numbers."""
        plain = self.texts.str.replace(self.thousands, "", regex=False) if self.thousands else self.texts
        plain = plain.str.replace(",", ".", regex=False) if self.decimal == "," else plain
        return pd.to_numeric(plain.str.strip(), errors="coerce").dropna()

    @cached_property
    def has_fractions(self) -> bool:
        """Whether many of them are no whole numbers."""
        return bool(len(self.read)) and bool((self.read % 1 != 0).mean() > 0.1)


def read_numbers(values: pd.Series) -> Numbers | None:
    """Return the numbers in a column's sampled texts, None when fewer than half of them are numbers."""
    if len(values) > 1000 and read_numbers(values.iloc[:: len(values) // 300]) is None:
        return None
    found = values.str.extract(_NUMBER).dropna(subset="number")
    # Blanks of other kinds are part of a sign: the import has to take them off with it.
    signs = (found["before"] + " " + found["after"]).str.strip(" ")
    counts = signs.value_counts()
    known = [sign for sign in counts.index if not sign or sign.strip().lower() in SIGNS]
    found = found[signs.isin(known)]
    if len(found) < len(values) / 2:
        return None
    texts = found["minus"] + found["number"]
    return Numbers(texts, len(texts) / len(values), *_marks(texts), [sign for sign in known if sign])


def _marks(texts: pd.Series) -> tuple[str, str, str]:
    """Return the decimal mark, the thousands mark, and the mark of which no value tells which it is."""
    every = "".join(texts)  # a mark that stands nowhere is seen faster in one text
    comma, dot = "," in every, "." in every
    spaced = next((mark for mark in _SPACES if mark in every), "")
    if comma and dot:
        return *_two_marks(texts), ""
    if not comma and not dot:
        return "", spaced, ""
    mark, other = (",", ".") if comma else (".", ",")
    marked = texts[texts.str.contains(mark, regex=False)]
    if (marked.str.count(re.escape(mark)) > 1).any():
        return other, mark, ""
    return ("", spaced, mark) if _by_threes(marked, mark) else (mark, spaced, "")


def _two_marks(texts: pd.Series) -> tuple[str, str]:
    """Return the decimal and the thousands mark where both comma and dot occur."""
    comma, dot = texts.str.contains(",", regex=False), texts.str.contains(".", regex=False)
    both = texts[comma & dot]
    if len(both):
        comma_last = (both.str.rfind(",") > both.str.rfind(".")).mean() > 0.5
    else:
        comma_last = not _by_threes(texts[comma], ",")
    return (",", ".") if comma_last else (".", ",")


def _by_threes(texts: pd.Series, mark: str) -> bool:
    """Return whether the mark always stands before three digits, as a thousands mark does."""
    return bool(texts.str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+").all())
