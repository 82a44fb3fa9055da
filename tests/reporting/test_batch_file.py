"""A batch file says what is to be made; what it cannot mean is refused before anything starts."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from clvlab.refusal import Refused
from clvlab.reporting.batch_file import read_batch


def written(project: Path, text: str, encoding: str = "utf-8") -> Path:
    path = project / "batch.toml"
    path.write_text(text, encoding=encoding)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        read_batch(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_values_keep_their_meaning(project):
    text = """
[[report]]
notebook = "tiny"
[report.parameters]
as_of = 2025-02-12
seed = 7
fail = true
label = "007"
"""
    [job] = read_batch(written(project, text))
    assert job.given == {"as_of": "2025-02-12", "seed": 7, "fail": True, "label": "007"}


def labels(project: Path, text: str) -> list[str]:
    return [job.parameters["label"] for job in read_batch(written(project, text))]


def test_one_report_for_each_item_of_a_list_whatever_it_holds(project):
    text = '[[report]]\nnotebook = "tiny"\neach = {label = ["a", "../x", "c\\nd", "\\"", "a"]}\n'
    jobs = read_batch(written(project, text))
    assert [job.parameters["label"] for job in jobs] == ["a", "../x", "c\nd", '"']
    assert all(job.folder.parent == project / "reports" / "build" for job in jobs)


def test_one_report_for_each_item_of_a_selection_from_the_records(project):
    each = '[[report]]\nnotebook = "tiny"\neach = {{label = "{}"}}\n'
    assert labels(project, each.format("every customer_id")) == ["007", "b"]
    assert labels(project, each.format("the 1 largest")) == ["b"]
    assert labels(project, each.format("the 20 largest")) == ["b", "007"]


def test_a_selection_the_records_cannot_answer_is_a_report_that_fails_and_stops_no_other(project):
    text = '[[report]]\nnotebook = "tiny"\n[[report]]\nnotebook = "tiny"\neach = {label = "every region"}\n'
    sound, failing = read_batch(written(project, text))
    assert sound.refused == ""
    assert failing.refused.startswith("every region: customers have no column 'region' to make one report for each of")
    assert re.fullmatch(r"tiny-every-region-[0-9a-f]{10}", failing.name)


def test_languages_and_formats_stand_at_the_top_or_with_a_report(project, monkeypatch):
    monkeypatch.setenv("CLVLAB_CHROMIUM", sys.executable)  # nothing is printed here
    text = """
languages = ["en", "zh"]
formats = ["html", "pdf"]
[[report]]
notebook = "tiny"
[[report]]
notebook = "tiny"
parameters = {label = "x"}
languages = ["zh"]
formats = ["html"]
[[report]]
notebook = "tiny"
parameters = {label = "y", language = "en"}
"""
    found = [(j.parameters["label"], j.parameters["language"], j.formats) for j in read_batch(written(project, text))]
    both = ("html", "pdf")
    assert found == [("", "en", both), ("", "zh", both), ("x", "zh", ("html",)), ("y", "en", both)]


def test_english_is_no_other_report_than_the_one_made_without_saying_so(project):
    [job] = read_batch(written(project, '[[report]]\nnotebook = "tiny"\n'))
    assert (job.name, job.given) == ("tiny", {})


def test_a_build_folder_may_be_given(project, tmp_path):
    [job] = read_batch(written(project, '[[report]]\nnotebook = "tiny"\n'), tmp_path)
    assert job.folder == tmp_path / "tiny"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no report"),
        ("[[report]\n", "is not valid TOML"),
        (
            '[[reports]]\nnotebook = "tiny"',
            "'reports' is no key (did you mean 'report'?); there are languages, formats, report.",
        ),
        ('[[report]]\nnotbook = "tiny"', "'notbook' is no key (did you mean 'notebook'?)"),
        ("[[report]]\n[report.parameters]\nseed = 1", "lacks its notebook"),
        ('[[report]]\nnotebook = "tinny"', "no notebook is called 'tinny' (did you mean 'tiny'?)"),
        ('[[report]]\nnotebook = "tiny"\n[report.parameters]\nsed = 1', "did you mean 'seed'?"),
        ('[[report]]\nnotebook = "tiny"\n[report.parameters]\nseed = "x"', "must be a whole number"),
        ('[[report]]\nnotebook = "tiny"\n[report.parameters]\nseed = 1.5', "must be a whole number"),
        ('[[report]]\nnotebook = "tiny"\n[report.parameters]\nlanguage = "fr"', "is not one of en, zh"),
        ('[report]\nnotebook = "tiny"', "[[report]]"),
        ('report = "tiny"', "[[report]]"),
        ('report = ["tiny"]', "write [[report]], in double brackets"),
        ("[[report]]\nnotebook = 5", "notebook"),
        ('[[report]]\nnotebook = "tiny"\nparameters = ["seed"]', "parameters"),
        ('[[report]]\nnotebook = "tiny"\nparameters = "seed"', "parameters"),
        ('[[report]]\nnotebook = "tiny"\neach = {label = "20 biggest"}', "'20 biggest' is no selection; write"),
        ('[[report]]\nnotebook = "tiny"\neach = {label = "the 0 largest"}', "is no selection"),
        ('[[report]]\nnotebook = "tiny"\neach = {label = ""}', "is no selection"),
        ('[[report]]\nnotebook = "tiny"\neach = {label = 7}', "is no selection"),
        ('[[report]]\nnotebook = "tiny"\neach = {lable = "the 2 largest"}', "did you mean 'label'?"),
        ('[[report]]\nnotebook = "tiny"\neach = {seed = "the 2 largest"}', "must be a whole number"),
        ('[[report]]\nnotebook = "tiny"\neach = {label = ["a"], seed = [1]}', "each must name one parameter"),
        ('[[report]]\nnotebook = "tiny"\nparameters = {label = "a"}\neach = {label = ["b"]}', "must name one"),
        ('[[report]]\nnotebook = "tiny"\neach = "the 2 largest"', "each must be a table"),
        ('[[report]]\nnotebook = "tiny"\neach = {label = []}', "each names no label; give values in brackets"),
        (
            '[[report]]\nnotebook = "tiny"\neach = {label = [["a"]]}',
            "label must be one text, number, true, false or day",
        ),
        ('[[report]]\nnotebook = "tiny"\nparameters = {label = {a = 1}}', "label must be one text"),
        ('[[report]]\nnotebook = "tiny"\nlanguages = "en"', 'a list of texts, e.g. languages = ["en"]'),
        ('languages = ["fr"]\n[[report]]\nnotebook = "tiny"', "is not one of en, zh"),
        ('formats = ["docx"]\n[[report]]\nnotebook = "tiny"', "'docx' is no format; there are html, pdf."),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_before_anything_starts(project, text, says):
    sentence = refusal(written(project, text))
    assert says in sentence
    assert "batch.toml: " in sentence or "batch.toml, [[report]] 1: " in sentence or "is not valid TOML" in sentence
    assert "'n' is no key" not in sentence
    assert "'t' is no key" not in sentence


def test_a_file_in_another_encoding_is_refused(project):
    assert "batch.toml" in refusal(written(project, '# 月报\n[[report]]\nnotebook = "tiny"\n', encoding="gb18030"))


def test_the_same_report_twice_is_made_once(project):
    jobs = read_batch(written(project, '[[report]]\nnotebook = "tiny"\n[[report]]\nnotebook = "00_tiny"\n'))
    assert len({job.folder for job in jobs}) == len(jobs)


def test_a_file_that_is_not_there_is_refused(project):
    assert refusal(project / "none.toml").endswith("is not there; give a batch file such as reports/monthly.toml.")


def test_the_batch_of_the_project_can_be_read(monkeypatch):
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    assert {job.notebook.stem for job in read_batch(root / "reports" / "monthly.toml")} == {
        path.stem for path in (root / "notebooks").glob("*.ipynb")
    }
