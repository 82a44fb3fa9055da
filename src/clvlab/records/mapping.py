"""Mappings: how a user's files become our tables, as TOML and without code.

A mapping translates; it never judges. What it cannot translate stays as it stands, for the intake to set aside.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from importlib import resources
from math import isfinite
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import duckdb

from clvlab.records.contracts import TABLES
from clvlab.records.engine import open_duckdb
from clvlab.refusal import Refused, nearest

# What may stand at the top of a mapping, beside one section per table.
TOP = {
    "about": str, "currency": str, "time_zone": str, "source_time_zone": str, "dates": list,
    "decimal": str, "thousands": str, "strip": list,
}  # fmt: skip
# What may stand in a table's section, beside our column names.
SECTION = {"file": str, "one_row_per": str}
# What may stand in a column's own braces.
COLUMN = {
    "column": str, "columns": list, "joined_by": str, "constant": str, "row_number": str, "factor": (int, float),
    "values": dict, "dates": list, "source_time_zone": str, "decimal": str, "thousands": str, "strip": list,
}  # fmt: skip
_ORIGINS = ("column", "columns", "constant", "row_number")


@dataclass(frozen=True)
class ColumnMap:
    """Where one of our columns comes from and how its text is translated."""

    columns: tuple[str, ...] = ()
    joined_by: str = ""
    constant: str | None = None
    row_number: str | None = None
    factor: float = 1.0
    values: MappingType[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    source_time_zone: str = ""
    decimal: str = "."
    thousands: str = ""
    strip: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """The user's name for it, as shown to readers."""
        if self.columns:
            return " + ".join(self.columns)
        return f"constant {self.constant}" if self.constant is not None else "row number"


@dataclass(frozen=True)
class TableMap:
    """One of our tables: which files it comes from, and its columns."""

    name: str
    columns: MappingType[str, ColumnMap]
    file: str = "*"
    one_row_per: str = ""

    def files(self, paths: list[Path]) -> list[Path]:
        """Return the given files that feed this table."""
        return [path for path in paths if fnmatch(path.name.lower(), self.file.lower())]


@dataclass(frozen=True)
class Mapping:
    """A whole mapping: the tables it makes, and the facts that hold for all of them."""

    name: str
    tables: tuple[TableMap, ...]
    about: str = ""
    currency: str = ""
    time_zone: str = "UTC"


def built_in_mappings() -> list[str]:
    """Return the names of the mappings that come with clvlab."""
    folder = resources.files("clvlab.records") / "mappings"
    return sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(".toml"))


def read_mapping(name: str) -> Mapping:
    """Return a mapping by its built-in name or the path of a TOML file.

    Raises
    ------
    Refused
        When there is none, it is not TOML, or it names a table, column or setting that does not exist.
    """
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise Refused(f"{path} is not there; `clvlab new-mapping FILE` proposes a mapping for a file.")
        try:
            text = path.read_text(encoding="utf-8-sig")  # Notepad begins with a byte-order mark
        except UnicodeDecodeError as error:
            raise Refused(f"the mapping {name} is not UTF-8; save it again with the encoding UTF-8.") from error
    elif name in built_in_mappings():
        text = (resources.files("clvlab.records") / "mappings" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        known = built_in_mappings()
        raise Refused(
            f"no mapping is called {name!r}{nearest(name, known)}; there are {', '.join(known)},"
            " or give the path of a .toml file."
        )
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"the mapping {name} is not valid TOML: {error}.") from error
    return _mapping(path.stem, given)


def _mapping(name: str, given: dict[str, Any]) -> Mapping:
    where = f"the mapping {name}"
    for key, value in given.items():
        if isinstance(value, dict):
            if key not in TABLES:
                raise Refused(f"{where}: [{key}] is no table of ours{nearest(key, TABLES)}.")
        else:
            _check(where, key, value, TOP)
    if given.get("thousands") == given.get("decimal", "."):
        raise Refused(f"{where}: {given['thousands']!r} cannot mark both thousands and decimals.")
    _check_zone(where, given.get("time_zone", "UTC"))
    if not re.fullmatch("([A-Z]{3})?", given.get("currency", "")):
        raise Refused(f"{where}: currency = {given['currency']!r} must be a three-letter code such as CNY.")
    tables = tuple(_table(where, key, value, given) for key, value in given.items() if isinstance(value, dict))
    if not tables:
        raise Refused(f"{where} makes no table; add a section such as [shipments] or [invoices].")
    return Mapping(name, tables, given.get("about", ""), given.get("currency", ""), given.get("time_zone", "UTC"))


def _table(where: str, name: str, section: dict[str, Any], top: dict[str, Any]) -> TableMap:
    where = f"{where}, [{name}]"
    columns = {}
    for key, value in section.items():
        if key in SECTION:
            _check(where, key, value, SECTION)
        elif key not in TABLES[name].names:
            known = [*TABLES[name].names, *SECTION]
            raise Refused(f"{where}: {key!r} is no column of {name}{nearest(key, known)}.")
        else:
            columns[key] = _column(f"{where} {key}", value, top)
    for required in TABLES[name].required:
        if required not in columns:
            raise Refused(f"{where} lacks {required}, which {name} cannot do without.")
    one_row_per = section.get("one_row_per", "")
    if one_row_per and one_row_per not in columns:
        raise Refused(f"{where}: one_row_per = {one_row_per!r} must be one of its own columns.")
    return TableMap(name, columns, section.get("file", "*"), one_row_per)


def _column(where: str, value: Any, top: dict[str, Any]) -> ColumnMap:
    settings: dict[str, Any] = {"column": value} if isinstance(value, str) else value
    if not isinstance(settings, dict):
        raise Refused(f'{where} = {value!r} must be a column name or braces such as {{ column = "kg" }}.')
    for key, setting in settings.items():
        _check(where, key, setting, COLUMN)
    if sum(key in settings for key in _ORIGINS) != 1:
        raise Refused(f"{where} must say where it comes from by exactly one of {', '.join(_ORIGINS)}.")
    if settings.get("columns") == []:
        raise Refused(f"{where}: columns = [] names no column; name at least one.")
    # What holds for the whole file holds for the column unless it says otherwise.
    inherited = ("dates", "source_time_zone", "decimal", "thousands", "strip")
    own = "thousands" in settings and "decimal" in settings
    settings = {k: top[k] for k in inherited if k in top} | settings
    if settings.get("thousands") == settings.get("decimal", "."):
        if own:
            raise Refused(f"{where}: {settings['thousands']!r} cannot mark both thousands and decimals.")
        settings["thousands"] = ""  # the column's own decimal mark is the file's mark for thousands
    _check_notation(where, settings)
    return ColumnMap(
        columns=tuple(settings.get("columns", [settings["column"]] if "column" in settings else [])),
        joined_by=settings.get("joined_by", ""),
        constant=settings.get("constant"),
        row_number=settings.get("row_number"),
        factor=float(settings.get("factor", 1.0)),
        values={str(k): str(v).lower() if isinstance(v, bool) else str(v)
                for k, v in settings.get("values", {}).items()},
        dates=tuple(settings.get("dates", ())),
        source_time_zone=settings.get("source_time_zone", ""),
        decimal=settings.get("decimal", "."),
        thousands=settings.get("thousands", ""),
        strip=tuple(settings.get("strip", ())),
    )  # fmt: skip


def _check(where: str, key: str, value: Any, known: MappingType[str, Any]) -> None:
    if key not in known:
        raise Refused(f"{where}: {key!r} is no setting{nearest(key, known)}.")
    is_texts = not isinstance(value, list) or all(isinstance(one, str) for one in value)
    if not isinstance(value, known[key]) or isinstance(value, bool) or not is_texts:
        word = {str: "text in quotes", list: "a list of texts", dict: "a table in braces"}.get(known[key], "a number")
        raise Refused(f"{where}: {key} = {value!r} must be {word}.")


def _check_notation(where: str, settings: dict[str, Any]) -> None:
    """Refuse what the engine would stumble over or take to mean something else."""
    _check_zone(where, settings.get("source_time_zone") or "UTC")
    for form in settings.get("dates", ()):
        if form.lower() != "iso" and not _is_format(form):
            raise Refused(f"{where}: dates has {form!r}; a format reads like '%d.%m.%Y', or is 'iso'.")
    for key in ("decimal", "thousands"):
        mark = settings.get(key, ".")
        if not re.fullmatch(r"[^\w+-]", mark) and (key, mark) != ("thousands", ""):
            raise Refused(f"{where}: {key} = {mark!r} must be one character such as '.' or ','.")
    factor = settings.get("factor", 1.0)
    if not isfinite(factor) or factor == 0:
        raise Refused(f"{where}: factor = {factor} must be a number other than 0.")
    for text, value in settings.get("values", {}).items():
        if isinstance(value, (list, dict)):
            raise Refused(f"{where}: values has {text} = {value!r}; it must be one text or number.")


def _check_zone(where: str, zone: str) -> None:
    if zone not in available_timezones():
        raise Refused(f"{where}: {zone!r} is no time zone{nearest(zone, available_timezones())}.")


@cache
def _is_format(form: str) -> bool:
    """Return whether the engine can read dates by a format."""
    if "%" not in form:
        return False
    with open_duckdb() as engine:
        try:
            engine.execute("SELECT try_strptime('', ?::VARCHAR)", [form])
        except duckdb.Error:
            return False
    return True
