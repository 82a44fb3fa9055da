"""Names are data: whatever stands in them changes nothing but text, and a redacted report has none of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import chdir
from html import unescape
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hostile_market import IDS, MANAGERS, NAMES, make_hostile
from nbformat.v4 import new_code_cell, new_notebook

from clvlab.refusal import Refused
from clvlab.reporting.jobs import Job, keys_of, plan
from clvlab.reporting.run import run

ROOT = Path(__file__).parents[2]
PARAMETERS = (
    'data: str = "data/demo"', 'as_of: str = ""', "seed: int = 1", 'language: str = "en"', "redact: bool = False",
    'customer_id: str = ""', 'region: str = ""', 'account_manager: str = ""',
)  # fmt: skip
# A picture's bytes may happen to spell anything.
PICTURE = re.compile(r"[A-Za-z0-9+/]{400,}=*(\\n)?")


@pytest.fixture(scope="module")
def hostile(small_market, tmp_path_factory) -> Path:
    return make_hostile(small_market, tmp_path_factory.mktemp("hostile") / "=data '$x$")


def made(name: str, data: Path, build: Path, **given: str) -> Job:
    with chdir(ROOT):
        job = plan(name, {"data": str(data), **given}, build)
        run(job, keys_of([job])[0])
    return job


@pytest.fixture(scope="module")
def plain(hostile, tmp_path_factory) -> Job:
    return made("churn", hostile, tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def redacted(hostile, tmp_path_factory) -> Job:
    return made("churn", hostile, tmp_path_factory.mktemp("redacted"), redact="true")


def page_of(job: Job) -> BeautifulSoup:
    return BeautifulSoup((job.folder / f"{job.name}.html").read_text(encoding="utf-8"), "html.parser")


def result_of(job: Job) -> dict:
    return json.loads((job.folder / "result.json").read_text(encoding="utf-8"))


def outputs(job: Job) -> list:
    notebook = nbformat.read(job.folder / f"{job.name}.ipynb", as_version=4)
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_a_name_is_text_and_nothing_else_on_the_page(plain):
    page = page_of(plain)
    assert page(["script", "iframe", "object", "svg", "i", "b"]) == []
    assert [tag for tag in page(True) for name in tag.attrs if name.startswith("on")] == []
    assert [image for image in page("img") if not image["src"].startswith("data:image/png;base64,")] == []
    assert [link["href"] for link in page("a") if not link["href"].startswith("#")] == []
    assert len(page("style")) == len(page("title")) == len(page("h1")) == 1


def test_names_stand_on_the_page_as_they_were_written(plain):
    text = " ".join(page_of(plain).get_text().split())
    shown = [name for name in NAMES if " ".join(name.split()) in text]
    assert len(shown) >= 5
    assert any("<" in name for name in shown)


def test_what_a_notebook_shows_is_safe_where_it_is_trusted_too(plain):
    html = [output["data"]["text/html"] for output in outputs(plain) if "text/html" in output.get("data", {})]
    assert html
    for shown in html:
        assert BeautifulSoup(shown, "html.parser")(["script", "img", "i", "b", "a", "style"]) == []
    assert not any("text/markdown" in output.get("data", {}) for output in outputs(plain))


def test_nothing_is_written_outside_the_report(plain):
    build = plain.folder.parent
    assert {path.name for path in build.iterdir()} == {plain.name}
    assert re.fullmatch(r"[A-Za-z0-9_-]+", plain.name)


def test_a_parameter_is_the_text_that_was_typed(project):
    typed = "quote ' \" ''' and\nline \\ {x} $HOME `id` %s <script>alert(3)</script> 客户"
    job = plan("tiny", {"label": typed})
    headline = run(job, keys_of([job])[0])["headlines"][1]
    assert headline["note"] == result_of(job)["parameters"]["label"] == typed
    assert " ".join(typed.split()) in " ".join(page_of(job).get_text().split())
    assert page_of(job)("script") == []


def test_redaction_changes_no_figure(plain, redacted):
    one, other = (
        [(h["name"], h["value"], h["lower"], h["upper"]) for h in result_of(job)["headlines"]]
        for job in (plain, redacted)
    )
    assert one == other


def test_no_file_of_a_redacted_report_has_a_name_in_it(hostile, redacted):
    customers = pd.read_csv(hostile / "customers.csv", dtype=str)
    rivals = pd.read_csv(hostile / "leads.csv", dtype=str)["rival"].dropna()
    names = {*customers["name"], *MANAGERS, *IDS, *rivals}
    files = [path for path in redacted.folder.rglob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        text = readable(path)
        assert [name for name in names if stands_in(name, text)] == [], path.name
    assert re.search(r"Customer \d\d", readable(redacted.folder / f"{redacted.name}.html"))


def readable(path: Path) -> str:
    """Return all that a file says, as it stands there and with its escapes undone, without pictures."""
    if path.suffix == ".xlsx":
        with ZipFile(path) as book:
            return unescape("".join(book.read(part).decode() for part in book.namelist()))
    raw = path.read_text(encoding="utf-8")
    undone = BeautifulSoup(raw, "html.parser").get_text() if path.suffix == ".html" else ""
    if path.suffix in (".json", ".ipynb"):
        undone = json.dumps(json.loads(raw), ensure_ascii=False).replace('\\"', '"').replace("\\n", "\n")
    return PICTURE.sub("", raw) + PICTURE.sub("", undone)


def stands_in(name: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(' '.join(name.split()))}(?!\w)", " ".join(text.split()), re.IGNORECASE))


@pytest.fixture
def naming(tmp_path) -> Iterator[Path]:
    """A project with a notebook that may name anybody, as the working directory."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    declared = "\n".join(f"{line}  # what it is" for line in PARAMETERS)
    nbformat.write(
        new_notebook(cells=[new_code_cell(declared, metadata={"tags": ["parameters"]})]),
        tmp_path / "notebooks" / "00_file.ipynb",
    )
    with chdir(tmp_path):
        yield tmp_path


def asked(hostile: Path, **given: str) -> Job:
    return plan("file", {"data": str(hostile), "redact": "true", **given})


def test_a_manager_s_name_is_replaced_before_anything_bears_it(hostile, naming):
    for manager in MANAGERS:
        named = asked(hostile, account_manager=manager)
        pseudonym = str(named.given["account_manager"])
        assert re.fullmatch(r"Manager \d\d", pseudonym)
        assert "redacted-Manager" in named.name
        assert asked(hostile, account_manager=pseudonym) == named
    assert asked(hostile, account_manager="no manager").given["account_manager"] == "no manager"


def test_a_manager_whom_nobody_knows_is_refused_without_being_named(hostile, naming):
    with pytest.raises(Refused, match=r"a pseudonym: Manager \d\d") as caught:
        asked(hostile, account_manager=f"{MANAGERS[0]}x")
    assert [name for name in MANAGERS if stands_in(name, str(caught.value)) or f"{name}x" in str(caught.value)] == []


def test_a_region_stays_but_for_a_name_in_it(hostile, naming):
    manager = MANAGERS[0]
    assert asked(hostile, region="east").given["region"] == "east"
    assert manager not in str(asked(hostile, region=f"patch of {manager}").given["region"])


def test_a_code_that_names_somebody_is_replaced_before_anything_bears_it(hostile, naming):
    named = asked(hostile, customer_id=IDS[0])
    pseudonym = str(named.given["customer_id"])
    assert re.fullmatch(r"Customer \d\d", pseudonym)
    assert asked(hostile, customer_id=pseudonym) == named
    assert "escape" not in named.name
    assert "-redacted-" in named.name
    assert asked(hostile, customer_id="C00042").given["customer_id"] == "C00042"
