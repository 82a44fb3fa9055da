"""What stands on the index, from top to bottom, as its template takes it."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from clvlab.assumptions import UNSTATED
from clvlab.language import say, say_day
from clvlab.language.index_labels import index_labels
from clvlab.reporting.changes import ON_THE_LIST, Changes, Compared
from clvlab.reporting.entries import APART, CURRENT, DAMAGED, FAILED, Entry, Report, Subject, files_of
from clvlab.reporting.index_words import Labels, changed_figures, figure_of, moves_in_words, new_names_in_words, since
from clvlab.reporting.lists import LISTS
from clvlab.reporting.snapshots import Snapshot

if TYPE_CHECKING:
    from clvlab.results import Headline

# What a managing director asks first: a notebook and how its headline begins; the next one where that is not told.
LEADING = (
    (("clv", "customer equity, next"),),
    (("churn", "leave within a year"),),
    (("tiers", "customers who lose us money"), ("service_level", "best on time delivery")),
)
# How headlines about past forecasts and what came begin, in whichever report.
FORECAST = "past forecast"


@dataclass(frozen=True)
class Build:
    """What lies in a build folder.

    Attributes
    ----------
    folder
        The folder.
    reports, entries
        Every report that the last batch asked for, all where none was run; and these with their languages together.
    others
        Those it did not ask for: of an earlier day, or made singly.
    subject
        What most reports are about; None when none was made.
    now, compared
        The batch's snapshot of that subject, and what changed since the one before; None where there is none.
    trouble
        Why there is none, with the traceback; blank where nothing went wrong.
    """

    folder: Path
    reports: Sequence[Report]
    entries: Sequence[Entry]
    others: Sequence[Entry]
    subject: Subject | None
    now: Snapshot | None = None
    compared: Compared | None = None
    trouble: tuple[str, str] = ("", "")


def index_page(found: Build, language: str) -> str:
    """Return the index as HTML; texts are in the language of display, which is ``language``."""
    from jinja2 import Environment, PackageLoader

    labels = index_labels(language)
    loader = PackageLoader("clvlab.reporting", "template")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    style = "\n".join(loader.get_source(environment, name)[0] for name in ("style.css", "index.css"))
    script = loader.get_source(environment, "index.js")[0]
    return environment.get_template("index.html.j2").render(
        language=language, labels=labels, facts=_facts(found, labels),
        style=Markup(style), style_hash=_hash(style), script=Markup(script), script_hash=_hash(script),
        leading=_leading(found, labels), came_true=_forecasts(found, labels),
        changes=_changes(found, labels), not_compared=_not_compared(found, labels),
        entries=[_entry(entry, found, labels) for entry in found.entries], sortable=_sortable(found),
        others=[_other(entry, found, labels) for entry in found.others],
        files=files_of(found.folder / LISTS, LISTS),
    )  # fmt: skip


def _hash(text: str) -> str:
    """Return how a content security policy names the one style, or script, that a browser may take."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _facts(found: Build, labels: Labels) -> list[tuple[str, str]]:
    from clvlab.records.currency import NOT_STATED

    failed = sum(report.status in (FAILED, DAMAGED) for report in found.reports)
    about = [(labels["data"], found.subject.data), (labels["as_of"], found.subject.as_of)] if found.subject else []
    if found.now and found.now.currency == UNSTATED:
        about.append((labels["money"], say(NOT_STATED)))
    return [*about, (labels["reports"], f"{len(found.reports):,}"), (labels["failed"], f"{failed:,}")]


def _told(found: Build, notebook: str, start: str) -> Iterator[tuple[Report, Headline]]:
    """Give the headlines of reports about the subject; any notebook when ``notebook`` is blank."""
    for entry in found.entries:
        report = entry.first
        if report.subject == found.subject and notebook in ("", report.asks):
            yield from ((report, headline) for headline in report.headlines if headline.name.startswith(start))


def _known(found: Build, notebook: str, start: str) -> Iterator[tuple[Report | None, Headline]]:
    """Give the headlines of the batch's snapshot, which "what changed" shows too, then of reports."""
    told = list(_told(found, notebook, start))
    if found.now:
        report = told[0][0] if told else None
        yield from ((report, headline) for headline in found.now.headlines if headline.name.startswith(start))
    yield from told


def _leading(found: Build, labels: Labels) -> list[dict[str, Any]]:
    """Return the figures on top of the page; where nothing tells one, its name and that."""
    tiles = []
    for choices in LEADING:
        told = [one for notebook, start in choices for one in _known(found, notebook, start)]
        known = [one for one in told if one[1].value is not None]
        if told:
            tiles.append(_tile(*(known or told)[0], found, labels))
        else:
            start = choices[0][1]
            tiles.append({"name": say(start), "figure": "–", "lines": [labels["not_told"]]})
    return tiles


def _forecasts(found: Build, labels: Labels) -> list[dict[str, Any]]:
    tiles = {headline.name: _tile(report, headline, found, labels) for report, headline in _told(found, "", FORECAST)}
    return list(tiles.values())


def _tile(report: Report | None, headline: Headline, found: Build, labels: Labels) -> dict[str, Any]:
    """Return a figure with what it changed by and the way to its report, where there is one."""
    lines = []
    if found.compared:
        changes = found.compared.changes
        earlier = [c for c in changes.figures if (c.now.name, c.now.unit) == (headline.name, headline.unit)]
        lines = [line for c in earlier for line in since(c, say_day(changes.before.as_of), labels)]
    shown = figure_of(headline, lines)
    return shown | {"page": report.file(".html"), "title": report.title} if report else shown


def _changes(found: Build, labels: Labels) -> dict[str, Any] | None:
    """Return what stands under "what changed"."""
    if not found.compared:
        return None
    changes, restated = found.compared
    day, unit = say_day(changes.before.as_of), say(changes.after.currency)
    heading = labels["changed"].format(day=day)
    remarks = [labels["first_month"].format(day=day)] if restated is None else []
    remarks += [labels["other_method"]] if changes.other_method else []
    remarks += [labels["new_customers"].format(count=f"{changes.new_customers:,}", day=day)]
    parts = [moves_in_words(changes, labels, unit)] if changes.had_tiers else []
    parts += [new_names_in_words(changes, labels, unit)] if changes.had_list else []
    return {
        "heading": heading, "remarks": remarks, "parts": parts, "restated": restated and _restated(restated, labels),
        "figures": changed_figures(changes, labels, (day, say_day(changes.after.as_of)), heading),
    }  # fmt: skip


def _restated(restated: Changes, labels: Labels) -> dict[str, Any]:
    """Return last month's figures on today's records beside those that were reported."""
    heading = labels["restated"].format(day=say_day(restated.before.as_of))
    if not restated.other_records and not restated.other_method:
        return {"heading": heading, "remarks": [labels["restated_same"]]}
    names = labels["restated_names"].format(
        moved=restated.retold, listed=len(restated.new_on_list()), first=ON_THE_LIST
    )
    remarks = [labels["restated_told"], *([labels["other_method"]] if restated.other_method else []), names]
    figures = changed_figures(restated, labels, (labels["reported"], labels["today"]), heading)
    return {"heading": heading, "remarks": remarks, "figures": figures}


def _not_compared(found: Build, labels: Labels) -> dict[str, str]:
    """Return why nothing stands under "what changed"."""
    sentence, trace = found.trouble
    if sentence:
        return {"told": f"{labels['not_compared']} {sentence}", "traceback": trace}
    return {"told": labels["no_month_before"] if found.now else labels["only_batch"], "traceback": ""}


def _entry(entry: Entry, found: Build, labels: Labels) -> dict[str, Any]:
    """Return a row of the list of reports."""
    report = entry.first
    of_the_batch = found.now is not None and found.subject is not None and report.subject.data == found.subject.data
    status = entry.status(found.now.records if found.now and of_the_batch else "")
    several = len(entry.reports) > 1
    return {
        "title": report.title or report.name, "page": report.file(".html"), "about": _about(entry, found),
        "status": status, "status_told": labels[f"status_{status}"],
        "trouble": 0 if status in (FAILED, DAMAGED) else 1,
        "facts": [fact for fact in (report.subject.data, report.as_of) if fact],
        "versions": [_version(one, several, labels) for one in entry.reports if one.status == CURRENT],
        "troubles": [_trouble(one, several, labels) for one in entry.reports if one.status != CURRENT],
        "figures": [figure_of(headline) for headline in report.headlines],
    }  # fmt: skip


def _other(entry: Entry, found: Build, labels: Labels) -> dict[str, Any]:
    """Return a row of the reports that the last batch did not ask for: nothing in it passes for today's."""
    row = _entry(entry, found, labels) | {"figures": []}
    return row if row["status"] in (FAILED, DAMAGED) else row | {"status": APART, "status_told": labels["status_apart"]}


def _about(entry: Entry, found: Build) -> str:
    """Return what tells the report from others of its notebook: a customer by name where it is known."""
    names = {}
    if found.now is not None and entry.first.subject == found.subject:
        customers = found.now.customers.dropna(subset=["name"])
        names = dict(zip(customers["customer_id"], customers["name"], strict=True))
    told = []
    for name, value in entry.about.items():
        known = name == "customer_id" and value in names
        told.append(f"{names[value]} ({value})" if known else say(f"{name.replace('_', ' ')}: {value}"))
    return ", ".join(told)


def _version(report: Report, several: bool, labels: Labels) -> dict[str, Any]:
    named = [(labels["page"], report.file(".html")), ("PDF", report.file(".pdf"))]
    named.append((labels["notebook"], report.file(".ipynb")))
    return {
        "code": report.language, "language": labels.get(f"language_{report.language}", "") if several else "",
        "links": [link for link in named if link[1]], "lists": report.lists(),
    }  # fmt: skip


def _trouble(report: Report, several: bool, labels: Labels) -> dict[str, str]:
    told = report.failed or labels["damaged_told"]
    where = f"{labels.get(f'language_{report.language}', '')}: " if several else ""
    return {"label": f"{labels[f'status_{report.status}']}:", "told": f"{where}{told}", "traceback": report.traceback}


def _sortable(found: Build) -> list[tuple[str, str]]:
    """Return the figures that several reports tell, by which these can be put in order."""
    names = Counter(
        name
        for entry in found.entries
        for name in {one.name for one in entry.first.headlines if isinstance(one.value, int | float)}
    )
    return sorted((name, say(name)) for name, count in names.items() if count > 1)
