"""The index lists every report that was made, and escapes all it did not write itself."""

from __future__ import annotations

import json
from pathlib import Path

from bs4 import BeautifulSoup

from clvlab.reporting.index import write_index

HOSTILE = "<script>alert('x')</script>\"onload="


def result(build: Path, name: str, **changes: object) -> None:
    """Leave the result.json of a report in the build folder."""
    made = {
        "report": name,
        "notebook": f"00_{name}.ipynb",
        "title": f"What about {name}?",
        "key": "k",
        "parameters": {"data": "data/demo", "as_of": ""},
        "headlines": [
            {"name": "on time", "value": 91.27, "unit": "%", "lower": 90.1, "upper": 92.4, "decimals": 1, "note": "n"},
            {"name": "margin", "value": None, "unit": "CNY", "lower": None, "upper": None, "decimals": 0, "note": ""},
        ],
        "as_of": "2025-12-31",
        "started": "2026-01-02T03:04:05+00:00",
        "duration_seconds": 4.2,
    } | changes
    (build / name).mkdir(parents=True)
    (build / name / "result.json").write_text(json.dumps(made), encoding="utf-8")


def page(build: Path) -> BeautifulSoup:
    return BeautifulSoup(write_index(build).read_text(encoding="utf-8"), "html.parser")


def test_without_reports_it_says_how_to_make_the_first(tmp_path):
    assert "clvlab report portfolio" in page(tmp_path).get_text()
    assert write_index(tmp_path) == tmp_path / "index.html"


def test_a_report_stands_there_with_its_link_day_data_and_figures(tmp_path):
    result(tmp_path, "portfolio")
    index = page(tmp_path)
    assert index.h2.a["href"] == "portfolio/portfolio.html"
    assert index.h2.get_text() == "What about portfolio?"
    made = index.select_one("p.made")
    assert made.get_text() == "data/demo · as of 2025-12-31 · made 2026-01-02 03:04 UTC in 4.2 s · executed notebook"
    assert made.a["href"] == "portfolio/portfolio.ipynb"
    figures = [[" ".join(part.get_text().split()) for part in tile("div")] for tile in index.select("div.headline")]
    assert figures == [["on time", "91.3%", "90% interval 90.1 to 92.4", "n"], ["margin", "–", "", ""]]


def test_reports_stand_in_the_notebooks_order(tmp_path):
    for name, number in (("tiers", 6), ("churn", 3), ("portfolio", 0)):
        result(tmp_path, name, notebook=f"{number:02}_{name}.ipynb")
    assert [h.get_text() for h in page(tmp_path)("h2")] == [f"What about {n}?" for n in ("portfolio", "churn", "tiers")]


def test_a_failure_stands_there_with_its_sentence_and_traceback(tmp_path):
    result(tmp_path, "portfolio", failed="ValueError: no", traceback="Traceback ...", headlines=[], title="portfolio")
    index = page(tmp_path)
    failed = index.select_one("div.failed")
    assert "Failed: ValueError: no" in failed.get_text()
    assert failed.pre.get_text() == "Traceback ..."
    assert index.h2.a is None, "there is no page to go to"
    assert [d.get_text() for d in index.header("dd")] == ["1", "1"]


def test_everything_that_came_from_outside_is_escaped(tmp_path):
    headline = {"name": HOSTILE, "value": HOSTILE, "unit": HOSTILE, "note": HOSTILE, "lower": None, "upper": None}
    result(tmp_path, "sound", title=HOSTILE, parameters={"data": HOSTILE}, headlines=[headline], as_of=HOSTILE)
    result(tmp_path, "failed", title=HOSTILE, failed=HOSTILE, traceback=HOSTILE)
    text = write_index(tmp_path).read_text(encoding="utf-8")
    assert "<script" not in text
    assert "alert('x')" not in text
    assert BeautifulSoup(text, "html.parser").get_text().count(HOSTILE) == 10


def test_drafts_and_other_folders_are_no_reports(tmp_path):
    result(tmp_path, "portfolio")
    result(tmp_path, ".portfolio.draft")
    (tmp_path / "other").mkdir()
    (tmp_path / "result.json").write_text("{}")
    assert len(page(tmp_path)("h2")) == 1


def test_a_headline_of_a_later_version_is_still_shown(tmp_path):
    result(tmp_path, "portfolio", headlines=[{"name": "on time", "value": 91.0, "unit": "%", "colour": "green"}])
    assert page(tmp_path).select_one("div.value").get_text().strip() == "91%"


def test_the_page_allows_the_browser_no_request(tmp_path):
    result(tmp_path, "portfolio")
    index = page(tmp_path)
    assert "default-src 'none'" in index.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert index.html["lang"] == "en"
    assert index(["script", "link", "iframe", "img"]) == []


def test_it_is_written_whole_and_the_same_each_time(tmp_path):
    result(tmp_path, "portfolio")
    assert write_index(tmp_path).read_text() == write_index(tmp_path).read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["index.html", "portfolio"]
