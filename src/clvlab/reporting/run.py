"""Run one notebook as a report: papermill in a warm kernel, a page, and ``result.json``; whole or absent.

The same report made again is the same to the last byte; when it was made and in how long stands apart, in
``made.json``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clvlab.assumptions import UNSTATED
from clvlab.cache import versions, whole
from clvlab.language.speaking import speaking
from clvlab.refusal import Refused
from clvlab.reporting.jobs import MADE, RESULT, Job, Key, opened_with
from clvlab.reporting.lists import write_lists
from clvlab.reporting.pdf import write_pdf

if TYPE_CHECKING:
    from nbformat import NotebookNode

_WITHHELD = "it failed, and why may hold names; run it without redact to see"
# The kernel opens the study before the notebook does: bad records are refused in one sentence.
_OPENED = "study = __import__('clvlab').open_study(**{arguments!r}); print(study.as_of, study.currency); del study"


def run(job: Job, key: Key) -> dict[str, Any]:
    """Run a job and leave its folder whole: ``NAME.html``, ``NAME.ipynb``, ``result.json``, and what was asked for.

    Returns
    -------
    dict
        What ``result.json`` holds: report, notebook, title, key, parameters, headlines (with units and intervals),
        data fingerprint, as-of date and versions.

    Raises
    ------
    Refused
        When the records cannot be used, or the notebook itself refused them.
    papermill.PapermillExecutionError, nbclient.exceptions.DeadKernelError, nbclient.exceptions.CellTimeoutError
        When a cell failed, or the kernel was killed or hung; the folder is then left as it was.
    """
    import nbformat

    if job.refused:
        raise Refused(job.refused)
    made = _clock()
    notebook, as_of, currency = _executed(job)
    result = {
        "report": job.name,
        "notebook": job.notebook.name,
        "title": _title(notebook),
        "key": key.everything,
        "parameters": dict(job.parameters),
        "headlines": _headlines(notebook),
        "data_fingerprint": key.data,
        "as_of": as_of,
        "versions": versions(),
    }
    with whole(job.folder) as draft:
        draft.mkdir()
        nbformat.write(notebook, draft / f"{job.name}.ipynb")
        with speaking(str(job.parameters["language"])):
            write_lists(notebook, draft)
        _write_page(job, notebook, as_of, currency, draft)
        _write_json(draft / RESULT, result)
        _write_json(draft / MADE, made())
    return result


def record_failure(job: Job, sentence: str, trace: str) -> dict[str, Any]:
    """Leave a folder that says why the report is not there; the next run tries it again.

    What went wrong may quote the records, so a redacted report keeps it to itself.
    """
    from nbconvert.filters import strip_ansi

    if job.parameters.get("redact"):
        sentence, trace = _WITHHELD, ""
    result = {
        "report": job.name, "notebook": job.notebook.name, "title": job.name, "key": "",
        "parameters": dict(job.parameters), "headlines": [], "failed": sentence, "traceback": strip_ansi(trace),
    }  # fmt: skip
    with whole(job.folder) as draft:
        draft.mkdir()
        _write_json(draft / RESULT, result)
    return result


def _executed(job: Job) -> tuple[NotebookNode, str, str]:
    """Return the notebook as it ran in this worker's kernel, the as-of day and the currency."""
    from clvlab.reporting.kernels import warm_kernel

    source = _source(job)
    with _refusals(), warm_kernel() as kernel:
        kernel.start_afresh(job.here)
        as_of, currency = (
            kernel.print_of(_OPENED.format(arguments=opened_with(job.parameters))).strip().split(maxsplit=1)
        )
        return kernel.execute(source, job.given), as_of, currency


def _source(job: Job) -> NotebookNode:
    import nbformat

    from clvlab.reporting.translate_notebook import translated

    return translated(nbformat.read(job.notebook, as_version=4), str(job.parameters["language"]))


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn a refusal that was raised in the kernel into one for the caller."""
    from nbclient.exceptions import CellExecutionError
    from papermill import PapermillExecutionError

    try:
        yield
    except (CellExecutionError, PapermillExecutionError) as error:
        if error.ename == Refused.__name__:
            raise Refused(error.evalue) from error
        raise


def _write_page(job: Job, notebook: NotebookNode, as_of: str, currency: str, folder: Path) -> None:
    from clvlab.language import labels, say
    from clvlab.records.currency import NOT_STATED
    from clvlab.reporting.render import render

    language = str(job.parameters["language"])
    words = labels(language)
    facts = {words["data"]: str(job.parameters["data"]), words["as_of"]: as_of, "clvlab": version("clvlab")}
    if currency == UNSTATED:
        with speaking(language):
            facts[words["money"]] = say(NOT_STATED)
    page = folder / f"{job.name}.html"
    page.write_text(render(notebook, language=language, facts=facts), encoding="utf-8")
    if "pdf" in job.formats:
        write_pdf(page, page.with_suffix(".pdf"))


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _clock() -> Callable[[], dict[str, Any]]:
    """Return a function that says when it was made, and how long ago that is."""
    started, clock = datetime.now(UTC), time.perf_counter()
    return lambda: {
        "started": started.isoformat(timespec="seconds"),
        "duration_seconds": round(time.perf_counter() - clock, 1),
    }


def _title(notebook: NotebookNode) -> str:
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0][2:].strip())
    return ""


def _headlines(notebook: NotebookNode) -> list[dict[str, Any]]:
    from clvlab.results import Headlines

    return [
        dict(headline)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        for headline in output.get("data", {}).get(Headlines.mime, [])
    ]
