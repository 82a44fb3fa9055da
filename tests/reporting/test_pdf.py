"""The printed report: numbered pages, nothing cut in two, heads repeated, the same bytes every time."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell
from pypdf import PdfReader
from sample_notebook import code, markdown, notebook, result, sample, shown

from clvlab.refusal import Refused
from clvlab.reporting.pdf import CHROMIUM_VARIABLE, find_chromium, settled, write_pdf
from clvlab.reporting.render import render
from clvlab.results import Table

needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium (Debian: chromium)")
A4 = (595, 842)  # points


def printed(folder: Path, html: str, name: str = "report") -> PdfReader:
    page, pdf = folder / f"{name}.html", folder / f"{name}.pdf"
    page.write_text(html, encoding="utf-8")
    write_pdf(page, pdf)
    return PdfReader(pdf)


def words(reader: PdfReader) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def listed(rows: int, fold: bool) -> Table:
    frame = pd.DataFrame({"account": [f"C{number:05}" for number in range(rows)], "money": range(rows)})
    return Table(frame, f"All {rows} accounts", fold=fold)


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> PdfReader:
    return printed(tmp_path_factory.mktemp("printed"), render(sample(), facts={"Data": "data/demo"}))


@needs_chromium
def test_every_page_is_a4_and_bears_title_and_number(report):
    last = len(report.pages)
    assert last > 1
    for number, (page, text) in enumerate(zip(report.pages, words(report), strict=True), start=1):
        assert tuple(round(float(side)) for side in page.mediabox[2:]) == A4
        assert "Where does the margin come from?" in text
        assert f"{number} / {last}" in text


@needs_chromium
def test_what_is_signed_is_the_first_sheet(tmp_path):
    page = notebook(
        markdown("# Whom to trust?"), code(shown({"text/html": '<p class="sign-off">Signature: ____</p>'})),
        markdown("## Every check"),
    )  # fmt: skip
    first, second = words(printed(tmp_path, render(page)))
    assert "Signature: ____" in first
    assert "Every check" not in first
    assert "Every check" in second


@needs_chromium
def test_no_figure_is_cut_in_two(tmp_path):
    # A picture cut at the foot of a page is drawn on two.
    whole = sample()
    whole.cells += [new_code_cell(outputs=cell.outputs) for cell in whole.cells * 3 if cell.cell_type == "code"]
    html = render(whole)
    reader = printed(tmp_path, html)
    assert sum(len(page.images) for page in reader.pages) == html.count("<img")
    assert html.count("<img") > 3


@needs_chromium
def test_a_long_list_has_its_head_on_every_page(tmp_path):
    texts = words(printed(tmp_path, render(notebook(markdown("# Who?"), code(result(listed(120, fold=False)))))))
    assert len(texts) > 2
    assert all("account money" in text for text in texts)


@needs_chromium
def test_folded_numbers_are_open_where_they_are_few_and_else_said_to_be_on_the_page(tmp_path):
    cells = [markdown("# Who?"), code(result(listed(20, fold=True))), code(result(listed(60, fold=True)))]
    text = " ".join(words(printed(tmp_path, render(notebook(*cells)))))
    assert "C00019" in text
    assert "C00059" not in text
    assert "All 60 accounts: 60 rows (on the page, not printed)" in text
    assert "All 20 accounts: 20 rows (" not in text


@needs_chromium
def test_the_same_page_gives_the_same_bytes(tmp_path):
    html = render(sample())
    printed(tmp_path, html, "one")
    time.sleep(1.1)  # Chromium's clock has seconds
    printed(tmp_path, html, "other")
    page = (tmp_path / "one.html").read_bytes()
    assert (tmp_path / "other.html").read_bytes() == page
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "other.pdf").read_bytes()


def test_when_it_was_printed_and_after_which_page_tells_in_no_byte():
    def of(first: int, second: int, hour: int) -> bytes:
        parts = b"/ID (node%08d)>> /ID (node%08d)>> /Headers [(node%08d)]" % (first, second, first)
        return parts + b"/CreationDate (D:20261123%02d0000+00'00') (a node of 00000104)" % hour

    one, other = settled(of(104, 242, 9)), settled(of(99, 237, 21))
    assert one == other
    assert len(one) == len(of(104, 242, 9))
    assert one.count(b"(node00000000)") == 2
    assert one.count(b"(node00000001)") == 1
    assert one.endswith(b"(a node of 00000104)")


@needs_chromium
@pytest.mark.parametrize(
    "title", ['How "sure" is it?</style><script>1</script>', "上海怎么样？", "Is 50% \\ enough; {or} not?"]
)
def test_any_title_stands_at_the_foot(tmp_path, title):
    escaped = title.replace("<", "&lt;").replace("\\", "\\\\")
    reader = printed(tmp_path, render(notebook(markdown(f"# {escaped}"))), "a name with #, % and ünïcode")
    assert "".join(words(reader)[0].split()).count("".join(title.split())) == 2  # the heading and the foot


def test_without_chromium_it_is_said_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delenv(CHROMIUM_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="apt-get install chromium"):
        write_pdf(tmp_path / "page.html", tmp_path / "page.pdf")


def test_a_chromium_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv(CHROMIUM_VARIABLE, "/no/such/chromium")
    with pytest.raises(Refused, match="/no/such/chromium"):
        find_chromium()


def test_what_does_not_print_is_refused_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv(CHROMIUM_VARIABLE, str(shutil.which("false")))
    with pytest.raises(Refused, match=r"did not print page\.html"):
        write_pdf(tmp_path / "page.html", tmp_path / "page.pdf")
    assert list(tmp_path.iterdir()) == []
