"""The rows of the index: what each report's ``result.json`` says, its languages together."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from clvlab.reporting.jobs import RESULT
from clvlab.reporting.lists import LISTS, list_title
from clvlab.reporting.snapshots import as_headline

if TYPE_CHECKING:
    from clvlab.results import Headline

CURRENT, OTHER_RECORDS, FAILED, DAMAGED = "current", "other_records", "failed", "damaged"
# Of a report that the last batch did not ask for.
APART = "apart"
# They stand in the line below the question, or in its links.
_SHOWN_APART = ("data", "as_of", "language")


class Subject(NamedTuple):
    """What a report is about: which records, as known on which day, and whether names are pseudonyms."""

    data: str
    as_of: str
    redact: bool


@dataclass(frozen=True)
class Report:
    """One folder of the build: a report in one language.

    Attributes
    ----------
    folder
        Where it lies.
    notebook, title, parameters, headlines
        From its ``result.json``; blank when that cannot be read.
    as_of, records
        The last day known, and the key of the records; blank for a failed one.
    status
        ``"current"``, ``"failed"`` or ``"damaged"``.
    failed, traceback
        Why it is not there.
    """

    folder: Path
    notebook: str = ""
    title: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    headlines: tuple[Headline, ...] = ()
    as_of: str = ""
    records: str = ""
    status: str = CURRENT
    failed: str = ""
    traceback: str = ""

    @property
    def name(self) -> str:
        """The folder's name, which is the report's own."""
        return self.folder.name

    @property
    def asks(self) -> str:
        """The notebook's name without its number."""
        return re.sub(r"^\d\d_|\.ipynb$", "", self.notebook)

    @property
    def language(self) -> str:
        """Of the report."""
        return str(self.parameters.get("language", "en"))

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(str(self.parameters.get("data", "")), self.as_of, bool(self.parameters.get("redact", False)))

    def file(self, ending: str) -> str:
        """Return the path of a file of the report, from the build folder; blank when it is not there."""
        path = self.folder / f"{self.name}{ending}"
        return f"{self.name}/{path.name}" if path.is_file() else ""

    def lists(self) -> list[Files]:
        """Return the lists beside it."""
        return list(files_of(self.folder / LISTS, f"{self.name}/{LISTS}").values())


class Files(NamedTuple):
    """A list as files: its name, and each file's format and path."""

    name: str
    formats: tuple[tuple[str, str], ...]


def files_of(folder: Path, prefix: str) -> dict[str, Files]:
    """Return the lists in a folder by the stem of their files, called as in the language of display.

    Paths begin with ``prefix``.
    """
    formats = ((".csv", "CSV"), (".xlsx", "Excel"))
    return {
        stem: Files(
            list_title(stem),
            tuple((shown, f"{prefix}/{stem}{end}") for end, shown in formats if (folder / f"{stem}{end}").is_file()),
        )
        for stem in sorted({path.stem for path in folder.glob("*.csv")})
    }


def read_reports(build: Path) -> list[Report]:
    """Return every report in the build folder, in the notebooks' order; a damaged one says so."""
    found = [_read(path) for path in build.glob(f"[!.]*/{RESULT}")]
    return sorted(found, key=lambda report: (report.status == DAMAGED, report.notebook, report.name))


def _read(path: Path) -> Report:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        failed = told.get("failed", "")
        if not failed:
            date.fromisoformat(told["as_of"])
        return Report(
            path.parent, told["notebook"], told["title"], dict(told["parameters"]),
            tuple(as_headline(headline) for headline in told["headlines"]),
            told.get("as_of", ""), told.get("data_fingerprint", ""),
            FAILED if failed else CURRENT, failed, told.get("traceback", ""),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Report(path.parent, title=path.parent.name, status=DAMAGED)


def subjects(reports: Sequence[Report]) -> list[Subject]:
    """Return what the reports that were made are about, that of most reports first."""
    counts = Counter(report.subject for report in reports if report.status == CURRENT)
    return sorted(counts, key=lambda subject: (counts[subject], subject), reverse=True)


@dataclass(frozen=True)
class Entry:
    """A report in all its languages, the index's own first.

    Attributes
    ----------
    reports
        One a language.
    about
        What tells it from other reports of the same notebook: name of a parameter to its value.
    """

    reports: tuple[Report, ...]
    about: dict[str, str]

    @property
    def first(self) -> Report:
        """The one shown: the first that was made, in the index's language where it can be."""
        return next((report for report in self.reports if report.status == CURRENT), self.reports[0])

    def status(self, records: str) -> str:
        """Return the status of the whole: the worst of its languages; ``records`` is the key of today's records."""
        found = {report.status for report in self.reports}
        worst = next((status for status in (DAMAGED, FAILED) if status in found), CURRENT)
        old = records and any(report.records not in ("", records) for report in self.reports)
        return OTHER_RECORDS if worst == CURRENT and old else worst


def entries(reports: Sequence[Report], language: str, among: Sequence[Report]) -> list[Entry]:
    """Return the reports as rows of the index: the same report in several languages is one row.

    Parameters
    ----------
    reports
        Of the rows.
    language
        Of the index.
    among
        All reports, from which each row is to be told.
    """
    together: dict[tuple[str, ...], list[Report]] = {}
    for report in reports:
        own = json.dumps({k: v for k, v in report.parameters.items() if k != "language"}, sort_keys=True)
        key = (report.notebook, own) if report.notebook else (report.name,)
        together.setdefault(key, []).append(report)
    return [
        Entry(tuple(sorted(group, key=lambda report: (report.language != language, report.language))),
              _telling(group[0], among))
        for group in together.values()
    ]  # fmt: skip


def _telling(report: Report, others: Sequence[Report]) -> dict[str, str]:
    """Return the parameters by which a report differs from others of the same notebook."""
    same = [other.parameters for other in others if other.notebook == report.notebook]
    return {
        name: str(value)
        for name, value in report.parameters.items()
        if name not in _SHOWN_APART and value != "" and any(other.get(name) != value for other in same)
    }
