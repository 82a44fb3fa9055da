"""A report is made whole or not at all, and says what it was made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import papermill
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.cli import main
from clvlab.refusal import Refused
from clvlab.reporting import jobs as planned
from clvlab.reporting.jobs import Job, Key, is_current, keys_of, plan
from clvlab.reporting.jobs import made as when_made
from clvlab.reporting.run import record_failure, run

HOSTILE = ["../../x", "/etc/passwd", "<script>alert(1)</script>", "a'b\"c", "two\nlines", "客户甲", "..", "-rf *"]


def key_of(job: Job) -> Key:
    return keys_of([job])[0]


@pytest.fixture(scope="module")
def made(project) -> dict:
    """The result of a run with a text that looks like a number, and a page that must escape it."""
    job = plan("tiny", {"label": "007", "seed": "5"})
    return run(job, key_of(job)) | {"job": job}


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# What a run leaves -----------------------------------------------------------------------------------------


def test_a_run_leaves_page_notebook_and_result_and_nothing_else(project, made):
    name = made["report"]
    folder = project / "reports" / "build" / name
    assert sorted(everything_in(folder)) == sorted([f"{name}.html", f"{name}.ipynb", "made.json", "result.json"])
    assert [p.name for p in folder.parent.iterdir()] == [name]
    assert json.loads((folder / "result.json").read_text()) == {k: v for k, v in made.items() if k != "job"}


def test_the_result_holds_the_headline_figures_with_units_and_intervals(made):
    assert made["headlines"] == [
        {"name": "customers", "value": 2, "unit": "customers", "lower": None, "upper": None, "decimals": 0, "note": ""},
        {"name": "share seen", "value": 41.237, "unit": "%", "lower": 30.111, "upper": 55.556, "decimals": 1}
        | {"note": "007"},
    ]


def test_the_result_says_what_it_was_made_from(made):
    assert made["notebook"] == "00_tiny.ipynb"
    assert made["title"] == "How many customers order?"
    assert made["parameters"] == {
        "data": "data/tiny", "as_of": "", "language": "en", "seed": 5, "label": "007", "fail": False,
    }  # fmt: skip
    assert made["as_of"] == "2025-03-01"
    assert re.fullmatch(r"[0-9a-f]{20}", made["data_fingerprint"])
    assert {"clvlab", "duckdb", "pandas", "python"} <= set(made["versions"])
    assert all(re.match(r"\d+\.\d+", text) for text in made["versions"].values())
    when = when_made(made["job"].folder)
    assert 0 < when["duration_seconds"] < 120
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", when["started"])
    json.dumps({k: v for k, v in made.items() if k != "job"}, allow_nan=False)


def test_the_notebook_kept_is_the_executed_one_with_the_values_by_type(made):
    job = made["job"]
    notebook = nbformat.read(job.folder / f"{job.name}.ipynb", as_version=4)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    printed = [o.text for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "stream"]
    assert printed == ["007 str 5\n"]


def test_the_page_shows_the_title_the_figures_and_no_code(made):
    job = made["job"]
    page = BeautifulSoup((job.folder / f"{job.name}.html").read_text(encoding="utf-8"), "html.parser")
    assert page.h1.get_text() == "How many customers order?"
    assert "41.2%" in page.get_text()
    assert "90% interval 30.1 to 55.6" in page.get_text()
    assert page.img["alt"] == "Figure: Orders rose."
    assert "open_study" not in page.get_text()
    assert "2025-03-01" in page.header.get_text()
    assert "No currency is stated" in page.header.get_text(), "the tiny project states none"


def test_the_committed_notebook_is_left_as_it_was(project, made):
    notebook = nbformat.read(project / "notebooks" / "00_tiny.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)


# What is current is not made again ---------------------------------------------------------------------------


def test_what_was_just_made_is_current(made):
    assert is_current(made["job"], key_of(made["job"]))


def test_a_second_call_does_no_work(made, monkeypatch, capsys):
    monkeypatch.setattr(papermill, "execute_notebook", None)
    assert main(["report", "tiny", "-p", "label=007", "-p", "seed=5"]) == 0
    assert "is current; nothing to do." in capsys.readouterr().out


@pytest.mark.parametrize("given", [{"label": "7", "seed": "5"}, {"label": "007"}, {"label": "007", "seed": "6"}])
def test_other_values_are_another_report(made, given):
    other = plan("tiny", given)
    assert other.folder != made["job"].folder
    assert key_of(other) != key_of(made["job"])
    assert not is_current(other, key_of(other))


def test_a_value_that_is_the_default_is_no_other_report(project):
    assert plan("tiny", {"language": "en", "seed": "1"}).folder == plan("tiny", {}).folder


@pytest.fixture
def unchanged(project) -> Iterator[Path]:
    """The project, put back afterwards as it was."""
    kept = everything_in(project)
    yield project
    for name in everything_in(project).keys() - kept.keys():
        (project / name).unlink()
    for name, content in kept.items():
        if (project / name).read_bytes() != content:
            (project / name).write_bytes(content)


def test_changed_data_make_it_old(made, unchanged):
    with (unchanged / "data/tiny/invoices.csv").open("a") as file:
        file.write("4,b,2025-03-02,5\n")
    assert not is_current(made["job"], key_of(made["job"]))


def test_a_changed_notebook_makes_it_old_but_not_its_saved_outputs(made, unchanged):
    path = unchanged / "notebooks" / "00_tiny.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].execution_count = 7
    nbformat.write(notebook, path)
    assert is_current(made["job"], key_of(made["job"]))
    notebook.cells[-1].source += " Today."
    nbformat.write(notebook, path)
    assert not is_current(made["job"], key_of(made["job"]))


def test_a_changed_package_or_library_makes_it_old(made, monkeypatch):
    monkeypatch.setattr(planned, "code_key", lambda: "other")
    assert not is_current(made["job"], key_of(made["job"]))


def test_new_evidence_makes_only_those_old_that_ask_for_the_validation(made, unchanged):
    source = unchanged / "notebooks" / "00_tiny.ipynb"
    notebook = nbformat.read(source, as_version=4)
    notebook.cells[-2].source = "study.validation.verdicts"
    nbformat.write(notebook, unchanged / "notebooks" / "01_validating.ipynb")
    validating, evidence = plan("validating", {}), unchanged / "reports" / "evidence"
    before = keys_of([made["job"], validating])
    evidence.mkdir(parents=True)
    (evidence / "clv_recovery.md").write_text("| model | held |")
    after = keys_of([made["job"], validating])
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]


def test_assumptions_beside_the_data_make_it_old_and_how_they_are_written_does_not(made, unchanged):
    assumptions = unchanged / "data/tiny/clvlab.toml"
    assumptions.write_text("annual_discount_rate = 0.2\n")
    assert not is_current(made["job"], key_of(made["job"]))
    first = key_of(made["job"])
    assumptions.write_text("# agreed in March\nannual_discount_rate  = 0.20\n")
    assert key_of(made["job"]) == first
    assumptions.write_text("# all as usual\n")
    assert is_current(made["job"], key_of(made["job"]))


def test_a_report_whose_page_was_deleted_is_not_current(made, unchanged):
    page = made["job"].folder / f"{made['job'].name}.html"
    content = page.read_bytes()
    page.unlink()
    try:
        assert not is_current(made["job"], key_of(made["job"]))
    finally:
        page.write_bytes(content)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}"])
def test_a_report_whose_result_was_damaged_is_not_current(made, unchanged, damage):
    (made["job"].folder / "result.json").write_text(damage)
    assert not is_current(made["job"], key_of(made["job"]))


# What goes wrong leaves nothing half done --------------------------------------------------------------------


@pytest.fixture
def trouble(project) -> Iterator[Path]:
    yield project / "trouble"
    (project / "trouble").unlink(missing_ok=True)


def test_a_cell_that_fails_leaves_the_old_report_whole(made, trouble):
    before = everything_in(made["job"].folder.parent)
    trouble.write_text("break")
    with pytest.raises(papermill.PapermillExecutionError, match="at row 7"):
        run(made["job"], Key("another", "key"))
    assert everything_in(made["job"].folder.parent) == before


def test_a_refusal_in_the_notebook_is_one_for_the_caller_and_leaves_no_folder(made, trouble, capsys):
    trouble.write_text("refuse")
    assert main(["report", "tiny", "-p", "label=new"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "clvlab: invoices.csv has no column <amount>; name it in the mapping.\n"
    assert [p.name for p in made["job"].folder.parent.iterdir() if p.is_dir()] == [made["report"]]


def test_why_a_redacted_report_failed_is_not_told_since_it_may_quote_names(made, tmp_path):
    job = made["job"]
    redacted = replace(job, parameters={**job.parameters, "redact": True}, folder=tmp_path / "failed")
    found = record_failure(redacted, "customers.csv, row 3: 'Acme Corp' is no date.", "... Acme Corp ...")
    assert "run it without redact" in found["failed"]
    assert b"Acme" not in (tmp_path / "failed" / "result.json").read_bytes()


def test_records_that_cannot_be_used_are_refused_before_a_kernel_starts(project, monkeypatch, unchanged):
    monkeypatch.setattr(papermill, "execute_notebook", None)
    job = plan("tiny", {"as_of": "1999-01-01"})
    with pytest.raises(Refused, match="give a later day"):
        run(job, key_of(job))
    (project / "data/tiny/customers.csv").write_text("who\n007\n")
    job = plan("tiny", {"label": "x"})
    with pytest.raises(Refused, match="lacks the column customer_id"):
        run(job, key_of(job))
    assert not job.folder.exists()


# Names of folders --------------------------------------------------------------------------------------------


def assert_plain(folder: Path, build: Path) -> None:
    assert folder.parent == build
    assert re.fullmatch(r"tiny(-[A-Za-z0-9-]+)?", folder.name), folder.name
    assert len(folder.name) < 200


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["label", "data"])
def test_a_hostile_value_gives_a_plain_folder_inside_the_build(project, name, text):
    assert_plain(plan("tiny", {name: text}).folder, project / "reports" / "build")


@given(label=st.text(max_size=40), data=st.text(max_size=40))
@settings(max_examples=30, deadline=None)
def test_any_value_gives_a_plain_folder_inside_the_build(project, label, data):
    assert_plain(plan("tiny", {"label": label, "data": data}).folder, project / "reports" / "build")


@given(st.lists(st.text(max_size=5), min_size=2, max_size=2, unique=True))
@settings(max_examples=30, deadline=None)
def test_two_values_never_share_a_folder(project, labels):
    one, other = (plan("tiny", {"label": label}).folder for label in labels)
    assert one != other


def test_a_folder_says_which_report_it_is(project):
    folder = plan("tiny", {"data": "data/raw/trips", "label": "Müller & Söhne"}).folder.name
    assert re.fullmatch(r"tiny-trips-M-ller-S-hne-[0-9a-f]{10}", folder)
    assert plan("tiny", {}).folder.name == "tiny"


def test_a_build_folder_may_be_given(project, tmp_path):
    assert plan("tiny", {}, tmp_path / "out").folder == tmp_path / "out" / "tiny"


def test_a_data_folder_that_is_not_there_is_refused(project):
    with pytest.raises(Refused, match="nowhere is no folder here"):
        key_of(plan("tiny", {"data": "nowhere"}))


def test_reports_are_built_in_the_project_from_wherever_they_are_asked_for(project, monkeypatch):
    monkeypatch.chdir(project / "notebooks")
    job = plan("tiny", {})
    assert job.folder == project / "reports" / "build" / "tiny"
    assert key_of(job)
