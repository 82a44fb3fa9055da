"""A batch makes what is not current; one that fails is kept with its reason, and the others are done."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from clvlab.cli import main
from clvlab.refusal import Refused
from clvlab.reporting import batch as batches
from clvlab.reporting.batch import read_batch

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


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        read_batch(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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
    assert sorted(p.name for p in (outcome["build"] / "tiny").iterdir()) == ["result.json", "tiny.html", "tiny.ipynb"]


def test_a_failure_keeps_its_sentence_and_its_traceback(outcome):
    failed = by_label(outcome)["<script>alert(2)</script>"]
    assert failed["failed"] == "ValueError: <script>alert(1)</script> at row 7"
    assert "PapermillExecutionError" in failed["traceback"]
    assert failed["key"] == ""
    assert [path.name for path in (outcome["build"] / failed["report"]).iterdir()] == ["result.json"]


def test_a_refusal_is_kept_as_its_sentence(outcome):
    refused = by_label(outcome)["1999-01-01"]
    assert refused["failed"].startswith("as_of = 1999-01-01 lies before")


def test_the_index_lists_all_with_status_figures_and_traceback_escaped(outcome):
    index = outcome["index"]
    assert len(index.select("section.report")) == 3
    assert len(index.select("div.failed")) == 2
    assert index.find("script") is None
    assert [link["href"] for link in index.select("h2 a")] == ["tiny/tiny.html"]
    assert (outcome["build"] / "tiny" / "tiny.html").is_file()
    assert "41.2%" in index.get_text()
    [traceback] = [pre.get_text() for pre in index("pre") if "at row 7" in pre.get_text()]
    assert "<script>alert(1)</script> at row 7" in traceback


def test_no_folder_has_a_name_that_came_from_outside(outcome):
    assert all(p.name == "index.html" or p.name.startswith("tiny") for p in outcome["build"].iterdir())


def test_a_second_run_makes_only_what_failed(outcome, project, monkeypatch):
    tried = []

    def finished(todo, workers, bar):
        tried.extend(job.name for job, _ in todo)
        return iter(())

    monkeypatch.setattr(batches, "_finished", finished)
    batches.run_batch(read_batch(project / "batch.toml"), workers=2)
    assert sorted(tried) == sorted(result["report"] for result in outcome["results"] if "failed" in result)
    assert len(tried) == 2


def test_a_batch_that_is_current_does_no_work(outcome, project, monkeypatch, capsys):
    monkeypatch.setattr(batches, "ProcessPoolExecutor", None)
    only = project / "sound.toml"
    only.write_text('[[report]]\nnotebook = "tiny"\n')
    assert main(["batch", str(only)]) == 0
    assert "1 reports, 0 made now, 0 failed." in capsys.readouterr().out


# The file --------------------------------------------------------------------------------------------------


def test_values_keep_their_meaning(project):
    text = """
[[report]]
notebook = "tiny"
[report.parameters]
as_of = 2025-02-12
seed = 7
fail = false
label = "007"
"""
    [job] = read_batch(written(project, text))
    assert job.given == {"as_of": "2025-02-12", "seed": 7, "fail": False, "label": "007"}


def test_a_build_folder_may_be_given(project, tmp_path):
    [job] = read_batch(written(project, '[[report]]\nnotebook = "tiny"\n'), tmp_path)
    assert job.folder == tmp_path / "tiny"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no report"),
        ("[[report]\n", "is not valid TOML"),
        ('[[reports]]\nnotebook = "tiny"', "'reports' is no key; did you mean 'report'?"),
        ('[[report]]\nnotbook = "tiny"', "'notbook' is no key; did you mean 'notebook'?"),
        ("[[report]]\n[report.parameters]\nseed = 1", "lacks its notebook"),
        ('[[report]]\nnotebook = "tyni"', "no notebook is called 'tyni'; did you mean 'tiny'?"),
        ('[[report]]\nnotebook = "tiny"\n[report.parameters]\nsed = 1', "did you mean 'seed'?"),
        ('[[report]]\nnotebook = "tiny"\n[report.parameters]\nseed = "x"', "must be a whole number"),
        ('[[report]]\nnotebook = "tiny"\n[report.parameters]\nseed = 1.5', "must be a whole number"),
        ('[[report]]\nnotebook = "tiny"\n[report.parameters]\nlanguage = "fr"', "is not one of en, zh"),
        ('[report]\nnotebook = "tiny"', "[[report]]"),
        ('report = "tiny"', "[[report]]"),
        ("[[report]]\nnotebook = 5", "notebook"),
        ('[[report]]\nnotebook = "tiny"\nparameters = ["seed"]', "parameters"),
        ('[[report]]\nnotebook = "tiny"\nparameters = "seed"', "parameters"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_before_anything_starts(project, text, says):
    sentence = refusal(written(project, text))
    assert says in sentence
    assert "'n' is no key" not in sentence
    assert "'t' is no key" not in sentence


def test_a_file_in_another_encoding_is_refused(project):
    assert "batch.toml" in refusal(written(project, '# 月报\n[[report]]\nnotebook = "tiny"\n', encoding="gb18030"))


def test_the_same_report_twice_is_made_once(project):
    jobs = read_batch(written(project, '[[report]]\nnotebook = "tiny"\n[[report]]\nnotebook = "00_tiny"\n'))
    assert len({job.folder for job in jobs}) == len(jobs)


def test_a_file_that_is_not_there_is_refused(project):
    assert refusal(project / "none.toml").endswith("is not there; give a batch file such as reports/monthly.toml.")


@pytest.mark.parametrize("jobs", ["0", "-1"])
def test_less_than_one_process_is_refused(project, jobs, capsys):
    written(project, '[[report]]\nnotebook = "tiny"\n')
    assert main(["batch", "batch.toml", "--jobs", jobs]) == 2
    assert "must be 1 or more" in capsys.readouterr().err


def test_the_batch_of_the_project_can_be_read(monkeypatch):
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    assert {job.notebook.stem for job in read_batch(root / "reports" / "monthly.toml")} == {
        path.stem for path in (root / "notebooks").glob("*.ipynb")
    }
