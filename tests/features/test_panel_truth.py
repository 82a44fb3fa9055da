"""Nothing later changes a row of the panel, and on a market with known truth it shows what really was."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd
import pytest
from panel_cases import true_spells

from clvlab.features.panel import Panel, panel, panel_ahead, panel_and_ahead
from clvlab.study import Study

BEGIN, TODAY, EARLIER = "2024-01-01", "2025-12-31", "2025-06-17"
KEYS = ["customer_id", "spell", "month"]


Tables = Mapping[str, ir.Table]


@pytest.fixture(scope="module")
def market_panel(small_market: Path, small_study: Study) -> Panel:
    return panel(small_study.records.tables, true_spells(small_market, TODAY, BEGIN), TODAY, BEGIN)


@pytest.fixture(scope="module")
def known_then(small_study: Study) -> Tables:
    return small_study.at(EARLIER).records.tables


@pytest.fixture(scope="module")
def spells_then(small_market: Path) -> pd.DataFrame:
    return true_spells(small_market, EARLIER, BEGIN)


def test_the_panel_of_an_earlier_day_is_the_first_part_of_todays(
    known_then: Tables, spells_then: pd.DataFrame, market_panel: Panel
) -> None:
    then = panel(known_then, spells_then, EARLIER, BEGIN)
    first = market_panel.frame[market_panel.frame["from"] <= pd.Timestamp(EARLIER)]
    assert len(then.frame) == len(first) > 500
    one, other = (frame.set_index(KEYS)[then.names()] for frame in (then.frame, first))
    pd.testing.assert_frame_equal(one, other)


def test_rows_and_values_known_after_the_day_change_nothing(
    known_then: Tables, spells_then: pd.DataFrame, small_study: Study
) -> None:
    later = small_study.records.tables
    running = spells_then[spells_then["event"] == 0]
    as_known, with_later = (
        panel_and_ahead(tables, spells_then, running, EARLIER, BEGIN) for tables in (known_then, later)
    )
    for known, found in zip(as_known, with_later, strict=True):
        pd.testing.assert_frame_equal(known.frame, found.frame)


def test_the_first_month_ahead_is_the_next_row_of_the_panel(
    small_market: Path, small_study: Study, market_panel: Panel
) -> None:
    day = "2025-05-31"
    made = true_spells(small_market, day, BEGIN)
    ahead = panel_ahead(small_study.records.tables, made, made[made["event"] == 0], day, BEGIN, months=1)
    later = market_panel.frame.merge(ahead.frame[KEYS], on=KEYS).set_index(KEYS)
    assert len(later) > 20
    first = ahead.frame.set_index(KEYS).loc[later.index]
    pd.testing.assert_frame_equal(first[ahead.names()], later[ahead.names()])


# The least correlation that the records allow on this market of 60 customers: they date failures by delivery, not by
# booking, and a complaint's slowness by the week after it. The truth counts only up to so many of some.
@pytest.mark.parametrize(
    ("covariate", "truth", "most", "least"),
    [
        ("failures_mean", "service_mean", inf, 0.95),
        ("failures_worst", "service_peak", inf, 0.8),
        ("failures_recent", "service_recent", inf, 0.9),
        ("complaints_slow", "complaint_slow", 2, 0.7),
        ("enquiries_late", "answer_late", 3, 0.85),
        ("neglect", "neglect", inf, 0.95),
        ("price_notices", "price_shock", inf, 0.85),
        ("contract_running", "contract_midterm", inf, 0.8),
        ("tenure_years", "tenure_year", inf, 0.999),
        ("ties_structural", "structural", inf, 0.999),
    ],
)
def test_covariates_follow_what_really_was(
    market_panel: Panel, small_market: Path, covariate: str, truth: str, most: float, least: float
) -> None:
    months = pd.read_csv(small_market / "truth" / "months.csv", parse_dates=["month"])
    really = months.assign(**{"from": months["month"]})[["customer_id", "from", truth]].rename(columns={truth: "truth"})
    rows = market_panel.frame[market_panel.frame["months_recorded"] >= 6].merge(really, on=["customer_id", "from"])
    assert rows[covariate].clip(upper=most).corr(rows["truth"]) > least


@pytest.mark.parametrize("day", ["2025-06-30", "2025-06-17"])
def test_read_at_once_the_panel_and_the_months_ahead_are_the_same(
    small_market: Path, small_study: Study, day: str
) -> None:
    tables, made = small_study.at(day).records.tables, true_spells(small_market, day, BEGIN)
    running = made[made["event"] == 0]
    months, coming = panel_and_ahead(tables, made, running, day, BEGIN, 5)
    pd.testing.assert_frame_equal(months.frame, panel(tables, made, day, BEGIN).frame)
    pd.testing.assert_frame_equal(coming.frame, panel_ahead(tables, made, running, day, BEGIN, 5).frame)
