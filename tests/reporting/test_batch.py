"""A batch makes what is not current; one that fails is kept with its reason, and the others are done."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from clvlab.cli import main
from clvlab.reporting import batch as batches
from clvlab.reporting.batch_file import read_batch
from clvlab.reporting.writing import written_alone, written_together

MIXED = """
[[report]]
notebook = "tiny"

[[report]]
notebook = "tiny"
[report.parameters]
label = "<script>alert(2)</script>"
fail = true

[[report]]
notebook = "00_tiny"
[report.parameters]
as_of = 1999-01-01
"""


def written(project: Path, text: str, encoding: str = "utf-8") -> Path:
    path = project / "batch.toml"
    path.write_text(text, encoding=encoding)
    return path


@pytest.fixture(scope="module")
def outcome(project) -> dict:
    """What a batch leaves in which one of three reports is sound."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["batch", str(written(project, MIXED)), "--jobs", "2"])
    build = project / "reports" / "build"
    results = [json.loads(path.read_text()) for path in sorted(build.glob("*/result.json"))]
    index = BeautifulSoup((build / "index.html").read_text(encoding="utf-8"), "html.parser")
    said = {"code": code, "out": out.getvalue(), "err": err.getvalue()}
    return said | {"build": build, "results": results, "index": index}


def by_label(outcome: dict) -> dict[str, dict]:
    return {result["parameters"]["label"] + result["parameters"]["as_of"]: result for result in outcome["results"]}


def test_one_failure_among_several_is_exit_code_1_said_on_the_error_stream(outcome):
    assert outcome["code"] == 1
    assert "3 reports, 1 made now, 2 failed." in outcome["out"]
    failures = [line for line in outcome["err"].splitlines() if line.startswith("failed: ")]
    assert len(failures) == 2
    assert any("ValueError: <script>alert(1)</script> at row 7" in line for line in failures)
    assert any("lies before the first shipment or invoice" in line for line in failures)


def test_the_others_are_done_whole(outcome):
    sound = by_label(outcome)[""]
    assert "failed" not in sound
    assert sound["headlines"][0]["value"] == 2
    files = sorted(path.name for path in (outcome["build"] / "tiny").iterdir())
    assert files == ["made.json", "result.json", "tiny.html", "tiny.ipynb"]


def test_a_failure_keeps_its_sentence_and_its_traceback(outcome):
    failed = by_label(outcome)["<script>alert(2)</script>"]
    assert failed["failed"] == "ValueError: <script>alert(1)</script> at row 7"
    assert "PapermillExecutionError" in failed["traceback"]
    assert "\x1b" not in failed["traceback"]
    assert failed["key"] == ""
    assert [path.name for path in (outcome["build"] / failed["report"]).iterdir()] == ["result.json"]


def test_a_refusal_is_kept_as_its_sentence(outcome):
    refused = by_label(outcome)["1999-01-01"]
    assert refused["failed"].startswith("as_of = 1999-01-01 lies before")


def test_the_index_shows_every_report_and_a_failure_s_traceback_as_text(outcome):
    index = outcome["index"]
    assert {"tiny/tiny.html"} <= {link["href"] for link in index("a", href=True)}
    assert "41.2%" in index.get_text()
    assert "<script>alert(1)</script> at row 7" in index.get_text()
    assert not [script for script in index("script") if "alert" in script.get_text()]


def test_no_folder_has_a_name_that_came_from_outside(outcome):
    ours = r"(tiny[A-Za-z0-9-]*|snapshots|lists|index\.html|batch\.json|\.lock)"
    assert all(re.fullmatch(ours, path.name) for path in outcome["build"].iterdir())


def test_a_second_run_makes_only_what_failed(outcome, project, monkeypatch):
    tried = []

    def finished(todo, *_):
        tried.extend(job.name for job, _ in todo)
        return iter(())

    monkeypatch.setattr(batches, "_finished", finished)
    batches.run_batch(read_batch(project / "batch.toml"), workers=2)
    assert sorted(tried) == sorted(result["report"] for result in outcome["results"] if "failed" in result)
    assert len(tried) == 2


def test_a_batch_that_is_current_does_no_work(outcome, project, monkeypatch, capsys):
    monkeypatch.setattr(batches, "_attempt", None)
    only = project / "sound.toml"
    only.write_text('[[report]]\nnotebook = "tiny"\n')
    assert main(["batch", str(only)]) == 0
    assert "1 report, 0 made now, 0 failed." in capsys.readouterr().out


@pytest.mark.parametrize("jobs", ["0", "-1"])
def test_less_than_one_process_is_refused(project, jobs, capsys):
    written(project, '[[report]]\nnotebook = "tiny"\n')
    assert main(["batch", "batch.toml", "--jobs", jobs]) == 2
    assert "must be 1 or more" in capsys.readouterr().err


# Who may write -----------------------------------------------------------------------------------------------


def test_a_second_batch_into_the_same_folder_is_refused(outcome, project, capsys):
    for held in (written_alone, written_together):
        with held(outcome["build"]):
            assert main(["batch", str(project / "batch.toml")]) == 2
        assert "another run is writing to" in capsys.readouterr().err


def test_reports_may_be_made_side_by_side_but_not_beside_a_batch(outcome, project, capsys):
    with written_together(outcome["build"]), written_together(outcome["build"]):
        pass
    with written_alone(outcome["build"]):
        assert main(["report", "tiny", "-p", "label=late"]) == 2
    assert "wait until it is done" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"), [(errno.ENOSPC, "No space left on device"), (errno.EROFS, "Read-only file system")]
)
def test_a_folder_that_cannot_be_written_is_refused_in_one_sentence(project, monkeypatch, capsys, error, said):
    def full(*_):
        raise OSError(error, os.strerror(error), "reports/build/batch.json")

    monkeypatch.setattr(batches, "write_asked", full)
    assert main(["batch", str(written(project, MIXED))]) == 2
    assert capsys.readouterr().err == (
        f"clvlab: reports/build/batch.json cannot be written ({said}); mend that and run again.\n"
    )


def test_what_a_killed_run_left_half_done_is_taken_away(tmp_path):
    (tmp_path / ".tiny.draft.ab12" / "tiny").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    with written_alone(tmp_path):
        assert sorted(p.name for p in tmp_path.iterdir()) == [".hidden", ".lock"]
