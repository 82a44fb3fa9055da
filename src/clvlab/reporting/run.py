"""Run one notebook as a report: checked parameters, papermill, a page, and ``result.json``; whole or absent."""

from __future__ import annotations

import json
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clvlab.cache import fingerprint, package_source, whole
from clvlab.places import find_folder
from clvlab.refusal import Refused
from clvlab.reporting.library import find_notebook, project_root
from clvlab.reporting.parameters import Parameter, Value, chosen, declared

RESULT = "result.json"
VERSIONS_OF = ("clvlab", "ibis-framework", "duckdb", "numpy", "pandas", "scipy", "matplotlib", "papermill")


@dataclass(frozen=True)
class Job:
    """A report to be made: which notebook, with which values, into which folder."""

    notebook: Path
    given: Mapping[str, Value]
    parameters: Mapping[str, Value]
    folder: Path

    @property
    def name(self) -> str:
        """The folder's name, which is the report's own."""
        return self.folder.name


def plan(name: str, given: Mapping[str, str], build: Path | None = None) -> Job:
    """Return the job for a notebook's name and the values as typed; nothing is started yet.

    Raises
    ------
    Refused
        For an unknown notebook, an unknown parameter or a value that does not fit.
    """
    root = project_root()
    notebook = find_notebook(name, root)
    parameters = declared(notebook)
    values = chosen(given, parameters, notebook.stem)
    every = {parameter.name: parameter.default for parameter in parameters} | values
    folder = (build or root / "reports" / "build") / _folder_name(notebook, values, parameters)
    return Job(notebook, values, every, folder)


def _folder_name(notebook: Path, values: Mapping[str, Value], parameters: list[Parameter]) -> str:
    """Return a folder name that says which report it is; any text may come in, only plain names come out."""
    defaults = {parameter.name: parameter.default for parameter in parameters}
    changed = {name: str(value) for name, value in values.items() if value != defaults[name]}
    base = re.sub(r"^\d\d_", "", notebook.stem)
    if not changed:
        return base
    words = [re.sub(r"[^A-Za-z0-9]+", "-", Path(text).name if name == "data" else text).strip("-")
             for name, text in changed.items()]  # fmt: skip
    mark = sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:6]
    return "-".join([base, *[word[:24] for word in words if word], mark])


def key_of(job: Job) -> str:
    """Return a key of all that the report depends on: notebook, values, data, package.

    Raises
    ------
    Refused
        When the data folder is not there or lacks a required table.
    """
    return fingerprint(_code_and_text(job.notebook), dict(job.parameters), _data_key(job.parameters), package_source())


def _code_and_text(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


def _data_key(parameters: Mapping[str, Value]) -> str:
    folder = find_folder(str(parameters["data"]))  # refused before anything heavy is imported
    from clvlab.study import data_fingerprint

    return data_fingerprint(folder)


def is_current(job: Job, key: str) -> bool:
    """Return whether the report is there and nothing it depends on has changed."""
    path = job.folder / RESULT
    page = job.folder / f"{job.name}.html"
    return path.is_file() and page.is_file() and json.loads(path.read_text(encoding="utf-8"))["key"] == key


def run(job: Job, key: str) -> dict[str, Any]:
    """Run a job and leave its folder whole: ``NAME.html``, ``NAME.ipynb`` and ``result.json``.

    Returns
    -------
    dict
        What ``result.json`` holds: report, title, key, parameters, headlines (with units and intervals), data
        fingerprint, as-of date, versions, started and duration.

    Raises
    ------
    Refused
        When the notebook itself refused its input.
    papermill.PapermillExecutionError
        When a cell failed; the folder is then left as it was.
    """
    import nbformat
    import papermill

    from clvlab.reporting.render import render
    from clvlab.study import open_study

    # Opened here first: bad records are refused in one sentence, and the kernel finds them checked.
    study = open_study(str(job.parameters["data"]), as_of=str(job.parameters["as_of"]))
    started, clock = datetime.now(UTC), time.perf_counter()
    with whole(job.folder) as draft:
        draft.mkdir()
        executed = draft / f"{job.name}.ipynb"
        try:
            papermill.execute_notebook(
                str(job.notebook), str(executed), parameters=dict(job.given), kernel_name="python3",
                progress_bar=False, log_output=False, cwd=str(Path.cwd()),
                extra_arguments=["--log-level=ERROR"],  # else each kernel warns of its local connection
            )  # fmt: skip
        except papermill.PapermillExecutionError as error:
            if error.ename == "Refused":
                raise Refused(error.evalue) from error
            raise
        notebook = nbformat.read(executed, as_version=4)
        result = {
            "report": job.name,
            "notebook": job.notebook.name,
            "title": _title(notebook),
            "key": key,
            "parameters": dict(job.parameters),
            "headlines": _headlines(notebook),
            "data_fingerprint": _data_key(job.parameters),
            "as_of": study.as_of.isoformat(),
            "versions": {name: version(name) for name in VERSIONS_OF} | {"python": platform.python_version()},
            "started": started.isoformat(timespec="seconds"),
            "duration_seconds": round(time.perf_counter() - clock, 1),
        }
        page = render(notebook, language=str(job.parameters["language"]), facts=_facts(job, study.as_of, started))
        (draft / f"{job.name}.html").write_text(page, encoding="utf-8")
        (draft / RESULT).write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    return result


def record_failure(job: Job, sentence: str, trace: str) -> dict[str, Any]:
    """Leave a folder that says why the report is not there; the next run tries it again."""
    result = {
        "report": job.name, "notebook": job.notebook.name, "title": job.name, "key": "",
        "parameters": dict(job.parameters), "headlines": [], "failed": sentence, "traceback": trace,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    with whole(job.folder) as draft:
        draft.mkdir()
        (draft / RESULT).write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    return result


def _title(notebook: Any) -> str:
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0][2:].strip())
    return ""


def _headlines(notebook: Any) -> list[dict[str, Any]]:
    from clvlab.results import Headlines

    return [
        dict(headline)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        for headline in output.get("data", {}).get(Headlines.mime, [])
    ]


def _facts(job: Job, as_of: date, started: datetime) -> dict[str, str]:
    return {
        "Data": str(job.parameters["data"]),
        "As of": as_of.isoformat(),
        "Made": started.strftime("%Y-%m-%d %H:%M UTC"),
        "clvlab": version("clvlab"),
    }
