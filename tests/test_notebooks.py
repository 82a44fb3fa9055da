"""Committed notebooks carry their outputs, tell a story, and read what they declare."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

from clvlab.reporting.library import notebooks as known
from clvlab.reporting.parameters import chosen, declared

ROOT = Path(__file__).parents[1]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALWAYS = ["data", "as_of", "language", "seed"]
# The page is written in this language by the runner; the cells need not read it.
# Every notebook takes the same four; one that draws nothing at random has no use for the seed.
READ_BY_THE_RUNNER = {"language", "seed"}
MOST_LINES = 15
UNCHECKED = re.compile(
    r"^\s*#\s*(NBVAL_IGNORE_OUTPUT|NBVAL_SKIP|NBVAL_RAISES_EXCEPTION|PYTEST_VALIDATE_IGNORE_OUTPUT)", re.M | re.I
)
UNCHECKED_TAGS = {"nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "skip-execution", "raises-exception"}

of_every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def markdown(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


def outputs(path: Path) -> list[tuple[int, nbformat.NotebookNode]]:
    return [(n, output) for n, cell in enumerate(code_cells(path), start=1) for output in cell.outputs]


def texts(output: nbformat.NotebookNode) -> list[str]:
    """Return all that an output says, pictures left out."""
    if output.output_type == "stream":
        return [output.text]
    if output.output_type == "error":
        return [output.evalue, *output.traceback]
    return [str(value) for kind, value in output.data.items() if not kind.startswith("image/")]


def is_unchecked(cell: nbformat.NotebookNode) -> bool:
    return bool(UNCHECKED.search(cell.source) or UNCHECKED_TAGS & set(cell.metadata.get("tags", [])))


def test_there_are_notebooks_and_each_can_be_called_by_name():
    assert sorted(known(ROOT).values()) == PATHS != []
    assert {"portfolio", "records", "customer_base"} <= set(known(ROOT))


# Outputs ---------------------------------------------------------------------------------------------------


@of_every_notebook
def test_every_code_cell_was_executed_in_order(path):
    """nbval compares nothing on a cell that was never executed."""
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"


@of_every_notebook
def test_not_more_than_one_cell_in_ten_ignores_its_output(path):
    cells = code_cells(path)
    assert sum(map(is_unchecked, cells)) <= len(cells) / 10


@pytest.mark.parametrize(
    ("source", "tags", "unchecked"),
    [
        ("# NBVAL_IGNORE_OUTPUT\n1", [], True),
        ("x = 1\n  # nbval_skip", [], True),
        ("1", ["nbval-skip"], True),
        ("1", ["parameters"], False),
        ("print('NBVAL_SKIP')", [], False),
    ],
)
def test_a_cell_that_ignores_its_output_is_known_as_such(source, tags, unchecked):
    assert is_unchecked(nbformat.v4.new_code_cell(source, metadata={"tags": tags})) is unchecked


UNSTABLE = {
    "an object's address": r"\b0x[0-9a-f]{6,}",
    "a path of one machine": r"(?<![\w.:/])/(home|Users|root|work|tmp|var|usr|opt|private)/|\b[A-Z]:\\\\",
    "a timing": r"\b\d+(\.\d+)? ?(ms|µs|it/s|cell/s)\b|\bWall time|\bCPU times|\[\d\d:\d\d<",
    "an engine's name for a table": r"\bibis_\w*_[a-z0-9]{20,}",
    "a colour of the terminal": "\x1b",
}


@of_every_notebook
@pytest.mark.parametrize("what", UNSTABLE)
def test_no_output_holds_what_differs_on_another_machine(path, what):
    said = [(n, text) for n, output in outputs(path) for text in texts(output)]
    assert [f"code cell {n}: {found[0]}" for n, text in said if (found := re.search(UNSTABLE[what], text))] == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("an object's address", "<Axes at 0x7f3a5c0d2e10>"),
        ("a path of one machine", f"saved to /{'home'}/ana/out.csv"),
        ("a path of one machine", f"/{'tmp'}/x"),
        ("a timing", "12.3 ms per loop"),
        ("a timing", "100%|###| 5/5 [00:02<00:00]"),
        ("an engine's name for a table", "ibis_read_csv_3bnorychejdfrbvk7ul3cigkeu"),
    ],
)
def test_what_differs_on_another_machine_is_known_as_such(what, text):
    assert re.search(UNSTABLE[what], text)


@of_every_notebook
def test_no_cell_failed_warned_or_shows_a_number_to_its_last_digit(path):
    for number, output in outputs(path):
        assert output.output_type != "error", f"code cell {number}"
        assert output.get("name") != "stderr", f"code cell {number}: {texts(output)}"
        if output.output_type in ("execute_result", "display_data"):
            assert not re.search(r"\d\.\d{7,}", output.data.get("text/plain", "")), f"code cell {number}"


@of_every_notebook
def test_every_picture_has_a_written_alternative_and_numbers_beside_it(path):
    for number, cell in enumerate(code_cells(path), start=1):
        pictures = [o for o in cell.outputs if any(kind.startswith("image/") for kind in o.get("data", {}))]
        for picture in pictures:
            [alt] = [kind.get("alt", "") for kind in picture.metadata.values() if isinstance(kind, dict)] or [""]
            assert len(alt.removeprefix("Figure:").strip()) >= 20, f"code cell {number}"
            assert picture.data["text/plain"] == alt, "nbval compares the text, so it must be the alternative"
        if pictures:
            tables = [o for o in cell.outputs if "<t" in o.get("data", {}).get("text/html", "")]
            assert tables, f"code cell {number}: pictures are never compared; show the numbers too"


@of_every_notebook
def test_the_file_keeps_no_timings_and_no_state_of_widgets(path):
    notebook = read(path)
    assert "widgets" not in notebook.metadata
    kept = set().union(*(cell.metadata for cell in notebook.cells))
    assert kept & {"execution", "ExecuteTime", "papermill"} == set()
    assert [cell for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", [])] == []


# The story -------------------------------------------------------------------------------------------------


@of_every_notebook
def test_it_opens_with_the_question_it_answers(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    title, _, rest = first.source.partition("\n")
    assert re.fullmatch(r"# [A-Z].*\?", title)
    assert len(rest.split()) >= 15, "for whom it is and what it covers"
    assert sum(text.startswith("# ") for text in markdown(path)) == 1


@of_every_notebook
def test_it_ends_with_what_to_do(path):
    headings = [line for text in markdown(path) for line in text.splitlines() if line.startswith("## ")]
    assert headings[-1].startswith("## What to do")
    cells = read(path).cells
    [start] = [n for n, cell in enumerate(cells) if cell.source.startswith("## What to do")]
    assert len(cells) > start + 1, "nothing follows"


@of_every_notebook
def test_no_cell_is_longer_than_a_reader_takes_in(path):
    long = {n: len(c.source.splitlines()) for n, c in enumerate(code_cells(path), start=1)}
    assert {n: lines for n, lines in long.items() if lines > MOST_LINES} == {}


@of_every_notebook
def test_every_figure_and_table_stands_below_a_heading(path):
    source = read(path).cells
    assert len([c for c in source if c.cell_type == "markdown"]) >= 4
    assert not re.search(r"\bTODO\b|\bFIXME\b", "\n".join(c.source for c in source))


# The parameters --------------------------------------------------------------------------------------------


def names_read(sources: list[str]) -> set[str]:
    """Return the names that code reads."""
    plain = "\n".join(re.sub(r"^\s*[%!].*", "pass", source, flags=re.M) for source in sources)
    return {n.id for n in ast.walk(ast.parse(plain)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


@of_every_notebook
def test_it_declares_what_every_report_declares_first_and_explains_each(path):
    parameters = declared(path)
    assert [p.name for p in parameters][: len(ALWAYS)] == ALWAYS
    assert [p.name for p in parameters if not p.meaning] == []
    by_name = {p.name: p for p in parameters}
    assert by_name["as_of"].is_date
    assert by_name["as_of"].default == ""
    assert by_name["language"].choices
    assert by_name["seed"].at_least == 0


@of_every_notebook
def test_every_default_is_a_value_that_may_be_given(path):
    parameters = declared(path)
    texts = {p.name: str(p.default) for p in parameters}
    assert chosen(texts, parameters, path.stem) == {p.name: p.default for p in parameters}


@of_every_notebook
def test_every_parameter_declared_is_read(path):
    rest = [cell.source for cell in code_cells(path) if "parameters" not in cell.metadata.get("tags", [])]
    assert {p.name for p in declared(path)} - names_read(rest) - READ_BY_THE_RUNNER == set()


def test_assigning_a_name_is_not_reading_it():
    assert names_read(["seed = 1\n%matplotlib inline", "f(data, as_of=x)"]) == {"f", "data", "x"}


@of_every_notebook
def test_no_path_leads_around_the_study(path):
    assert not re.search(r"\.\./|open\(|read_csv|read_parquet", "\n".join(cell.source for cell in code_cells(path)))
