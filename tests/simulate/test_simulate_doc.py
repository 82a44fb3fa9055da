"""The page on the demo market shows the constants the code runs on."""

from __future__ import annotations

from pathlib import Path

from clvlab.simulate import Market
from clvlab.simulate.constants import UNIT_COSTS, constants_table
from clvlab.simulate.faults import PLAN

PAGE = Path(__file__).parents[2] / "docs" / "demo-market.md"


def markdown() -> str:
    """The tables as the page must hold them."""
    lines = ["| constant | value | unit | meaning | source |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {value:g} | {unit} | {meaning} | {source} |"
        for name, value, unit, meaning, source in constants_table()
    ]
    lines += ["", "| activity | CNY | meaning |", "|---|---|---|"]
    lines += [f"| {name} | {cost:g} | {meaning} |" for name, (cost, meaning) in UNIT_COSTS.items()]
    lines += ["", "| table | column | fault | rows |", "|---|---|---|---|"]
    lines += [f"| {table} | {column} | {fault} | {count} |" for table, column, fault, count in PLAN]
    return "\n".join(lines)


def test_the_page_holds_the_constants() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [line for line in markdown().splitlines() if line not in page.splitlines()]
    assert not missing, "\n".join(missing)


def test_the_page_is_short_and_names_every_file(market: Market) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(page.splitlines()) < 220
    for name in [*market.tables, *(f"truth/{name}.csv" for name in market.truth)]:
        assert f"`{name}`" in page, name
