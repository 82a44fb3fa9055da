"""The index: one page with how things stand, what changed since last month, and every report with its status."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clvlab.cache import whole
from clvlab.language.speaking import speaking
from clvlab.refusal import Refused
from clvlab.reporting.asked import read_asked
from clvlab.reporting.changes import compared
from clvlab.reporting.entries import Report, Subject, entries, read_reports, subjects
from clvlab.reporting.index_page import Build, index_page
from clvlab.reporting.lists import LISTS, write_list
from clvlab.reporting.snapshots import FAILURE, NOW, place_of, read

if TYPE_CHECKING:
    import pandas as pd

INDEX = "index.html"


def write_index(build: Path, language: str = "en") -> Path:
    """Write ``index.html`` to the build folder from what lies there, and return its path.

    Parameters
    ----------
    build
        The folder of all reports, with the snapshots that a batch left in it.
    language
        Of the page, ``"en"`` or ``"zh"``.

    Notes
    -----
    The page depends on nothing but these files: the same reports give the same page. A ``result.json`` that cannot be
    read has a row that says so. Reports that the last batch did not ask for stand apart, below the others. What the
    page shows in part lies whole in ``lists/``, as CSV and Excel.
    """
    found = _found(build, language)
    with speaking(language):
        _write_lists(found)
        page = index_page(found, language)
    with whole(build / INDEX) as draft:
        draft.write_text(page, encoding="utf-8")
    return build / INDEX


def _found(folder: Path, language: str) -> Build:
    every, asked = read_reports(folder), read_asked(folder)
    reports = [report for report in every if asked is None or report.name in asked]
    apart = [report for report in every if asked is not None and report.name not in asked]
    about, place = _subject(folder, reports)
    now, since, trouble = None, None, ("", "")
    if place is not None:
        try:
            if (place / FAILURE).is_file():
                failure = json.loads((place / FAILURE).read_text(encoding="utf-8"))
                trouble = failure["failed"], failure["traceback"]
            else:
                now, since = read(place / NOW), compared(place)
        except Refused as refusal:
            trouble = str(refusal), ""
    rows, others = (entries(some, language, every) for some in (reports, apart))
    return Build(folder, reports, rows, others, about, now, since, trouble)


def _subject(folder: Path, reports: list[Report]) -> tuple[Subject | None, Path | None]:
    """Return what the page is about, of what most reports are about the first with a snapshot, and where that lies."""
    found = subjects(reports)
    for subject in found:
        place = place_of(folder, subject.data, date.fromisoformat(subject.as_of), subject.redact)
        if place.is_dir():
            return subject, place
    return next(iter(found), None), None


def _write_lists(found: Build) -> None:
    """Leave the lists of the page as files, in place of earlier ones."""
    from clvlab.results import Table

    tables = [Table(_headlines(found), list_name="headlines")]
    if found.compared:
        changes = found.compared.changes
        tables.append(Table(changes.moves(), list_name="tier_moves"))
        tables.append(Table(changes.new_on_list(), list_name="new_on_watch_list"))
    with whole(found.folder / LISTS) as draft:
        for table in tables:
            listed: Any = table._repr_mimebundle_()[table.list_mime]
            write_list(**listed, folder=draft)


def _headlines(found: Build) -> pd.DataFrame:
    """Return one row per report and figure."""
    import pandas as pd

    rows = [
        {"report": report.name, "question": report.title, "data": report.subject.data, "as_of": report.as_of,
         "status": report.status, **asdict(headline)}
        for report in found.reports
        for headline in report.headlines
    ]  # fmt: skip
    columns = ["report", "question", "data", "as_of", "status", "name", "value", "unit", "lower", "upper", "note"]
    return pd.DataFrame(rows, columns=columns).rename(columns={"name": "figure"})
