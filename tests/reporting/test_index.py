"""The index says how things stand, what changed and where every report is, and escapes all it did not write itself."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import nbformat
import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from clvlab.assumptions import UNSTATED
from clvlab.reporting.asked import write_asked
from clvlab.reporting.index import write_index
from clvlab.reporting.index_page import LEADING
from clvlab.reporting.snapshots import BEFORE, FAILURE, NOW, Snapshot, place_of
from clvlab.results import Headline, Headlines

HOSTILE = "<script>alert('x')</script>\"onload="
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EQUITY, LEAVE = "customer equity, next 36 months", "leave within a year"


def headline(name: str, value: float | str | None, unit: str = "", lower=None, upper=None, decimals=0, note=""):
    return {"name": name, "value": value, "unit": unit, "lower": lower, "upper": upper, "decimals": decimals,
            "note": note}  # fmt: skip


def result(build: Path, name: str, **changes: object) -> Path:
    """Leave a report in the build folder."""
    parameters = {"data": "data/demo", "as_of": "", "language": "en", "seed": 1} | changes.pop("parameters", {})
    made = {
        "report": name, "notebook": f"00_{name}.ipynb", "title": f"What about {name}?", "key": "k",
        "parameters": parameters, "as_of": "2025-12-31", "data_fingerprint": "r",
        "headlines": [headline("on time", 91.27, "%", 90.1, 92.4, 1, "n"), headline("margin", None, "CNY")],
    } | changes  # fmt: skip
    (build / name).mkdir(parents=True)
    (build / name / "result.json").write_text(json.dumps(made), encoding="utf-8")
    if "failed" not in changes:
        (build / name / f"{name}.html").write_text("<p>")
        (build / name / f"{name}.ipynb").write_text("{}")
    return build / name


def snapshot(as_of: date, equity: float, tier: str, place: float, name: str = "Anton", records: str = "r") -> Snapshot:
    customer = {"customer_id": "A", "name": name, "value": 5.0, "value_lower": 4.0, "value_upper": 6.0, "tier": tier,
                "tier_place": 1.0 if tier == "core" else 2.0, "since": "2025-Q4" if as_of.month == 12 else "2025-Q3",
                "points": 60.0 if tier == "core" else 50.0, "tier_left": "core", "points_left": 60.0,
                "watch_place": place, "at_stake": 3.0,
                "at_stake_lower": 2.0, "at_stake_upper": 4.0, "likely_cause": "not clear"}  # fmt: skip
    figure = Headline(EQUITY, equity, "CNY", equity - 10, equity + 10)
    return Snapshot(as_of, records, "CNY", "m", (figure,), pd.DataFrame([customer]))


def taken(build: Path, **names: str) -> Path:
    """Leave the snapshots of a batch of December, the first one."""
    place = place_of(build, "data/demo", date(2025, 12, 31), False)
    snapshot(date(2025, 12, 31), 130.0, "important", 1.0, **names).write(place / NOW)
    snapshot(date(2025, 11, 30), 125.0, "core", 31.0, **names).write(place / BEFORE)
    return place


def page(build: Path, language: str = "en") -> BeautifulSoup:
    return BeautifulSoup(write_index(build, language).read_text(encoding="utf-8"), "html.parser")


def texts(found: list) -> list[str]:
    return [" ".join(one.get_text(" ").split()) for one in found]


def test_without_reports_it_says_how_to_make_the_first(tmp_path):
    assert "clvlab report portfolio" in page(tmp_path).get_text()


def test_a_report_stands_there_with_question_day_data_figures_and_files(tmp_path):
    folder = result(tmp_path, "portfolio")
    (folder / "portfolio.pdf").write_text("%PDF")
    (folder / "lists").mkdir()
    for ending in ("csv", "xlsx"):
        (folder / "lists" / f"watch_list.{ending}").write_text("a")
    (row,) = page(tmp_path).select("#reports > li")
    assert row.h3.a["href"] == "portfolio/portfolio.html"
    assert row.h3.get_text() == "What about portfolio?"
    assert texts(row.select("p.made")) == [
        "Current data/demo 2025-12-31", "Page PDF Notebook watch list ( CSV , Excel )",
    ]  # fmt: skip
    assert [a["href"] for a in row.select("p.versions a")] == [
        "portfolio/portfolio.html", "portfolio/portfolio.pdf", "portfolio/portfolio.ipynb",
        "portfolio/lists/watch_list.csv", "portfolio/lists/watch_list.xlsx",
    ]  # fmt: skip
    assert texts(row.select("dl.figures > div")) == ["on time 91.3% 90% interval 90.1 to 92.4 n", "margin –"]


def test_reports_stand_in_the_notebooks_order(tmp_path):
    for name, number in (("tiers", 6), ("churn", 3), ("portfolio", 0)):
        result(tmp_path, name, notebook=f"{number:02}_{name}.ipynb")
    asked = [f"What about {name}?" for name in ("portfolio", "churn", "tiers")]
    assert texts(page(tmp_path).select("#reports h3")) == asked


def test_languages_of_a_report_are_one_row_with_the_index_s_own_first(tmp_path):
    result(tmp_path, "churn", title="Who is leaving?", notebook="03_churn.ipynb")
    result(tmp_path, "churn-zh", title="谁在流失？", notebook="03_churn.ipynb", parameters={"language": "zh"})
    for language, asked in (("en", "Who is leaving?"), ("zh", "谁在流失？")):
        (row,) = page(tmp_path, language).select("#reports > li")
        assert row.h3.get_text() == asked
        assert len(row.select("p.versions")) == 2


def test_reports_of_one_notebook_are_told_apart_by_what_differs_and_customers_by_name(tmp_path):
    for customer in ("A", "B"):
        result(tmp_path, f"account-{customer}", notebook="11_account.ipynb", parameters={"customer_id": customer})
    taken(tmp_path)
    assert texts(page(tmp_path).select("#reports .which")) == ["Anton (A)", "customer id: B"]


def test_a_failure_stands_there_with_its_sentence_and_its_traceback_folded(tmp_path):
    result(tmp_path, "portfolio", failed="ValueError: no", traceback="Traceback ...", headlines=[], as_of="")
    index = page(tmp_path)
    (failed,) = index.select("div.failed")
    assert "Failed: ValueError: no" in failed.get_text()
    assert failed.details.pre.get_text() == "Traceback ..."
    assert not failed.details.has_attr("open")
    assert index.select_one("#reports h3").a is None, "there is no page to go to"
    assert texts(index.header("dd"))[-2:] == ["1", "1"]


@pytest.mark.parametrize("damage", ["", '{"report": "ch', "[]", '{"notebook": "00_x.ipynb"}', "\x00"])
def test_a_damaged_result_has_a_row_that_says_so_and_the_others_stand(tmp_path, damage):
    result(tmp_path, "portfolio")
    (tmp_path / "churn").mkdir()
    (tmp_path / "churn" / "result.json").write_text(damage)
    rows = page(tmp_path).select("#reports > li")
    assert texts([row.h3 for row in rows]) == ["What about portfolio?", "churn"]
    assert "Its result.json cannot be read; run the report again." in rows[1].get_text()


def test_a_report_of_other_records_than_the_batch_s_says_so(tmp_path):
    result(tmp_path, "churn")
    result(tmp_path, "clv", data_fingerprint="older")
    taken(tmp_path)
    assert texts(page(tmp_path).select(".status")) == ["Current", "Made on other records"]


def test_what_the_last_batch_did_not_ask_for_stands_apart_with_its_day_and_no_figures(tmp_path):
    for customer in ("A", "B"):
        result(tmp_path, f"account-{customer}", notebook="11_account.ipynb", parameters={"customer_id": customer})
    result(tmp_path, "account-C", notebook="11_account.ipynb", failed="ValueError: no", as_of="", headlines=[])
    write_asked(tmp_path, ["account-A"])
    index = page(tmp_path)
    assert texts(index.select("#reports .which")) == ["customer id: A"]
    others = index.select("section > details > ol > li")
    assert texts([other.h3 for other in others]) == [
        "What about account-B? customer id: B", "What about account-C?",
    ]  # fmt: skip
    assert texts([other.p for other in others]) == ["Not of the last batch data/demo 2025-12-31", "Failed data/demo"]
    assert others[0].dl is None
    assert texts(index.header("dd"))[-2:] == ["1", "0"]
    listed = list(csv.DictReader((tmp_path / "lists" / "headlines.csv").open(encoding="utf-8-sig")))
    assert {row["report"] for row in listed} == {"account-A"}


def test_more_reports_of_an_earlier_day_do_not_make_the_page_theirs(tmp_path):
    for customer in ("A", "B"):
        result(tmp_path, f"account-{customer}", as_of="2025-11-30", parameters={"customer_id": customer})
    result(tmp_path, "portfolio")
    write_asked(tmp_path, ["portfolio"])
    assert texts(page(tmp_path).header("dd"))[1] == "2025-12-31"


def test_drafts_and_other_folders_are_no_reports(tmp_path):
    result(tmp_path, "portfolio")
    result(tmp_path, ".portfolio.draft")
    (tmp_path / "other").mkdir()
    (tmp_path / "result.json").write_text("{}")
    assert len(page(tmp_path).select("#reports > li")) == 1


def test_a_headline_of_a_later_version_is_still_shown(tmp_path):
    result(tmp_path, "portfolio", headlines=[headline("on time", 91.0, "%") | {"colour": "green"}])
    assert texts(page(tmp_path).select("dl.figures dd")) == ["91%"]


def leading(build: Path) -> list[list[str]]:
    return [texts(tile("div")) for tile in page(build).select(".lead > .headline")]


def test_three_figures_stand_on_top_with_what_they_changed_by_and_the_way_to_their_report(tmp_path):
    result(tmp_path, "clv", notebook="04_clv.ipynb", headlines=[headline(EQUITY, 130.0, "CNY", 120.0, 140.0)])
    result(tmp_path, "churn", notebook="03_churn.ipynb", headlines=[headline(LEAVE, 18.1, "%", 15.9, 20.5, 1)])
    best = headline("best on time delivery, core", 97.0, "%")
    result(tmp_path, "service_level", notebook="07_service_level.ipynb", headlines=[best])
    taken(tmp_path)
    equity, leave, level = leading(tmp_path)
    assert equity == [
        EQUITY, "130 CNY", "90% interval 120 to 140", "+5 CNY since 2025-11-30", "within the earlier 90% interval",
        "What about clv?",
    ]  # fmt: skip
    assert leave == [LEAVE, "18.1%", "90% interval 15.9 to 20.5", "What about churn?"]
    assert level[:2] == ["best on time delivery, core", "97%"], "the unprofitable share is not told"


def test_a_figure_that_no_report_tells_says_so(tmp_path):
    result(tmp_path, "portfolio")
    assert [tile[1:] for tile in leading(tmp_path)] == [["–", "No report tells this yet."]] * 3


def test_a_figure_that_no_report_tells_is_the_snapshot_s_which_the_changes_below_show_too(tmp_path):
    result(tmp_path, "portfolio")
    taken(tmp_path)
    equity, leave, _ = leading(tmp_path)
    assert equity == [
        EQUITY, "130 CNY", "90% interval 120 to 140", "+5 CNY since 2025-11-30", "within the earlier 90% interval",
    ]  # fmt: skip
    assert leave[1:] == ["–", "No report tells this yet."], "nor does the snapshot"


def test_a_figure_of_the_batch_is_that_of_its_snapshot_with_the_way_to_its_report(tmp_path):
    result(tmp_path, "clv", notebook="04_clv.ipynb", headlines=[headline(EQUITY, 99.0, "CNY")])
    taken(tmp_path)
    assert leading(tmp_path)[0][1] == "130 CNY"
    assert leading(tmp_path)[0][-1] == "What about clv?"


def test_lists_are_called_in_the_language_of_the_page(tmp_path):
    folder = result(tmp_path, "churn") / "lists"
    folder.mkdir()
    for name in ("watch_list.csv", "my_own.csv"):
        (folder / name).write_text("a")
    for language, called in (("en", ["my own", "watch list"]), ("zh", ["my own", "预警名单"])):
        found = [link["aria-label"].split(",")[0] for link in page(tmp_path, language).select("p.versions .files a")]
        assert found == called


def test_the_committed_notebooks_tell_the_three_figures():
    """The index knows them by how their headlines begin."""
    told = set()
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
        shown = [one["name"] for output in outputs for one in output.get("data", {}).get(Headlines.mime, [])]
        told |= {(path.stem[3:], start) for choices in LEADING for _, start in choices
                 if any(name.startswith(start) for name in shown)}  # fmt: skip
    assert told == {choice for choices in LEADING for choice in choices}


def test_past_forecasts_stand_together(tmp_path):
    forecast = headline(
        "past forecast: value to come", 100.0, "CNY", 90.0, 110.0, note="came: 105, within the interval"
    )
    result(tmp_path, "clv", notebook="04_clv.ipynb", headlines=[forecast])
    (tile,) = page(tmp_path).select(".headlines:not(.lead) .headline")
    assert "came: 105, within the interval" in tile.get_text()


def test_what_changed_stands_there_and_in_files(tmp_path):
    result(tmp_path, "portfolio")
    taken(tmp_path, name="=Anton")
    index = page(tmp_path)
    assert "What changed since 2025-11-30?" in texts(index("h2"))
    assert "No batch was run the month before." in index.get_text(), "the first month says where it starts from"
    assert texts(index.table.tbody("tr")) == [
        f"{EQUITY} 125 CNY 90% interval 115 to 135 130 CNY 90% interval 120 to 140 +5 CNY"
        " within the earlier 90% interval"
    ]
    moves, listed = (texts(table.tbody("tr")) for table in index("table")[1:3])
    assert moves == ["=Anton A core important down 60 → 50 5 90% interval 4 to 6"]
    assert listed == ["1 =Anton A 3 90% interval 2 to 4 not clear 31"]
    (row,) = list(csv.DictReader((tmp_path / "lists" / "tier_moves.csv").open(encoding="utf-8-sig")))
    assert row["name"] == "'=Anton"
    sheet = openpyxl.load_workbook(tmp_path / "lists" / "new_on_watch_list.xlsx").active
    assert [cell.value for cell in sheet[2]][:4] == [1, "A", "'=Anton", 3]


@pytest.mark.parametrize("currency", ["CNY", UNSTATED])
def test_that_no_currency_is_stated_is_said_once(tmp_path, currency):
    result(tmp_path, "clv", notebook="04_clv.ipynb")
    place = taken(tmp_path)
    replace(snapshot(date(2025, 12, 31), 130.0, "important", 1.0), currency=currency).write(place / NOW)
    assert page(tmp_path).get_text().count("No currency is stated") == (currency == UNSTATED)


def test_restatements_stand_apart_from_changes(tmp_path):
    result(tmp_path, "portfolio")
    earlier = place_of(tmp_path, "data/demo", date(2025, 11, 30), False)
    taken(tmp_path)
    snapshot(date(2025, 11, 30), 100.0, "core", 1.0, records="older").write(earlier / NOW)
    index = page(tmp_path)
    assert "+30 CNY" in index.table.get_text()
    assert "beyond the earlier 90% interval" in index.table.get_text()
    assert "What does 2025-11-30 look like on today's records?" in texts(index("h3"))
    assert "+25 CNY" in index("table")[-1].get_text()


def test_what_cannot_be_compared_says_why(tmp_path):
    result(tmp_path, "portfolio")
    assert "worked out by clvlab batch" in page(tmp_path).get_text()
    place = taken(tmp_path)
    (place / NOW / "figures.json").write_text("{")
    assert "cannot be read; remove that folder and run the batch again." in page(tmp_path).get_text()
    (place / FAILURE).write_text(json.dumps({"failed": "ValueError: no", "traceback": "Traceback ..."}))
    assert "could not be worked out: ValueError: no" in page(tmp_path).get_text()


def test_all_headline_figures_stand_in_one_list_as_numbers(tmp_path):
    result(tmp_path, "portfolio", headlines=[headline("=margin", -12.5, "CNY", -20.0, -5.0, note="@note")])
    page(tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / "lists" / "headlines.xlsx").active
    row = dict(zip(*([cell.value for cell in line] for line in sheet.iter_rows()), strict=True))
    assert (row["figure"], row["value"], row["lower"], row["note"]) == ("'=margin", -12.5, -20, "'@note")


def test_everything_that_came_from_outside_is_escaped(tmp_path):
    figure = headline(HOSTILE, HOSTILE, HOSTILE, note=HOSTILE)
    result(tmp_path, "sound", title=HOSTILE, headlines=[figure], parameters={"customer_id": HOSTILE})
    result(tmp_path, "other", notebook="00_sound.ipynb", parameters={"customer_id": "B"})
    result(tmp_path, "failed", title=HOSTILE, failed=HOSTILE, traceback=HOSTILE, as_of="")
    taken(tmp_path, name=HOSTILE)
    for language in ("en", "zh"):
        text = write_index(tmp_path, language).read_text(encoding="utf-8")
        assert text.count("<script") == 1, "its own"
        assert "alert('x')" not in text
        assert BeautifulSoup(text, "html.parser").get_text().count(HOSTILE) >= 10


def test_the_browser_may_run_the_one_script_and_take_the_one_style_and_nothing_else(tmp_path):
    result(tmp_path, "portfolio")
    index = page(tmp_path)
    policy = index.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    for tag in ("script", "style"):
        (element,) = index(tag)
        digest = base64.b64encode(hashlib.sha256(element.string.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert index(["link", "iframe", "img", "form"]) == []
    assert index(style=True) == []


def test_it_speaks_chinese(tmp_path):
    result(tmp_path, "portfolio")
    taken(tmp_path)
    index = page(tmp_path, "zh")
    assert index.html["lang"] == "zh"
    assert "客户经营概览" in index.h1.get_text()
    assert "90%区间" in index.get_text()


def test_it_is_written_whole_and_the_same_each_time(tmp_path):
    result(tmp_path, "portfolio")
    taken(tmp_path)

    def written() -> dict[Path, bytes]:
        page(tmp_path)
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    assert written() == written()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["index.html", "lists", "portfolio", "snapshots"]
