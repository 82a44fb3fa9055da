"""``open_study``: from a folder of files, or an Ibis connection, to a study."""

from __future__ import annotations

import gc
import shutil
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import ibis

from clvlab.assumptions import Assumptions, read_assumptions
from clvlab.cache import CACHE_VARIABLE, cache_folder, cached_folder, code_key, fingerprint
from clvlab.language import use
from clvlab.meanwhile import begin, check
from clvlab.periods import parse_date
from clvlab.places import find_folder
from clvlab.records.fingerprint import data_fingerprint
from clvlab.records.records import Records
from clvlab.records.sources import find_files
from clvlab.records.taking_in import from_connection, load, take_in_folder
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from clvlab.study import Study

# The studies used last, each with what it has computed; records in memory, so not many.
_MOST_OPEN = 4
_OPEN: OrderedDict[str, Study] = OrderedDict()


def open_study(
    data: str | Path | ibis.BaseBackend,
    as_of: str | date | None = None,
    assumptions: Assumptions | None = None,
    seed: int = 1,
    language: str = "en",
    redact: bool = False,
    meanwhile: Sequence[str] = (),
) -> Study:
    """Open a provider's records for analysis.

    Opened again in the same session with nothing changed, it is the same study, with all that it has computed.

    Parameters
    ----------
    data
        A folder of CSV, Parquet or Excel files named as our tables, or an Ibis connection that holds them. A
        relative folder is looked for from the working directory upwards, to the project's root.
    as_of
        The last day known, ``"YYYY-MM-DD"``; the records' robust last date when None or blank.
    assumptions
        Those of ``clvlab.toml`` in the folder, else the defaults, when None.
    seed
        Of every random draw.
    language
        In which results are displayed from now on: ``"en"`` or ``"zh"``.
    redact
        Whether names of customers, managers and contacts are replaced by pseudonyms, the same for the same data.
    meanwhile
        Results that will be asked for later and that another process makes meanwhile, on two cores or more: names of
        :data:`clvlab.meanwhile.RESULTS`. Only for a folder opened without ``assumptions``; else nothing begins.

    Raises
    ------
    Refused
        When the folder, a required table or column is missing, a file cannot be read, nothing happened up to
        ``as_of``, or ``meanwhile`` names no such result.

    Examples
    --------
    >>> study = open_study("data/demo", as_of="2025-12-31")        # doctest: +SKIP
    >>> study.summary.head()                                       # doctest: +SKIP
    """
    use(language)
    check(meanwhile)
    day = parse_date(as_of) if as_of else None
    folder = key = None
    if isinstance(data, (str, Path)):
        folder = find_folder(data)
        assumed = assumptions or read_assumptions(folder)
        key = fingerprint("records", data_fingerprint(folder), asdict(assumed), code_key())
        if meanwhile and assumptions is None:
            size = sum(path.stat().st_size for paths in find_files(folder).values() for path in paths)
            then = day.isoformat() if day else ""
            begin(meanwhile, key, size, data=str(folder), as_of=then, seed=int(seed), redact=bool(redact))
    elif isinstance(data, ibis.BaseBackend):
        assumed = assumptions or Assumptions()
    else:
        raise Refused(f"data is a {type(data).__name__}; give a folder of files or an Ibis connection.")
    _load_models()
    records = _loaded(folder, f"records-{key}", assumed).keyed(key) if folder else from_connection(data, assumed)
    if redact:
        records = records.redacted()
    return _opened(records, assumed, day, seed, folder)


def _load_models() -> None:
    """Import the study with all its models once: a second, in which a helper has begun.

    Python's collector would go through all that came with them again and again, and once more when the process ends: a
    tenth of the time of a report. It is told that what is there by now stays, which is true of modules. What a session
    made before its first study is freed as usual when nothing refers to it, but no more when it refers to itself.
    """
    if "clvlab.study" not in sys.modules:
        import clvlab.study  # noqa: F401

        gc.freeze()


def _opened(everything: Records, assumptions: Assumptions, as_of: date | None, seed: int, folder: Path | None) -> Study:
    """Return the study, the one that is open already where nothing has changed since."""
    from clvlab.study import Study

    if everything.key is None:
        return Study(everything, assumptions, as_of, seed, folder)
    key = fingerprint(everything.key, as_of or everything.last_date, seed, folder)
    if key not in _OPEN:
        _OPEN[key] = Study(everything, assumptions, as_of, seed, folder)
        while len(_OPEN) > _MOST_OPEN:
            _OPEN.popitem(last=False)
    _OPEN.move_to_end(key)
    return _OPEN[key]


def _loaded(folder: Path, name: str, assumptions: Assumptions) -> Records:
    """Return the checked records from the cache, made anew when the cache's copy is damaged."""

    def made() -> Path:
        return cached_folder(name, lambda draft: take_in_folder(folder, draft, assumptions))

    try:
        stored = made()
    except PermissionError as error:
        raise Refused(
            f"the cache folder {cache_folder()} cannot be written; set {CACHE_VARIABLE} to one that can."
        ) from error
    try:
        return load(stored, assumptions)
    except (OSError, ValueError, KeyError, duckdb.Error):
        shutil.rmtree(stored)
        return load(made(), assumptions)
