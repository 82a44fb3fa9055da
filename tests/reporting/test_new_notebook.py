"""``clvlab new NAME``: a notebook that keeps the project's rules and runs as a report as it is."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

import test_notebooks as rules
from clvlab.cli import main
from clvlab.refusal import Refused
from clvlab.reporting.new_notebook import FIRST_NUMBER, LAST_NUMBER, LONGEST_NAME, new_notebook
from clvlab.reporting.parameters import declared

RULES = [
    rule
    for name, rule in vars(rules).items()
    if name.startswith("test_") and "path" in inspect.signature(rule).parameters
]


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with the package's own notebooks' numbers."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "03_churn.ipynb").write_text("{}")
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory, small_market) -> Path:
    """The folder of the report that a new notebook made as it was."""
    project = tmp_path_factory.mktemp("project")
    (project / "pyproject.toml").touch()
    (project / "notebooks").mkdir()
    (project / "data").mkdir()
    (project / "data" / "demo").symlink_to(small_market)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        assert main(["new", "late_payers"]) == 0
        assert main(["report", "late_payers"]) == 0
    return project / "reports" / "build" / "late_payers"


def test_it_runs_as_a_report_at_once(made):
    page = (made / "late_payers.html").read_text(encoding="utf-8")
    assert "<h1>Late payers: what do the records say?</h1>" in page
    assert "Counted in two ways, with the same outcome" in page
    assert page.count("<figure") == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_the_rules_of_every_notebook(made, rule):
    path = made / "late_payers.ipynb"
    if "what" in inspect.signature(rule).parameters:
        for what in rules.UNSTABLE:
            rule(path, what)
    else:
        rule(path)


def test_the_rules_are_there():
    assert len(RULES) >= 12


def test_it_declares_what_every_notebook_declares_and_one_of_its_own(project):
    parameters = declared(new_notebook("late_payers", project))
    assert [p.name for p in parameters] == ["data", "as_of", "language", "seed", "redact", "most"]


def test_it_gets_the_first_free_number_from_twelve_on(project):
    assert new_notebook("first", project).name == "12_first.ipynb"
    (project / "notebooks" / "14_third.ipynb").write_text("{}")
    assert new_notebook("second", project).name == "13_second.ipynb"
    assert new_notebook("fourth", project).name == "15_fourth.ipynb"


def test_the_same_name_gives_the_same_file(project):
    path = new_notebook("late_payers", project)
    before = path.read_bytes()
    path.unlink()
    assert new_notebook("late_payers", project).read_bytes() == before
    ids = [cell["id"] for cell in json.loads(before)["cells"]]
    assert len(set(ids)) == len(ids)


def test_it_says_where_it_is_and_how_to_go_on(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    assert main(["new", "late_payers"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Wrote notebooks/12_late_payers.ipynb. ")
    assert "`clvlab report late_payers`" in said


@pytest.mark.parametrize(
    "name", ["", "Late", "late payers", "late-payers", "12_late", "../late", "late.ipynb", "客户", "_late", "late\n",
             "x" * (LONGEST_NAME + 1)],
)  # fmt: skip
def test_what_is_no_name_is_refused(project, name):
    with pytest.raises(Refused, match=r"is no name for a notebook; give small letters, .* such as late_payers\."):
        new_notebook(name, project)
    assert len(list(project.rglob("*.ipynb"))) == 1


def test_a_name_that_is_taken_is_refused_and_its_notebook_left_as_it_is(project):
    with pytest.raises(Refused, match=r"03_churn\.ipynb is there already; choose another name than 'churn'\."):
        new_notebook("churn", project)
    assert (project / "notebooks" / "03_churn.ipynb").read_text() == "{}"


def test_no_number_left_is_refused(project):
    for number in range(FIRST_NUMBER, LAST_NUMBER + 1):
        (project / "notebooks" / f"{number}_n{number}.ipynb").write_text("{}")
    with pytest.raises(Refused, match="has no free number up to 99"):
        new_notebook("late_payers", project)


def test_a_refusal_is_one_sentence_and_2(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    assert main(["new", "churn"]) == 2
    assert re.fullmatch(r"clvlab: [^\n]+\n", capsys.readouterr().err)
