"""What changed between two months: figures, tiers and names on the watch list."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from clvlab.reporting.changes import Change, Changes, compared
from clvlab.reporting.snapshots import BEFORE, NOW, Snapshot
from clvlab.results import Headline

PLACES = {"core": 1, "important": 2, "regular": 3}
NOVEMBER, DECEMBER = date(2025, 11, 30), date(2025, 12, 31)
REVIEWS = {NOVEMBER: "2025-Q3", DECEMBER: "2025-Q4"}


def customers(as_of: date, *rows: tuple) -> pd.DataFrame:
    """Return customers as a snapshot holds them, from (id, name, value, tier, place on the watch list).

    All got their tier at the last review, A and B in exchange for another one.
    """
    frame = pd.DataFrame(rows, columns=["customer_id", "name", "value", "tier", "watch_place"])
    frame = frame.assign(value_lower=frame["value"] - 1, value_upper=frame["value"] + 1)
    frame = frame.assign(points=frame["tier"].map(dict.fromkeys(PLACES, 50.0)), points_left=40.0)
    frame = frame.assign(since=frame["tier"].map(dict.fromkeys(PLACES, REVIEWS[as_of])))
    frame = frame.assign(tier_left=frame["customer_id"].map({"A": "core", "B": "regular"}))
    frame = frame.assign(tier_place=frame["tier"].map(PLACES), at_stake=10.0, at_stake_lower=5.0, at_stake_upper=20.0)
    return frame.assign(likely_cause="not clear").astype({"watch_place": "float64", "tier_place": "float64"})


def snapshot(as_of: date, *rows: tuple, equity: float = 100.0, records: str = "r", method: str = "m") -> Snapshot:
    headline = Headline("customer equity, next 36 months", equity, "CNY", equity - 20, equity + 20)
    return Snapshot(as_of, records, "CNY", method, (headline,), customers(as_of, *rows))


BEFORE_ROWS = (
    ("A", "Anton", 9.0, "core", 1),
    ("B", "Berta", 5.0, "regular", 31),
    ("C", "Cäsar", 7.0, "important", None),
    ("D", "Dora", 1.0, None, 2),
)
AFTER_ROWS = (
    ("A", "Anton", 9.0, "important", 2),
    ("B", "Berta & Co", 5.0, "important", 1),
    ("C", "Cäsar", 7.0, "important", 30),
    ("D", "Dora", 1.0, "regular", 31),
    ("E", "Emil", 2.0, "core", 3),
)


@pytest.fixture
def changes() -> Changes:
    return Changes(snapshot(NOVEMBER, *BEFORE_ROWS), snapshot(DECEMBER, *AFTER_ROWS, equity=130.0))


def test_a_figure_stands_beside_the_same_one_of_the_month_before(changes):
    (change,) = changes.figures
    assert (change.difference, change.within_interval) == (30.0, False)


def test_a_figure_in_other_terms_has_nothing_to_be_compared_with():
    """A horizon of 24 months instead of 36, or another currency, is another figure."""
    now = Snapshot(
        DECEMBER, "r", "CNY", "m", (Headline("customer equity, next 24 months", 1.0, "CNY"),), customers(DECEMBER)
    )
    (change,) = Changes(snapshot(NOVEMBER), now).figures
    assert change.before is None
    assert change.difference is None
    assert change.within_interval is None


@pytest.mark.parametrize("before", [None, "INR"])
def test_what_is_no_number_has_no_difference(before):
    assert Change(Headline("money in", 1.0), Headline("money in", before)).difference is None


def test_the_difference_is_that_of_the_figures_shown():
    """186 and 172 lie 14 apart, though 186.4 and 171.6 lie 15 apart."""
    assert Change(Headline("leave", 171.6), Headline("leave", 186.4)).difference == -14


def test_who_changed_tier_stands_with_the_highest_value_first(changes):
    moves = changes.moves()
    assert moves[["customer_id", "tier_before", "tier", "up"]].to_numpy().tolist() == [
        ["A", "core", "important", False],
        ["B", "regular", "important", True],
    ]


def test_whose_tier_was_not_reviewed_on_both_days_has_not_moved(changes):
    """A newcomer has the tier of its points until its first review."""
    customers = changes.before.customers
    customers.loc[customers["customer_id"] == "A", "since"] = None
    assert changes.moves()["customer_id"].tolist() == ["B"]
    assert changes.retold == 0


def test_who_is_in_another_tier_without_having_moved_is_counted_apart(changes):
    """The cuts were learnt anew, or the records restated."""
    customers = changes.after.customers
    customers.loc[customers["customer_id"] == "A", "since"] = "2025-Q3"
    assert changes.moves()["customer_id"].tolist() == ["B"]
    assert changes.retold == 1


def test_who_moved_twice_since_has_moved(changes):
    customers = changes.after.customers
    customers.loc[customers["customer_id"] == "A", "tier_left"] = "important"
    assert changes.moves()["customer_id"].tolist() == ["A", "B"]
    assert changes.retold == 0


def test_moves_are_counted_from_the_best_tier_to_the_last(changes):
    counts = changes.move_counts()
    assert list(counts.index) == list(counts.columns) == ["core", "important", "regular"]
    assert counts.to_numpy().tolist() == [[0, 1, 0], [0, 1, 0], [0, 1, 0]]


def test_who_comes_among_the_first_thirty_is_new_wherever_it_stood(changes):
    new = changes.new_on_list()
    assert new["customer_id"].tolist() == ["B", "E", "C"]
    assert new["watch_place"].tolist() == [1, 3, 30]
    assert new["watch_place_before"].fillna(0).tolist() == [31, 0, 0]


def test_names_are_those_of_today(changes):
    """A redacted batch shows no name of a month that was not."""
    assert changes.moves()["name"].tolist() == ["Anton", "Berta & Co"]


def test_new_customers_are_counted(changes):
    assert changes.new_customers == 1


def test_nothing_changes_between_a_snapshot_and_itself():
    same = Changes(snapshot(NOVEMBER, *BEFORE_ROWS), snapshot(NOVEMBER, *BEFORE_ROWS))
    assert len(same.moves()) == len(same.new_on_list()) == same.new_customers == 0
    assert [change.difference for change in same.figures] == [0.0]
    assert (same.other_method, same.other_records) == (False, False)


def test_without_tiers_or_a_watch_list_there_is_nothing_to_tell():
    bare = snapshot(DECEMBER, ("A", "Anton", None, None, None))
    told = Changes(snapshot(NOVEMBER, *BEFORE_ROWS), bare)
    assert (told.had_tiers, told.had_list) == (False, False)
    assert told.moves().empty
    assert told.new_on_list().empty


def leave(folder, now: Snapshot, before: Snapshot | None) -> None:
    now.write(folder / NOW)
    if before is not None:
        before.write(folder / BEFORE)


def test_the_first_month_starts_from_todays_records(tmp_path):
    leave(tmp_path / "2025-12", snapshot(DECEMBER, equity=130.0), snapshot(NOVEMBER, equity=110.0))
    found = compared(tmp_path / "2025-12")
    assert found.changes.figures[0].difference == 20.0
    assert found.restated is None


def test_later_ones_start_from_what_was_reported_and_tell_restatements_apart(tmp_path):
    leave(tmp_path / "2025-11", snapshot(NOVEMBER, equity=100.0), None)
    leave(
        tmp_path / "2025-12",
        snapshot(DECEMBER, equity=130.0, records="s"),
        snapshot(NOVEMBER, equity=110.0, records="s"),
    )
    found = compared(tmp_path / "2025-12")
    assert found.changes.figures[0].difference == 30.0
    assert found.restated.figures[0].difference == 10.0
    assert found.restated.other_records


def test_where_the_records_begin_there_is_no_month_before(tmp_path):
    leave(tmp_path / "2025-12", snapshot(DECEMBER), None)
    assert compared(tmp_path / "2025-12") is None
