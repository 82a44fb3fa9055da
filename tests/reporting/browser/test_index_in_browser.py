"""The index in a real browser, from a file: it finds and sorts without a server, by keyboard, on every width."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from looking import DESK, PAPER, PHONE, opened

from clvlab.reporting.index import write_index
from clvlab.reporting.snapshots import BEFORE, NOW, Snapshot, place_of
from clvlab.results import Headline

VIEWS = [PHONE, DESK, PAPER]
every_view = pytest.mark.parametrize("view", VIEWS, ids=[view.name for view in VIEWS])
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
SHOWN = "#reports > li:visible h3"
NAME = "Hangzhou <script>alert(1)</script> Haichuan Pharmaceuticals Company Limited, the second of that name"


def leave(build: Path, name: str, value: float, **changes: object) -> None:
    """Leave a report in the build folder."""
    figure = {"name": "value", "value": value, "unit": "CNY", "lower": value - 1, "upper": value + 1, "decimals": 0}
    parameters = {"data": "data/demo", "language": "en", "customer_id": name}
    told = {"notebook": "11_account.ipynb", "title": f"What of {name}?", "parameters": parameters,
            "headlines": [figure], "as_of": "2025-12-31"}  # fmt: skip
    (build / name).mkdir(parents=True)
    (build / name / "result.json").write_text(json.dumps(told | changes), encoding="utf-8")
    (build / name / f"{name}.html").write_text("<title>x</title>")


def snapshot(as_of: date, tier: str, since: str, tier_left: str | None = None) -> Snapshot:
    row = {"customer_id": "ming", "name": NAME, "value": 5e7, "value_lower": 4e7, "value_upper": 6e7, "tier": tier,
           "tier_place": float(len(tier)), "since": since, "points": 50.0, "tier_left": tier_left, "points_left": 40.0,
           "watch_place": float(len(tier) ** 2), "at_stake": 3e6,
           "at_stake_lower": 2e6, "at_stake_upper": 4e6, "likely_cause": "service"}  # fmt: skip
    figure = Headline("customer equity, next 36 months", 4e8 + len(tier), "CNY", 3e8, 5e8)
    return Snapshot(as_of, "r", "CNY", "m", (figure,), pd.DataFrame([row]))


@pytest.fixture(scope="module", params=["en", "zh"])
def index(request, tmp_path_factory) -> Path:
    """Three accounts, a failure, and what changed."""
    build = tmp_path_factory.mktemp("build")
    for name, value in (("ming", 20.0), ("anna", 300.0), ("zoe", 1.0)):
        leave(build, name, value)
    leave(build, "broken", 0.0, failed="ValueError: no", traceback="Traceback\n" + "x" * 300, headlines=[], as_of="")
    place = place_of(build, "data/demo", date(2025, 12, 31), False)
    snapshot(date(2025, 12, 31), "core", "2025-Q4", "important").write(place / NOW)
    snapshot(date(2025, 11, 30), "important", "2025-Q3").write(place / BEFORE)
    return write_index(build, request.param)


@every_view
def test_it_opens_without_a_network_fits_and_has_no_serious_fault(browser, index, view):
    with opened(browser, index, view) as seen:
        assert seen.wrong == []
        assert seen.asked_for == []
        needed, there = seen.page.evaluate(WIDTHS)
        assert needed <= there
        violations = Axe().run(seen.page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in {"serious", "critical"}] == []


def test_it_finds_by_keyboard(browser, index):
    with opened(browser, index) as seen:
        seen.page.focus("#find")
        seen.page.keyboard.type("ANNA 2025")
        assert seen.page.locator(SHOWN).count() == 1
        assert "1" in seen.page.inner_text("#shown")
        seen.page.fill("#find", "haichuan")
        assert seen.page.locator(SHOWN).count() == 1, "an account is found by its name"
        seen.page.fill("#find", "nobody")
        assert seen.page.locator(SHOWN).count() == 0
        seen.page.fill("#find", "")
        assert seen.page.locator(SHOWN).count() == 4


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"index": 0}, ["anna", "broken", "ming", "zoe"]),
        ({"value": "title"}, ["anna", "broken", "ming", "zoe"]),
        ({"value": "status"}, ["broken", "anna", "ming", "zoe"]),
        ({"value": "figure"}, ["anna", "ming", "zoe", "broken"]),
    ],
    ids=["reading order", "title", "failed first", "figure"],
)
def test_it_sorts_without_a_server(browser, index, order, expected):
    with opened(browser, index) as seen:
        seen.page.select_option("#sort", **order)
        titles = seen.page.locator(SHOWN).all_inner_texts()
    assert [next(name for name in expected if name in title) for title in titles] == expected


def test_every_link_leads_to_a_file(browser, index):
    with opened(browser, index) as seen:
        for link in seen.page.locator("main a[href]").all():
            assert (index.parent / link.get_attribute("href")).is_file()


def test_a_name_is_text_and_nothing_runs_but_the_page_s_own_script(browser, index):
    with opened(browser, index) as seen:
        assert NAME in seen.page.inner_text("main")
        with pytest.raises(Exception, match="Content Security Policy"):
            seen.page.add_script_tag(content="window.ran = true")
        assert seen.page.evaluate("window.ran") is None


def test_on_paper_the_tools_are_gone_and_every_report_stands_there(browser, index):
    with opened(browser, index, PAPER) as seen:
        assert not seen.page.is_visible("#tools")
        assert seen.page.locator(SHOWN).count() == 4
