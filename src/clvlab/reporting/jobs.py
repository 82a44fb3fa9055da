"""Reports to be made: which notebook with which values into which folder, and whether what is there is current."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from clvlab.cache import code_key, content_hash, fingerprint
from clvlab.places import find_folder
from clvlab.refusal import Refused
from clvlab.reporting.library import find_notebook, project_root
from clvlab.reporting.parameters import Value, chosen, declared
from clvlab.reporting.pdf import find_chromium

RESULT = "result.json"
MADE = "made.json"
FORMATS = ("html", "pdf")  # the page is always made
# How a notebook asks for what the benchmarks found.
_ASKS_FOR_EVIDENCE = re.compile(r"\bstudy\.validation\b")
_OF_THE_STUDY = ("data", "as_of", "seed", "language", "redact")
# Whose values may name somebody.
_MAY_NAME = ("customer_id", "account_manager", "region")


@dataclass(frozen=True)
class Job:
    """A report to be made: which notebook, with which values, into which folder.

    Attributes
    ----------
    notebook, given, parameters
        The notebook, the values that are not its defaults, and these together with the defaults.
    folder
        Where the report goes.
    here
        The folder from which data are looked for, on whichever machine the report is made.
    formats
        What is made: ``"html"``, and ``"pdf"`` where asked for.
    refused
        Why the report cannot be made; blank when nothing is known against it.
    """

    notebook: Path
    given: Mapping[str, Value]
    parameters: Mapping[str, Value]
    folder: Path
    here: Path
    formats: tuple[str, ...] = ("html",)
    refused: str = ""

    @property
    def name(self) -> str:
        """The folder's name, which is the report's own."""
        return self.folder.name


class Key(NamedTuple):
    """What a report is made from, in short: all of it, and the data alone."""

    everything: str
    data: str


def plan(name: str, given: Mapping[str, str], build: Path | None = None, formats: tuple[str, ...] = ("html",)) -> Job:
    """Return the job for a notebook's name and the values as typed; nothing is started yet.

    Raises
    ------
    Refused
        For an unknown notebook, parameter or format, a value that does not fit, or a PDF without Chromium.
    """
    for unknown in set(formats) - set(FORMATS):
        raise Refused(f"{unknown!r} is no format; there are {', '.join(FORMATS)}.")
    if "pdf" in formats:
        find_chromium()
    root = project_root()
    notebook = find_notebook(name, root)
    parameters = declared(notebook)
    defaults = {parameter.name: parameter.default for parameter in parameters}
    values = _without_names(defaults | chosen(given, parameters, notebook.stem))
    changed = {name: value for name, value in values.items() if value != defaults[name]}
    folder = (build or root / "reports" / "build").absolute() / _folder_name(notebook, changed)
    return Job(notebook, changed, defaults | changed, folder, Path.cwd(), formats)


def _without_names(values: dict[str, Value]) -> dict[str, Value]:
    """Return the values of a redacted report with pseudonyms in place of whoever they name.

    Raises
    ------
    Refused
        For an account manager whom the records do not know, by name or by pseudonym: who is meant cannot be hidden.
    """
    named = {name: str(values[name]) for name in _MAY_NAME if values.get(name)}
    if not values.get("redact") or not named:
        return values
    from clvlab.opening import open_study
    from clvlab.records.redaction import gives_nobody_away

    if named.keys() == {"customer_id"} and gives_nobody_away(named["customer_id"]):
        return values
    pseudonyms = open_study(**opened_with(values)).records.pseudonyms
    assert pseudonyms is not None
    hidden: dict[str, Callable[[str], str]] = {
        "customer_id": pseudonyms.customer_id,
        "account_manager": lambda manager: _pseudonym(manager, pseudonyms.by_kind.get("manager", {})),
        "region": pseudonyms.in_text,
    }
    return values | {name: hidden[name](text) for name, text in named.items()}


def _pseudonym(manager: str, known: Mapping[str, str]) -> str:
    """Return an account manager's pseudonym, by which it may be given too; who stands for nobody stays."""
    from clvlab.features.customer_file.shared import NO_MANAGER

    if manager in ("", NO_MANAGER, *known.values()):
        return manager
    if manager not in known:
        raise Refused(
            "The records know no account manager of the name that was given; give it as it stands in the records, or a"
            f" pseudonym: {', '.join(sorted(known.values())) or 'there are none'}."
        )
    return known[manager]


def _folder_name(notebook: Path, changed: Mapping[str, Value]) -> str:
    """Return a folder name that says which report it is; any text may come in, only plain names come out."""
    base = re.sub(r"^\d\d_", "", notebook.stem)
    if not changed:
        return base
    texts = {name: str(value) for name, value in changed.items()}
    words = [re.sub(r"[^A-Za-z0-9]+", "-", _word(name, text)).strip("-") for name, text in texts.items()]
    mark = sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:10]
    return "-".join([base, *[word[:24] for word in words if word], mark])


def _word(name: str, text: str) -> str:
    """Return what a folder's name says of a value."""
    if name == "redact":
        return "redacted"
    return Path(text).name if name == "data" else text


def opened_with(parameters: Mapping[str, Value]) -> dict[str, Any]:
    """Return those of a notebook's parameters that it opens its study with."""
    return {name: parameters[name] for name in _OF_THE_STUDY if name in parameters}


def keys_of(jobs: Iterable[Job]) -> list[Key]:
    """Return a key of all that each report depends on: notebook, values, data, package, libraries; data are read once.

    A report that asks for the validation depends on the benchmarks' evidence too.

    Raises
    ------
    Refused
        When a data folder is not there or lacks a required table.
    """
    data_key = cache(_data_key)
    return [_key_of(job, data_key(str(job.parameters["data"]))) for job in jobs]


def _key_of(job: Job, data: str) -> Key:
    cells = _code_and_text(job.notebook)
    evidence = _evidence_key() if any(map(_ASKS_FOR_EVIDENCE.search, cells)) else ""
    return Key(fingerprint(cells, dict(job.parameters), data, code_key(), evidence), data)


def _code_and_text(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


def _evidence_key() -> str:
    from clvlab.validation.evidence import evidence_files

    return content_hash(evidence_files())


def _data_key(data: str) -> str:
    folder = find_folder(data)  # refused before anything heavy is imported
    from clvlab.records.fingerprint import data_fingerprint

    return data_fingerprint(folder)


def is_current(job: Job, key: Key) -> bool:
    """Return whether the report is there, whole, and nothing it depends on has changed."""
    if not all((job.folder / f"{job.name}.{ending}").is_file() for ending in ("html", *job.formats)):
        return False
    try:
        return bool(json.loads((job.folder / RESULT).read_text(encoding="utf-8"))["key"] == key.everything)
    except (OSError, ValueError, TypeError, KeyError):  # not there, or damaged by other hands
        return False


def made(folder: Path) -> dict[str, Any]:
    """Return when a report was begun (``started``, UTC) and how long it took (``duration_seconds``); {} if unknown."""
    path = folder / MADE
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
