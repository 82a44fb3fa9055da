"""``clvlab new-mapping``: a first mapping for a file, proposed by looking at it, with its doubts marked.

Names say what a column may be, contents say what it cannot be; what neither settles stands as ``# doubt:``
above the line it concerns. Contents are judged by a sample spread over the file, keys and blanks by all rows.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property, partial
from pathlib import Path

import duckdb
import pandas as pd

from clvlab.records.contract import UNDATED, Column, Contract
from clvlab.records.contracts import TABLES
from clvlab.records.files import SOURCE_FILE, SOURCE_ROW, Staged, stage
from clvlab.records.parsing import FALSE, TRUE
from clvlab.records.synonyms import (
    CURRENCIES,
    LEAST,
    TABLE_WORDS,
    UNITS,
    WEAK,
    choice_meaning,
    flag_meaning,
    is_personal,
    likeness,
    plain_words,
    stated_currency,
    stated_unit,
)
from clvlab.refusal import Refused

SAMPLE = 20_000
_BY_CONTENT = 0.4  # how sure a column is that no name speaks for, only its contents
_LISTED = 50  # a column with more values than this is no flag and no choice


def propose(path: Path) -> str:
    """Return the text of a mapping for the file at ``path``, to be edited and used by ``clvlab import``.

    Raises
    ------
    Refused
        When the file cannot be read or has no rows.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "bills.csv"
    ...     _ = file.write_text("Invoice No;Client;Invoice Date;Net EUR\\n1;A;31.01.2025;1.000,50\\n")
    ...     print([line for line in propose(file).splitlines() if line.startswith(("dates", "issued"))])
    ['dates = ["%d.%m.%Y"]', 'issued_on = "Invoice Date"']
    """
    with tempfile.TemporaryDirectory() as workplace:
        staged = stage(path, Path(workplace))
        if staged.rows == 0:
            raise Refused(f"{path} has a header but no rows; export it again with its rows.")
        with duckdb.connect() as engine:
            return _Proposal(_Look(path, staged, engine)).text()


# What a column holds ---------------------------------------------------------------------------------------

_DATE_SHAPES = (
    r"^(?P<a>\d{1,4})(?P<s>[-/.年])(?P<b>\d{1,2})(?P<t>[-/.月])(?P<c>\d{1,4})(?P<e>日?)(?P<rest>(?:\D.*)?)$",
    r"^(?P<a>(?:19|20)\d{2})(?P<s>)(?P<b>[01]\d)(?P<t>)(?P<c>[0-3]\d)(?P<e>)"
    r"(?P<rest>(?:[ T]?[0-2]\d[0-5]\d(?:[0-5]\d)?)?)$",
    r"^(?P<a>\d{1,2})(?P<s>[- .]{1,2})(?P<b>[A-Za-z]{3,9})(?P<t>[- .,]{1,2})(?P<c>\d{2,4})(?P<e>)"
    r"(?P<rest>(?:\D.*)?)$",
)
_CLOCK = re.compile(
    r"(?P<gap>[T ]*)(?P<time>9:9(?::9)?|9时9分(?:9秒)?|)(?P<part>[.,]9)?(?P<noon> ?[AP]M)?"
    r"(?P<zone> ?(?:Z|[+-]9(?::?9)?))?"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def _clock_format(shape: str) -> str | None:
    """Return the strptime format of what follows a date, its numbers written 9; None when it is no time."""
    found = _CLOCK.fullmatch(shape.upper())
    if not found:
        return None
    parts = re.split("9", found["time"])
    marks = ["%I" if found["noon"] else "%H", "%M", "%S"][: len(parts) - 1]
    time = "".join(text + mark for text, mark in zip(parts, [*marks, ""], strict=True))
    fraction = found["part"][0] + "%f" if found["part"] else ""
    noon = (" " if found["noon"].startswith(" ") else "") + "%p" if found["noon"] else ""
    return found["gap"] + time + fraction + noon + ("%z" if found["zone"] else "")


@dataclass(eq=False)
class Dates:
    """The dates of a column: for each sampled value its three numbers and the layout it is written in."""

    parts: pd.DataFrame
    share: float
    order: str = "dm"
    doubts: list[str] = field(default_factory=list)

    @cached_property
    def open(self) -> pd.DataFrame:
        """The values that do not begin with the year, in which day and month may stand either way."""
        return self.parts[self.parts["layout"].str.contains("@")]

    @property
    def formats(self) -> list[str]:
        """The formats for the mapping, the most frequent first."""
        first, second = ("%d", "%m") if self.order == "dm" else ("%m", "%d")
        layouts = self.parts["layout"].value_counts().index
        filled = [layout.replace("@", first, 1).replace("@", second, 1) for layout in layouts]
        return list(dict.fromkeys("iso" if _engine_reads(form) else form for form in filled))

    def days(self, order: str = "") -> pd.Series:
        """Return the sampled values as days."""
        parts, swap = self.parts, (order or self.order) == "md"
        loose = parts["layout"].str.contains("@")
        year_last = loose | parts["layout"].str.startswith("%d")
        year = parts["c"].where(year_last, parts["a"])
        day = parts["a"].where(year_last, parts["c"])
        month = parts["b"]
        if swap:
            day, month = day.where(~loose, parts["b"]), month.where(~loose, parts["a"])
        year = year.where(year >= 100, year + 2000)
        return pd.to_datetime({"year": year, "month": month, "day": day}, errors="coerce")


def _engine_reads(form: str) -> bool:
    """Return whether the intake reads such dates without being told how."""
    return (form.startswith("%Y-%m-%d") and "%p" not in form and "时" not in form) or form.endswith("%z")


def _dates(values: pd.Series) -> Dates | None:
    """Return the dates in a column's sampled texts, None when fewer than half of a few are dates."""
    found = pd.DataFrame()
    few = values.iloc[:: max(1, len(values) // 300)]
    if sum(few.str.match(shape).sum() for shape in _DATE_SHAPES) < len(few) / 2:
        return None
    for shape in _DATE_SHAPES:
        rest = values.drop(found.index)
        found = pd.concat([found, rest.str.extract(shape).dropna(subset="a")])
    shapes = found["rest"].str.replace(r"\d+", "9", regex=True)
    compact = found["s"] == ""
    clocks = {shape: _clock_format(shape) for shape in shapes.unique()}
    clock = shapes.map(clocks)
    clock = clock.where(~compact, found["rest"].where(compact, "").map(_compact_clock))
    month = found["b"].str[:3].str.lower()
    named = month.isin(_MONTHS)
    number = month.where(~named, month.map({name: str(i) for i, name in enumerate(_MONTHS, start=1)}))
    length = found["c"].str.len()
    year_first, short = found["a"].str.len() == 4, length <= 2
    middle = pd.Series("%b", found.index).where(found["b"].str.len() == 3, "%B")
    date = "%Y" + found["s"] + "%m" + found["t"] + "%d" + found["e"]
    last = found["s"] + "@" + found["t"] + pd.Series("%y", found.index).where(short, "%Y") + found["e"]
    date = date.where(year_first, "@" + last)
    date = date.where(~named, "%d" + found["s"] + middle + found["t"] + last.str[-2:])
    parts = pd.DataFrame({name: pd.to_numeric(column, errors="coerce") for name, column in
                          {"a": found["a"], "b": number, "c": found["c"]}.items()})  # fmt: skip
    parts["layout"] = date + clock
    day, year = parts["c"].where(year_first, parts["a"]), parts["a"].where(year_first, parts["c"])
    low, high = parts[["b"]].join(day.rename("d")).min(axis=1), parts[["b"]].join(day.rename("d")).max(axis=1)
    sound = (low >= 1) & (low <= 12) & (high <= 31) & (year.between(1900, 2100) | (short & ~year_first))
    sound &= ~(year_first | named) | (parts["b"] <= 12)
    parts = parts[sound & clock.notna()]
    share = len(parts) / len(values)
    return Dates(parts, share) if share >= 0.5 else None


def _compact_clock(rest: str) -> str:
    digits = rest.strip(" T")
    return rest[: len(rest) - len(digits)] + {4: "%H%M", 6: "%H%M%S"}.get(len(digits), "")


_NUMBER = r"^(?P<before>[^\d.,+-]*)(?P<number>[+-]?[\d.,'’ \u00a0\u202f]*\d(?:[eE][+-]?\d+)?)(?P<after>[^\d]*)$"
_SIGNS = {*CURRENCIES, *(word for kin in UNITS.values() for word in kin)}


@dataclass(eq=False)
class Numbers:
    """The numbers of a column, and how they are written; ``decimal`` is empty when no value tells."""

    texts: pd.Series
    share: float
    decimal: str
    thousands: str
    sign: str
    unclear: str = ""  # a mark that stands before three digits only: decimal or thousands
    several_signs: bool = False

    @cached_property
    def read(self) -> pd.Series:
        """The sampled values as numbers."""
        plain = self.texts.str.replace(self.thousands, "", regex=False) if self.thousands else self.texts
        plain = plain.str.replace(",", ".", regex=False) if self.decimal == "," else plain
        return pd.to_numeric(plain.str.strip(), errors="coerce").dropna()


def _numbers(values: pd.Series) -> Numbers | None:
    """Return the numbers in a column's sampled texts, None when fewer than half of them are numbers."""
    if len(values) > 1000 and _numbers(values.iloc[:: len(values) // 300]) is None:
        return None
    found = values.str.extract(_NUMBER).dropna(subset="number")
    signs = (found["before"] + " " + found["after"]).str.strip()
    known = {sign for sign in signs.unique() if sign.lower() in _SIGNS or not sign}
    found = found[signs.isin(known)]
    if len(found) < len(values) / 2:
        return None
    decimal, thousands, unclear = _marks(found["number"])
    sign = next(iter(known - {""}), "")
    numbers = Numbers(found["number"], len(found) / len(values), decimal, thousands, sign, unclear)
    numbers.several_signs = len(known - {""}) > 1
    return numbers


def _marks(texts: pd.Series) -> tuple[str, str, str]:
    """Return the decimal mark, the thousands mark, and the mark of which no value tells which it is."""
    comma, dot = texts.str.contains(",", regex=False), texts.str.contains(".", regex=False)
    spaced = next((mark for mark in ("\u202f", "\u00a0", " ", "'", "’") if texts.str.contains(mark).any()), "")
    if (comma & dot).any():
        both = texts[comma & dot]
        return (",", ".", "") if (both.str.rfind(",") > both.str.rfind(".")).mean() > 0.5 else (".", ",", "")
    if comma.any() and dot.any():
        return (".", ",", "") if _by_threes(texts[comma], ",") else (",", ".", "")
    for mark, other, there in ((",", ".", comma), (".", ",", dot)):
        if (texts[there].str.count(re.escape(mark)) > 1).any():
            return other, mark, ""
        if there.any():
            return ("", spaced, mark) if _by_threes(texts[there], mark) else (mark, spaced, "")
    return "", spaced, ""


def _by_threes(texts: pd.Series, mark: str) -> bool:
    """Return whether the mark always stands before three digits, as a thousands mark does."""
    return bool(texts.str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+").all())


@dataclass(eq=False)
class Profile:
    """One column of the file: its values in the sample by their row's number, and a count of all it holds."""

    name: str
    sample: pd.Series
    count: Callable[[], int]

    @cached_property
    def filled(self) -> int:
        """How many of all rows fill it."""
        return self.count()

    @cached_property
    def dates(self) -> Dates | None:
        """Its dates, None when it is no column of dates."""
        return _dates(self.sample) if len(self.sample) else None

    @cached_property
    def numbers(self) -> Numbers | None:
        """Its numbers, None when it is no column of numbers."""
        return _numbers(self.sample) if len(self.sample) else None

    @cached_property
    def is_dates(self) -> bool:
        """Whether nearly all it holds are dates."""
        return self.dates is not None and self.dates.share > 0.9

    @cached_property
    def is_personal(self) -> bool:
        """Whether it holds a person's particulars, by its name or by its values."""
        few = self.sample.iloc[:300]
        mail = few.str.fullmatch(r"[^@\s]+@[^@\s]+\.\w+").mean() if len(few) else 0
        phone = few.str.fullmatch(r"\+\d[\d ()/-]{7,}|1[3-9]\d{9}").mean() if len(few) else 0
        # A phone number is personal, whether the customer has a phone is not.
        named = is_personal(self.name) and not all(flag_meaning(value) for value in few)
        return named or mail > 0.5 or phone > 0.9

    @cached_property
    def repeats(self) -> bool:
        """Whether a value occurs twice in the sample, which spares counting all rows."""
        return bool(self.sample.duplicated().any())

    def contents(self) -> str:
        """Return in a few words what it holds."""
        few = self.sample.unique()
        if self.sample.empty:
            return "nearly empty" if self.filled else "empty"
        if self.is_personal:
            return "personal data"
        if len(few) <= 5:
            return ", ".join(few)
        return "dates" if self.is_dates else "numbers" if self.numbers else "text"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class _Look:
    """The file, staged, and what is asked of it: the sample's contents and counts over all rows."""

    def __init__(self, path: Path, staged: Staged, engine: duckdb.DuckDBPyConnection) -> None:
        self.path, self.staged, self._engine = path, staged, engine
        source = str(staged.path).replace("'", "''")
        engine.execute("SET enable_progress_bar = false")  # it would stand in the middle of the mapping printed
        engine.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{source}', file_row_number=true)")
        names = [name for name in staged.columns if name not in {SOURCE_FILE, SOURCE_ROW}]
        step = -(-staged.rows // SAMPLE)
        listed = ", ".join(f"{self._text(name)} AS {_quoted(name)}" for name in names)
        sample = engine.execute(
            f"SELECT {SOURCE_ROW}, {listed} FROM rows WHERE file_row_number % {step} = 0 ORDER BY file_row_number"
        ).df()
        sample = sample.set_index(SOURCE_ROW)
        sample = sample[~sample.index.duplicated()]
        self.sampled = len(sample)
        self.profiles = [
            Profile(name, sample[name].dropna().astype(str), partial(self._filled, name)) for name in names
        ]
        self._distinct: dict[tuple[str, ...], int] = {}

    @staticmethod
    def _text(name: str) -> str:
        return f"nullif(trim({_quoted(name)}::VARCHAR), '')"

    def _filled(self, name: str) -> int:
        found = self._engine.execute(f"SELECT count({self._text(name)}) FROM rows").fetchone()
        return (found or (0,))[0]

    def distinct(self, *names: str) -> int:
        """Return how many different values, or pairs of them, the columns hold in all rows."""
        if names not in self._distinct:
            listed = ", ".join(self._text(name) for name in names)
            what = listed if len(names) == 1 else f"({listed})"
            filled = " AND ".join(f"{self._text(name)} IS NOT NULL" for name in names)
            found = self._engine.execute(f"SELECT count(DISTINCT {what}) FROM rows WHERE {filled}").fetchone()
            self._distinct[names] = (found or (0,))[0]
        return self._distinct[names]

    def distinct_share(self, profile: Profile) -> float:
        """Return the share of different values, by the sample unless that holds no value twice."""
        if profile.sample.nunique() < 0.5 * len(profile.sample):
            return profile.sample.nunique() / len(profile.sample)
        return self.distinct(profile.name) / profile.filled

    def differs(self, profile: Profile) -> bool:
        """Return whether no value of a column occurs twice."""
        return not profile.repeats and self.distinct(profile.name) == profile.filled

    def values(self, name: str) -> list[str]:
        """Return the different values of a column in all rows, the most frequent first, up to a limit."""
        found = self._engine.execute(
            f"SELECT {self._text(name)} FROM rows WHERE {self._text(name)} IS NOT NULL GROUP BY 1"
            f" ORDER BY count(*) DESC, 1 LIMIT {_LISTED + 1}"
        )
        return [row[0] for row in found.fetchall()]

    def inconstant(self, key: str, name: str) -> int:
        """Return how many values of ``key`` go with more than one value of the column."""
        found = self._engine.execute(
            f"SELECT count(*) FROM (SELECT {self._text(key)} FROM rows WHERE {self._text(key)} IS NOT NULL"
            f" GROUP BY 1 HAVING count(DISTINCT {self._text(name)}) > 1)"
        ).fetchone()
        return (found or (0,))[0]


# Which of our columns it is --------------------------------------------------------------------------------


@dataclass(eq=False)
class Match:
    """One of our columns and the file's column that it comes from."""

    of: Column
    profile: Profile
    score: float
    doubts: list[str]
    settings: dict[str, object] = field(default_factory=dict)


def _fit(of: Column, profile: Profile, role: str, look: _Look) -> tuple[float, str]:
    """Return how well a column's contents fit ours, 0 being a veto, and the doubt they raise.

    ``role`` is "key" for the column that differs in every row, "customer" for the customer of an activity.
    """
    if profile.is_personal:
        return 0.0, ""
    if profile.sample.empty:
        return (0.0 if of.required else 0.5), "the column is empty" if not profile.filled else "nearly empty"
    if of.type in {"date", "time"}:
        return (1.0, "") if profile.dates else (0.0, "")
    if profile.is_dates:
        return 0.0, ""
    if of.type in {"number", "whole"}:
        return _fit_number(of, profile)
    if of.type == "flag" or of.choices:
        return _fit_words(of, profile)
    if of.name.endswith("_id") and _has_fractions(profile):
        return 0.0, ""
    if role == "key":
        share = look.distinct_share(profile)
        return (1.0 if share > 0.98 else 0.8 if share > 0.2 else 0.3), ""
    if role == "customer" and look.differs(profile) and profile.filled >= 50:
        return 0.7, "no customer occurs twice in it, as customers should"
    return 1.0, ""


def _has_fractions(profile: Profile) -> bool:
    values = profile.numbers.read if profile.numbers else pd.Series(dtype=float)
    return bool(len(values)) and bool((values % 1 != 0).mean() > 0.1)


def _fit_number(of: Column, profile: Profile) -> tuple[float, str]:
    if profile.numbers is None:
        return 0.0, ""
    if of.type == "whole" and _has_fractions(profile):
        return 0.0, ""
    values = profile.numbers.read
    low = of.at_least if of.at_least is not None else float("-inf")
    high = of.at_most if of.at_most is not None and of.unit not in UNITS else float("inf")
    outside = float((~values.between(low, high)).mean())
    doubt = f"{outside:.1%} of the sampled values lie outside the range allowed" if outside else ""
    return (0.4 if outside > 0.5 else 1.0), doubt


def _fit_words(of: Column, profile: Profile) -> tuple[float, str]:
    known = profile.sample.map({v: bool(_meaning(of, v)) for v in profile.sample.unique()})
    share = float(known.mean())
    return (1.0 if share > 0.5 else 0.8 if of.choices and share > 0 else 0.3 if of.type == "flag" else 0.7), ""


def _meaning(of: Column, value: str) -> str:
    return choice_meaning(value, of.choices) if of.choices else flag_meaning(value)


def _match(contract: Contract, look: _Look, profiles: list[Profile]) -> dict[str, Match]:
    """Return the file's column for each of ours, the surest first, none twice."""
    candidates = []
    for of in contract.columns:
        for place, profile in enumerate(profiles):
            score, why = likeness(profile.name, contract.name, of.name)
            if not score:
                continue
            fit, doubt = _fit(of, profile, _role(contract, of), look)
            if score * fit >= LEAST:
                candidates.append(
                    (-score * fit, place, Match(of, profile, score * fit, [d for d in (why, doubt) if d]))
                )
    matches: dict[str, Match] = {}
    for _, _, match in sorted(candidates, key=lambda one: one[:2]):
        taken = any(other.profile is match.profile for other in matches.values())
        if match.of.name not in matches and not taken:
            matches[match.of.name] = match
    _mark_rivals(matches, [match for _, _, match in candidates])
    for name in (contract.key[:1] if len(contract.key) == 1 else ()) + ((contract.event,) if contract.event else ()):
        others = sum(other in matches for other in contract.required)
        if name not in matches and contract.column(name).required and others:
            found = _by_contents(contract, contract.column(name), look, profiles, matches)
            matches |= {name: found} if found else {}
    return matches


def _role(contract: Contract, of: Column) -> str:
    if contract.key == (of.name,):
        return "key"
    return "customer" if of.name == "customer_id" and contract.name in {"shipments", "invoices"} else ""


def _mark_rivals(matches: dict[str, Match], candidates: list[Match]) -> None:
    """Add a doubt to each match that a column not used for anything could take nearly as well."""
    used = {match.profile.name for match in matches.values()}
    for match in matches.values():
        least = max(match.score - 0.15, LEAST)
        rivals = [other.profile.name for other in candidates if other.of is match.of
                  and other.profile.name not in used and other.score > least]  # fmt: skip
        if rivals:
            match.doubts.append(f"it may also be {' or '.join(json.dumps(r, ensure_ascii=False) for r in rivals)}")


def _by_contents(
    contract: Contract, of: Column, look: _Look, profiles: list[Profile], matches: dict[str, Match]
) -> Match | None:
    """Return the only column left that could be the key or the event by what it holds."""
    used = {match.profile.name for match in matches.values()}
    left = [p for p in profiles if p.name not in used and not p.is_personal]
    if of.name == contract.event:
        fitting, why = (
            [p for p in left if p.is_dates],
            "its name does not say so, it is the only column of dates left",
        )
    else:
        fitting = [p for p in left if not p.is_dates and not _has_fractions(p) and look.staged.rows >= 20
                   and look.differs(p)]  # fmt: skip
        why = "its name does not say so, but no value occurs twice in it"
    fitting = [profile for profile in fitting if profile.filled == look.staged.rows]
    return Match(of, fitting[0], _BY_CONTENT, [why]) if len(fitting) == 1 else None


def _likelihood(contract: Contract, matches: dict[str, Match], look: _Look) -> float:
    """Return how much the file looks like a table: what it has of it, less what it lacks."""
    score = sum(match.score * (1.0 if match.of.required else 0.5) for match in matches.values())
    for name in contract.required:
        if name not in matches:
            score -= 0.4 if _may_be_row_number(contract, name) else 1.0
    heard = set(plain_words(look.path.stem))
    hinted = any(word in token or (len(token) > 3 and token.rstrip("s") in word)
                 for word in TABLE_WORDS[contract.name].split() for token in heard)  # fmt: skip
    return score + (0.5 if hinted else 0.0)


def _may_be_row_number(contract: Contract, name: str) -> bool:
    return contract.key == (name,) and contract.name != "customers"


# The proposal ----------------------------------------------------------------------------------------------


class _Proposal:
    """The mapping proposed for a file."""

    def __init__(self, look: _Look) -> None:
        self._look = look
        found = {name: _match(contract, look, look.profiles) for name, contract in TABLES.items()}
        scores = {name: _likelihood(TABLES[name], matches, look) for name, matches in found.items()}
        first, second = sorted(scores, key=lambda name: -scores[name])[:2]
        self._first, self._second, self._scores = first, second, scores
        self._sections = {first: found[first]}
        self._notes: dict[str, list[str]] = {}
        if first != "customers" and "customer_id" in found[first]:
            self._sections["customers"] = self._derived(found[first])
        matched = [match for section in self._sections.values() for match in section.values()]
        _settle_orders(matched, look.profiles)
        for table, section in self._sections.items():
            for match in section.values():
                self._settle(match, table)
            if table == first:
                self._check_sequence(TABLES[table], section)
        self._hoisted = _hoist(matched)

    def _derived(self, main: dict[str, Match]) -> dict[str, Match]:
        """Return the columns of a customers table drawn from the file: those constant within a customer."""
        key = main["customer_id"].profile
        used = {match.profile.name for match in main.values()}
        left = [profile for profile in self._look.profiles if profile.name not in used]
        of = TABLES["customers"].column("customer_id")
        derived = {"customer_id": Match(of, key, main["customer_id"].score, [])}
        customers = self._look.distinct(key.name)
        for name, match in _match(TABLES["customers"], self._look, left).items():
            if name == "customer_id" or match.of.known != UNDATED or match.score < WEAK or match.profile.sample.empty:
                continue
            several = self._look.inconstant(key.name, match.profile.name)
            if several <= customers * 0.05:
                if several:
                    match.doubts.append(f"{several:,} of {customers:,} customers have more than one; the first is used")
                derived[name] = match
        return derived

    # What the import has to be told about each column

    def _settle(self, match: Match, table: str) -> None:
        of, profile, doubts = match.of, match.profile, match.doubts
        blank = self._look.staged.rows - profile.filled
        if of.required and blank and table == self._first:
            doubts.append(f"{blank:,} of {self._look.staged.rows:,} rows are blank and will be set aside")
        if of.type in {"date", "time"} and profile.dates:
            self._settle_dates(match, profile.dates)
        elif of.type in {"number", "whole"} and profile.numbers:
            self._settle_numbers(match, profile.numbers)
        elif of.type == "flag" or of.choices:
            self._settle_words(match)

    def _settle_dates(self, match: Match, dates: Dates) -> None:
        match.settings["dates"] = dates.formats
        match.doubts += [doubt for doubt in dates.doubts if doubt not in match.doubts]
        unread = match.profile.sample.drop(dates.parts.index)
        if len(unread):
            match.doubts.append(f"{_of(unread, match.profile)} are no usable dates, such as {_example(unread)}")

    def _settle_numbers(self, match: Match, numbers: Numbers) -> None:
        profile, doubts, sign = match.profile, match.doubts, numbers.sign
        decimal, thousands = numbers.decimal, numbers.thousands
        if numbers.unclear:
            styles = {p.numbers.decimal for p in self._look.profiles if p.numbers} - {""}
            decimal = next(iter(styles)) if len(styles) == 1 else "."
            thousands = numbers.unclear if numbers.unclear != decimal else thousands
            marked = numbers.texts[numbers.texts.str.contains(numbers.unclear, regex=False)]
            doubts.append(f"is {_example(marked)} in the thousands? {_toml(decimal)} is taken for the decimal mark")
        if sign and (thousands or numbers.several_signs):
            doubts.append(f"{sign} stands beside the numbers, and the import can take off only one mark; take it off")
        elif sign:
            thousands = sign
            doubts.append(f"{sign} beside the numbers is taken off as if it were a thousands mark")
        match.settings |= {"decimal": decimal} if decimal else {}
        match.settings |= {"thousands": thousands} if thousands else {}
        unread = profile.sample.drop(numbers.texts.index)
        if len(unread):
            doubts.append(f"{_of(unread, profile)} are no numbers, such as {_example(unread)}")
        self._settle_unit(match, numbers)

    def _settle_unit(self, match: Match, numbers: Numbers) -> None:
        unit = match.of.unit
        if unit not in UNITS:
            return
        word, factor = stated_unit(f"{match.profile.name} {numbers.sign}", unit) or ("", 1)
        if unit.startswith("share") and not word and numbers.read.abs().median() > 1:
            word, factor = "", 0.01
            match.doubts.append("the values exceed 1; they are taken for percent")
        elif not word and not unit.startswith(("currency", "share")):
            match.doubts.append(f"its unit is not stated; it is taken for {unit}")
        if factor != 1:
            match.settings["factor"] = factor

    def _settle_words(self, match: Match) -> None:
        of = match.of
        given = self._look.values(match.profile.name)
        plain = {*of.choices} if of.choices else {*TRUE, *FALSE}
        known = {value: _meaning(of, value) for value in given if value.lower() not in plain and _meaning(of, value)}
        unknown = [value for value in given if value.lower() not in plain and value not in known]
        if known:
            match.settings["values"] = known
        if {value.lower() for value in known} & {"g", "r", "green", "red"}:
            match.doubts.append("green is taken for yes and red for no")
        if unknown:
            more = ", ..." if len(unknown) > 10 else ""
            wanted = ", ".join(of.choices) or "yes or no"
            match.doubts.append(f"not understood: {', '.join(unknown[:10])}{more} (should say {wanted})")

    def _check_sequence(self, contract: Contract, section: dict[str, Match]) -> None:
        """Add a doubt to each date that lies before the one that its contract says comes first."""
        for rule in contract.rules:
            later, *earlier = rule.reads
            if rule.name != f"{later} before {''.join(earlier)}" or not {later, *earlier} <= set(section):
                continue
            dates, before = section[later].profile.dates, section[earlier[0]].profile.dates
            if dates is None or before is None:
                continue
            gap = (dates.days() - before.days()).dropna()
            wrong = gap[gap < pd.Timedelta(0)]
            if len(wrong):
                section[later].doubts.append(
                    f"in {len(wrong):,} of {len(gap):,} sampled rows its day lies before {earlier[0]}"
                    f" (row {wrong.index[0]})"
                )

    # The text

    def text(self) -> str:
        """Return the mapping as TOML."""
        look, first = self._look, TABLES[self._first]
        lines = self._heading()
        lines += [f"about = {_toml(f'{look.path.name}: one row per {_bare(first.one_row)}')}", *self._money()]
        lines += [*self._zone(), *(f"{key} = {_toml(value)}" for key, value in self._hoisted.items())]
        for name in self._sections:
            lines += ["", *self._section(TABLES[name], name == self._first)]
        if len(self._sections) == 1 and self._first != "customers":
            lines += ["", "# missing: the table customers; add a section [customers] with one_row_per and"]
            lines += ["# customer_id, or give the customers a file and a mapping of their own."]
        used = {match.profile.name for section in self._sections.values() for match in section.values()}
        idle = [p for p in look.profiles if p.name not in used]
        lines += ["", "# not used:"] if idle else []
        lines += [_comment(f"  {profile.name.strip()} ({profile.contents()})") for profile in idle]
        return "\n".join(lines) + "\n"

    def _heading(self) -> list[str]:
        look, scores = self._look, self._scores
        best, next_best = scores[self._first], max(scores[self._second], 0)
        explained = len(self._sections[self._first]) / len(look.profiles)
        if best <= 1 or next_best > 0.85 * best or explained < 0.25:
            sure = "a guess"
        else:
            sure = "likely" if next_best > 0.6 * best else "sure"
        lines = [
            f"Proposed by `clvlab new-mapping {look.path.name}`. Settle each doubt, save as mapping.toml,",
            f"then run `clvlab import mapping.toml {look.path.name} --out DIR`.",
            f"The file: {look.staged.rows:,} rows, {look.staged.note};"
            f" contents were judged by {look.sampled:,} rows spread over it.",
            f"It looks like {self._first} ({sure}: {best:.1f} points); {self._second} came second ({next_best:.1f}).",
        ]
        if unread := len(look.staged.unread):
            row = look.staged.unread[SOURCE_ROW].iloc[0]
            lines.append(f"doubt: {unread:,} rows cannot be read at all, the first being row {row}")
        lacking = self._lacking()
        lines += [f"missing: fill in {', '.join(lacking)} below before it can be used."] if lacking else []
        return [_comment(line) for line in lines]

    def _lacking(self) -> list[str]:
        contract, section = TABLES[self._first], self._sections[self._first]
        return [name for name in contract.required if name not in section and not _may_be_row_number(contract, name)]

    def _money(self) -> list[str]:
        """Return the line of the currency: as a header, a sign or a column of currencies states it."""
        section = self._sections[self._first]
        money = [m for m in section.values() if m.of.unit.startswith("currency")]
        if not money:
            return []
        signs = [match.profile.numbers.sign if match.profile.numbers else "" for match in money]
        stated = [stated_currency(m.profile.name) or stated_currency(sign)
                  for m, sign in zip(money, signs, strict=True)]  # fmt: skip
        for profile in self._look.profiles:
            if {"currency", "waehrung", "币种", "货币"} & set(plain_words(profile.name)):
                codes = self._look.values(profile.name)
                stated += [stated_currency(code) or code for code in codes if re.fullmatch(r"\w{1,3}|\W", code)]
        codes = list(dict.fromkeys(code for code in stated if code))
        if len(codes) == 1:
            return [f"currency = {_toml(codes[0])}"]
        if codes:
            return [
                _comment(f"doubt: several currencies occur ({', '.join(codes[:8])})"),
                f"currency = {_toml(codes[0])}",
            ]
        if self._is_chinese:
            return ["# doubt: no currency is stated; the headers are Chinese", 'currency = "CNY"']
        return ["# doubt: no currency is stated; fill it in", '# currency = "USD"']

    @property
    def _is_chinese(self) -> bool:
        return any(re.search(r"[\u4e00-\u9fff]", profile.name) for profile in self._look.profiles)

    def _zone(self) -> list[str]:
        zone, why = ("Asia/Shanghai", " (the headers are Chinese)") if self._is_chinese else ("UTC", "")
        times = [p.sample.iloc[:300] for p in self._look.profiles if p.is_dates]
        offsets = any(few.str.contains(r"\d(?:Z|[+-]\d\d:?\d\d|[+]\d\d)$").any() for few in times)
        dated = any(match.of.type in {"date", "time"} for match in self._sections[self._first].values())
        if not dated:
            return [f'time_zone = "{zone}"']
        if offsets:
            doubt = f"times with an offset become wall-clock times of this zone{why}; is it the provider's?"
        else:
            doubt = f"the file states no time zone; its times are taken as wall-clock times of this one{why}"
        return [_comment(f"doubt: {doubt}"), f'time_zone = "{zone}"']

    def _section(self, contract: Contract, is_main: bool) -> list[str]:
        section = self._sections[contract.name]
        lines = [f"[{contract.name}]", *self._key_doubts(contract, section, is_main)]
        for of in contract.columns:
            if of.name in section:
                match = section[of.name]
                lines += [_comment(f"doubt: {doubt}") for doubt in match.doubts]
                lines.append(f"{of.name} = {self._column(match)}")
            elif is_main and of.required and _may_be_row_number(contract, of.name):
                lines.append("# doubt: no column tells the rows apart; each row is taken for one of its own, numbered")
                lines.append(f'{of.name} = {{ row_number = "R" }}')
            elif is_main and of.required:
                lines += self._missing(contract, of)
        return lines

    def _key_doubts(self, contract: Contract, section: dict[str, Match], is_main: bool) -> list[str]:
        """Return what holds for the whole section: keys that repeat, one row per key where it is derived."""
        keys = [section[name].profile for name in contract.key if name in section]
        if not is_main:
            once = self._look.distinct(keys[0].name) == keys[0].filled and len(section) > 1
            lines = (
                ["# doubt: every customer has one row, so nothing shows which columns are the customer's"]
                if once
                else []
            )
            return [*lines, 'one_row_per = "customer_id"']
        if not keys or any(name in contract.required and name not in section for name in contract.key):
            return []
        filled = min(profile.filled for profile in keys)
        again = filled - self._look.distinct(*(profile.name for profile in keys))
        if again <= 0:
            return []
        text = f"doubt: {again:,} of {filled:,} rows repeat the {' + '.join(contract.key)} of another row"
        if contract.name == "customers":
            return [_comment(f"{text}; the first of each is used"), 'one_row_per = "customer_id"']
        advice = ""
        if len(contract.key) == 1 and again > 0.1 * filled:
            advice = f'; if each row is {contract.one_row} of its own, {contract.key[0]} = {{ row_number = "R" }}'
        return [_comment(f"{text} and will be set aside{advice}")]

    def _missing(self, contract: Contract, of: Column) -> list[str]:
        used = {match.profile.name for match in self._sections[contract.name].values()}
        fitting = [p for p in self._look.profiles if p.name not in used and _fit(of, p, "", self._look)[0] >= 0.5]
        fitting.sort(key=lambda p: -SequenceMatcher(None, p.name.lower(), of.name).ratio())
        guesses = ", ".join(json.dumps(p.name, ensure_ascii=False) for p in fitting[:3])
        hint = f"perhaps {guesses}" if guesses else "no column fits"
        return [_comment(f"missing: {of.name}, {of.meaning}; {hint}"), f'# {of.name} = ""']

    def _column(self, match: Match) -> str:
        settings = {key: value for key, value in match.settings.items() if not _implied(key, value, self._hoisted)}
        name = match.profile.name
        return _toml({"column": name} | settings if settings else name)


# Day and month ---------------------------------------------------------------------------------------------


def _settle_orders(matches: list[Match], profiles: list[Profile]) -> None:
    """Decide for each column of dates whether the day or the month comes first, and say how sure that is."""
    every = list({id(p.dates): p.dates for p in profiles if p.is_dates and p.dates}.values())
    every += [m.profile.dates for m in matches if m.profile.dates and not m.profile.is_dates]
    undecided = []
    for dates in every:
        if dates.open.empty:
            continue
        day_first, month_first = dates.open[dates.open["a"] > 12], dates.open[dates.open["b"] > 12]
        dates.order = "md" if len(month_first) > len(day_first) else "dm"
        if not len(day_first) and not len(month_first):
            undecided.append(dates)
        elif len(day_first) and len(month_first):
            dates.doubts.append(_mixed(dates, day_first, month_first))
        if dates.open["layout"].str.contains("%y").any():
            dates.doubts.append("the year has two digits and is taken to come last")
    if undecided:
        _settle_undecided(undecided, [dates for dates in every if dates not in undecided])


def _mixed(dates: Dates, day_first: pd.DataFrame, month_first: pd.DataFrame) -> str:
    """Return the doubt about a column with dates that can only be day first and others only month first."""
    other = dates.open["layout"].value_counts().index[0]
    for mark in ("%m", "%d") if dates.order == "dm" else ("%d", "%m"):
        other = other.replace("@", mark, 1)
    both = len(dates.open) - len(day_first) - len(month_first)
    return (
        f"DAY AND MONTH ARE MIXED: of {len(dates.open):,} sampled values {len(day_first):,} can only be day"
        f" first ({_rows(day_first)}), {len(month_first):,} only month first ({_rows(month_first)}), {both:,}"
        f" either. The more frequent order is taken, the rest is set aside; to read the rest, too, add"
        f' "{other}" to its dates, but nothing then tells which of the {both:,} are read the wrong way'
    )


def _rows(parts: pd.DataFrame) -> str:
    return "rows " + ", ".join(str(row) for row in parts.index[:3])


def _settle_undecided(undecided: list[Dates], decided: list[Dates]) -> None:
    """Choose an order for dates of which no value tells it: that of other columns, else what fits best."""
    orders = {dates.order for dates in decided if len(dates.open)}
    said = "no value tells day from month"
    if len(orders) == 1:
        order, why = orders.pop(), f"{said}; the order is taken from the file's other columns of dates"
    else:
        apart = {order: _apart(undecided, decided, order) for order in ("dm", "md")}
        order = min(apart, key=lambda one: apart[one])
        other = "md" if order == "dm" else "dm"
        if apart[order] < 0.8 * apart[other]:
            why = (f"{said}; in this order the dates of a row and of its neighbours lie {apart[order]:.0f}"
                   f" days apart on average, in the other {apart[other]:.0f}")  # fmt: skip
        else:
            order, why = "dm", f"{said}, nor does their sequence; the day is taken to come first"
    for dates in undecided:
        dates.order = order
        dates.doubts.append(why)


def _apart(undecided: list[Dates], decided: list[Dates], order: str) -> float:
    """Return how many days the dates of a row, and those of neighbouring rows, lie apart on average."""
    days = pd.concat([dates.days(order) for dates in undecided] + [dates.days() for dates in decided], axis=1)
    across = (days.max(axis=1) - days.min(axis=1)).dt.days
    along = days.iloc[:, 0].dropna().diff().abs().dt.days
    # Beyond half a year a gap says no more about the order.
    return float(across.clip(upper=180).mean() + along.clip(upper=180).fillna(0).mean())


# TOML ------------------------------------------------------------------------------------------------------


def _hoist(matches: list[Match]) -> dict[str, object]:
    """Return what all columns of dates, or all of numbers, have in common and the file can say once."""
    hoisted: dict[str, object] = {}
    formats = [match.settings["dates"] for match in matches if "dates" in match.settings]
    if formats and formats[0] != ["iso"] and all(one == formats[0] for one in formats):
        hoisted["dates"] = formats[0]
    for key, usual in (("decimal", "."), ("thousands", "")):
        marks = {str(match.settings[key]) for match in matches if key in match.settings}
        if len(marks) == 1 and marks <= {",", ".", " ", "'"} - {usual}:
            hoisted[key] = marks.pop()
    return hoisted


def _implied(key: str, value: object, hoisted: dict[str, object]) -> bool:
    """Return whether a column need not say what the file says or what holds anyway."""
    anyway: dict[str, object] = {"decimal": ".", "dates": ["iso"]}
    return value == hoisted.get(key, anyway.get(key))


def _toml(value: object) -> str:
    """Return a value as TOML on one line."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return "[" + ", ".join(_toml(one) for one in value) + "]"
        case dict():
            pairs = (f"{key if re.fullmatch('[A-Za-z_]+', key) else _toml(key)} = {_toml(one)}"
                     for key, one in value.items())  # fmt: skip
            return "{ " + ", ".join(pairs) + " }"
        case _:
            return repr(value)


def _comment(text: str) -> str:
    return "# " + re.sub(r"[\x00-\x1f\x7f]+", " ", text)


def _of(values: pd.Series, profile: Profile) -> str:
    return f"{len(values):,} of {len(profile.sample):,} sampled values"


def _example(values: pd.Series) -> str:
    return f"{json.dumps(values.iloc[0], ensure_ascii=False)} (row {values.index[0]})"


def _bare(one_row: str) -> str:
    return re.sub("^an? ", "", one_row)
