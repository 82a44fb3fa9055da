"""Every page in a real browser: it needs nothing from outside, leads where it says, and everybody can read it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from looking import DESK, PAPER, PHONE, opened

VIEWS = [PHONE, DESK, PAPER]
every_view = pytest.mark.parametrize("view", VIEWS, ids=[view.name for view in VIEWS])
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
TOP = "id => document.getElementById(id).getBoundingClientRect().top"
FAULTS = {"serious", "critical"}
# Rows of a table are alike, and axe looks at each.
FEWER_ROWS = "document.querySelectorAll('tbody tr:nth-child(n + 5)').forEach(row => row.remove())"


@every_view
def test_a_page_opens_without_a_network_and_fits(browser, page, view):
    with opened(browser, page, view) as seen:
        assert seen.wrong == []
        assert [address for address in seen.asked_for if not address.startswith("data:image/")] == []
        needed, there = seen.page.evaluate(WIDTHS)
        assert needed <= there


@every_view
def test_axe_finds_no_serious_fault(browser, page, view):
    with opened(browser, page, view) as seen:
        seen.page.evaluate(FEWER_ROWS)
        violations = Axe().run(seen.page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in FAULTS] == []


@pytest.mark.parametrize("view", [PHONE, DESK], ids=["phone", "desk"])
def test_the_contents_lead_to_their_headings(browser, page, view):
    with opened(browser, page, view) as seen:
        if view is PHONE:
            seen.page.click("details.contents > summary")
        links = seen.page.locator("nav a:visible")
        assert links.count() > 2
        for link in links.all():
            link.click()
            heading = link.get_attribute("href").removeprefix("#")
            top = seen.page.evaluate(TOP, seen.page.evaluate("decodeURIComponent", heading))
            assert 0 <= top < 900
            assert seen.page.evaluate("decodeURIComponent(location.hash)").removeprefix("#")


def test_every_figure_is_drawn_and_said_in_words(browser, page):
    with opened(browser, page) as seen:
        figures = seen.page.locator("figure img")
        drawn = figures.evaluate_all("images => images.map(i => [i.complete && i.naturalWidth > 0, i.alt.length > 20])")
        assert drawn
        assert all(there and said for there, said in drawn)
