"""The batch file: which notebooks with which parameters, for which items, in which languages and formats."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from clvlab.refusal import Refused, nearest
from clvlab.reporting.jobs import Job, opened_with, plan
from clvlab.reporting.selections import reader

_FILE_KEYS = ("languages", "formats", "report")
_BRACKETS = "write [[report]], in double brackets, above each report."
_KEYS = ("notebook", "parameters", "each", "languages", "formats")


def read_batch(path: Path, build: Path | None = None) -> list[Job]:
    """Return the jobs of a batch file, all checked before any of them starts.

    Parameters
    ----------
    path
        A TOML file with one ``[[report]]`` per report: ``notebook = "portfolio"`` and, where wanted, a table
        ``parameters``; ``each = {customer_id = "the 20 largest"}`` for one report per item (a list of values, or a
        selection, see :mod:`clvlab.reporting.selections`); ``languages`` and ``formats``, which may also stand at the
        top for all reports.
    build
        Folder of the reports; ``reports/build`` of the project when None.

    Returns
    -------
    list of Job
        A report that is named twice is made once. A selection that the records do not answer is a job that fails.

    Raises
    ------
    Refused
        When the file is missing, no TOML, or names an unknown key, notebook, parameter, value, selection, language or
        format.
    """
    if not path.is_file():
        raise Refused(f"{path} is not there; give a batch file such as reports/monthly.toml.")
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not valid TOML in UTF-8: {error}.") from error
    with _said_of(str(path)):
        _refuse_unknown(given, _FILE_KEYS)
        entries = given.pop("report", [])
        if not isinstance(entries, list):
            raise Refused(_BRACKETS)
        if not entries:
            raise Refused("it names no report; add a [[report]] with its notebook.")
    reports: list[_Report] = []
    for number, entry in enumerate(entries, start=1):
        with _said_of(f"{path}, [[report]] {number}"):
            reports += _reports(given, entry, build)
    jobs = [job for report in reports for job in report.jobs(build)]
    return list({job.folder: job for job in jobs}.values())


@contextmanager
def _said_of(where: str) -> Iterator[None]:
    """Let a refusal begin with where in the file it arose."""
    try:
        yield
    except Refused as refusal:
        raise Refused(f"{where}: {refusal}") from None


class _Report(NamedTuple):
    """A report as the file names it, in one language; with a selection, one for each of its items."""

    job: Job
    parameter: str
    selection: str

    def jobs(self, build: Path | None) -> list[Job]:
        """Return the jobs; where the records do not answer a selection, one that says why there are none."""
        if not self.selection:
            return [self.job]
        from clvlab.opening import open_study

        try:
            values = reader(self.selection)(open_study(**opened_with(self.job.parameters)))
        except Refused as refusal:
            return [replace(self.job, refused=f"{self.selection}: {refusal}")]
        if not values:
            return [replace(self.job, refused=f"{self.selection}: there are none in {self.job.parameters['data']}.")]
        given = {name: str(value) for name, value in self.job.given.items()}
        name = self.job.notebook.stem
        return [plan(name, given | {self.parameter: value}, build, self.job.formats) for value in values]


def _reports(for_all: dict[str, Any], entry: object, build: Path | None) -> Iterator[_Report]:
    """Yield the reports of an entry, one per language and listed item; ``for_all`` stands at the top of the file."""
    if not isinstance(entry, dict):
        raise Refused(_BRACKETS)
    _refuse_unknown(entry, _KEYS)
    entry = for_all | entry
    notebook, given, each = entry.get("notebook"), _table(entry, "parameters"), _table(entry, "each")
    if not isinstance(notebook, str):
        raise Refused('it lacks its notebook, e.g. notebook = "portfolio".')
    if len(each) > 1 or each.keys() & given.keys():
        raise Refused("each must name one parameter, which does not stand under parameters too.")
    parameter, wanted = next(iter(each.items()), ("", [""]))
    selection = "" if isinstance(wanted, list) else str(wanted)
    if not isinstance(wanted, list):
        reader(selection)  # refused here, before any records are read
    if not wanted:
        raise Refused(f"each names no {parameter}; give values in brackets, or leave each out.")
    languages = _texts(entry, "languages", "en") if "language" not in given else [given["language"]]
    for language, item in product(languages, [selection] if selection else wanted):
        values = given | {"language": language} | ({parameter: item} if parameter else {})
        texts = {name: _text(name, value) for name, value in values.items()}
        yield _Report(plan(notebook, texts, build, tuple(_texts(entry, "formats", "html"))), parameter, selection)


def _table(entry: dict[str, Any], name: str) -> dict[str, Any]:
    table = entry.get(name, {})
    if not isinstance(table, dict):
        raise Refused(f"{name} must be a table, e.g. [report.{name}] with a line for each.")
    return table


def _texts(entry: dict[str, Any], name: str, usual: str) -> list[str]:
    texts = entry.get(name, [usual])
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Refused(f'{name} must be a list of texts, e.g. {name} = ["{usual}"].')
    return texts


def _refuse_unknown(given: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise Refused(f"{key!r} is no key{nearest(key, known)}; there are {', '.join(known)}.")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str | int | float | date):
        raise Refused(f"{name} must be one text, number, true, false or day, not {value}.")
    return str(value).lower() if isinstance(value, bool) else str(value)
