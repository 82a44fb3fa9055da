"""A batch of reports from one TOML file: in processes, with progress, and without redoing what is done."""

from __future__ import annotations

import difflib
import multiprocessing
import tomllib
import traceback
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from clvlab.refusal import Refused
from clvlab.reporting.run import Job, is_current, key_of, plan, record_failure, run

_KEYS = ("notebook", "parameters")


def read_batch(path: Path, build: Path | None = None) -> list[Job]:
    """Return the jobs of a batch file, all checked before any of them starts.

    The file has one ``[[report]]`` per report, with ``notebook = "portfolio"`` and, where wanted, a table
    ``parameters``.

    Raises
    ------
    Refused
        When the file is missing, no TOML, or names an unknown key, notebook, parameter or value.
    """
    if not path.is_file():
        raise Refused(f"{path} is not there; give a batch file such as reports/monthly.toml.")
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not valid TOML in UTF-8: {error}.") from error
    _refuse_unknown(given, ("report",), str(path))
    entries = given.get("report", [])
    if not isinstance(entries, list):
        raise Refused(f"{path}: write [[report]], in double brackets, above each report.")
    jobs = [_job(entry, f"{path}, [[report]] {number}", build) for number, entry in enumerate(entries, start=1)]
    if not jobs:
        raise Refused(f"{path} names no report; add a [[report]] with its notebook.")
    return list({job.folder: job for job in jobs}.values())  # a report that is named twice is made once


def _job(entry: dict[str, Any], where: str, build: Path | None) -> Job:
    _refuse_unknown(entry, _KEYS, where)
    notebook, given = entry.get("notebook"), entry.get("parameters", {})
    if not isinstance(notebook, str):
        raise Refused(f'{where} lacks its notebook, e.g. notebook = "portfolio".')
    if not isinstance(given, dict):
        raise Refused(f"{where}: parameters must be a table, e.g. [report.parameters] with a line for each.")
    return plan(notebook, {name: _text(value) for name, value in given.items()}, build)


def _refuse_unknown(given: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise Refused(f"{where}: {key!r} is no key; did you mean {close[0]!r}?")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def run_batch(jobs: list[Job], workers: int) -> list[dict[str, Any]]:
    """Run the jobs that are not current, each in a process of its own, and return the results in order.

    A report that fails is recorded with its traceback; the others go on.
    """
    from tqdm import tqdm

    keys = [key_of(job) for job in jobs]
    todo = [(job, key) for job, key in zip(jobs, keys, strict=True) if not is_current(job, key)]
    results = {}
    with tqdm(total=len(jobs), unit="report", desc="reports") as bar:
        bar.update(len(jobs) - len(todo))
        for job, result in _finished(todo, workers, bar):
            results[job.name] = result
            bar.update()
    return [results[job.name] for job in jobs if job.name in results]


def _finished(todo: list[tuple[Job, str]], workers: int, bar: Any) -> Iterator[tuple[Job, dict[str, Any]]]:
    if not todo:
        return
    # Spawned, not forked: the engine's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(todo)), mp_context=context) as pool:
        waiting = {pool.submit(_attempt, job, key): job for job, key in todo}
        bar.set_postfix_str(", ".join(job.name for job in waiting.values()))
        for future in as_completed(list(waiting)):
            job = waiting.pop(future)
            bar.set_postfix_str(", ".join(other.name for other in waiting.values()))
            yield job, _outcome(future, job)


def _outcome(future: Future[dict[str, Any]], job: Job) -> dict[str, Any]:
    try:
        return future.result()
    except BrokenExecutor as error:  # the process was killed, for want of memory perhaps
        return record_failure(job, "its process was killed before it was done", repr(error))


def _attempt(job: Job, key: str) -> dict[str, Any]:
    try:
        return run(job, key)
    except Exception as error:  # a failed report must not take the batch with it
        return record_failure(job, _sentence(error), traceback.format_exc())


def _sentence(error: Exception) -> str:
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    return value if isinstance(error, Refused) else f"{name}: {value}"
