"""A batch leaves what its figures were, and reads what the month before was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from clvlab.opening import open_study
from clvlab.refusal import Refused
from clvlab.reporting import snapshots
from clvlab.reporting.changes import Changes, compared
from clvlab.reporting.snapshots import BEFORE, FAILURE, NOW, before, place_of, read, snapshot_of, take_snapshots
from clvlab.study import Study


@pytest.fixture(scope="module")
def study(small_market):
    return open_study(small_market)


@pytest.fixture(scope="module")
def taken(study):
    return snapshot_of(study, "records")


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """Two customers, and three shipments without money."""
    folder = tmp_path_factory.mktemp("few")
    (folder / "customers.csv").write_text("customer_id,name\nA,=1+1\nB,\n")
    (folder / "shipments.csv").write_text(
        "shipment_id,customer_id,booked_at\n1,A,2025-10-05\n2,A,2025-11-05\n3,B,2025-12-07\n"
    )
    return folder


def job(build: Path, data: Path, **parameters: object) -> SimpleNamespace:
    opened = {"data": str(data), "as_of": "", "seed": 1, "redact": False} | parameters
    return SimpleNamespace(folder=build / "churn", parameters=opened)


def test_it_holds_equity_churn_and_profit_with_their_intervals(taken):
    names = [headline.name for headline in taken.headlines]
    assert names == [
        "customer equity, next 36 months", "customers today", "leave within a year at past rates",
        "expected to leave within 6 months", "profit of the last year", "customers who lose us money in expectation",
    ]  # fmt: skip
    assert taken.headlines[0].lower < taken.headlines[0].value < taken.headlines[0].upper


def test_it_holds_every_customer_with_tier_value_and_place_on_the_list(study, taken):
    rows = taken.customers.set_index("customer_id")
    assert len(rows) == study.records["customers"].count().execute()
    held = study.tiers.history.tiers.iloc[:, -1]
    assert rows["tier"].dropna().to_dict() == study.tiers.labels.to_dict() == held[study.tiers.labels.index].to_dict()
    assert rows.loc[rows["tier"] == "core", "tier_place"].eq(1).all()
    first = study.watch_list.to_frame()["customer_id"].head(3)
    assert rows["watch_place"].nsmallest(3).index.tolist() == first.tolist()


def test_what_is_written_is_read_again(taken, tmp_path):
    taken.write(tmp_path / "now")
    again = read(tmp_path / "now")
    assert again.headlines == taken.headlines
    assert again.as_of == taken.as_of
    assert again.customers.fillna(0).equals(taken.customers.fillna(0))


def test_the_same_snapshot_gives_the_same_files(taken, tmp_path):
    for name in ("one", "two"):
        taken.write(tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.fixture
def tiers_alone(monkeypatch):
    """Snapshots of nothing but tiers: values take long."""
    monkeypatch.setattr(snapshots, "_headlines", lambda _: ())
    for part in ("_values", "_watched"):
        monkeypatch.setattr(snapshots, part, lambda study: pd.DataFrame(index=study.tiers.labels.index))


@pytest.mark.parametrize("cut_on", ["2024-12-31", ""])
def test_no_account_moves_but_at_a_review_and_beyond_the_band(study, tiers_alone, cut_on):
    """Points that stay within the band of a cut move nobody from one month's index to the next."""
    assumptions = replace(study.assumptions, tiers_cut_on=cut_on)
    then = Study(study._everything, assumptions, study.as_of)
    months = [snapshot_of(then.at(day), "records") for day in ("2025-02-28", "2025-03-31", "2025-04-30")]
    at_a_review, between = (Changes(before, after) for before, after in pairwise(months))
    assert len(between.moves()) == between.retold == 0
    assert len(at_a_review.moves())
    if cut_on:
        assert at_a_review.retold == 0
    scheme = then.at("2025-03-31").tiers.scheme
    below = dict(zip(scheme.tiers, scheme.cuts, strict=False))  # the cut below each tier but the last
    above = dict(zip(scheme.tiers[1:], scheme.cuts, strict=True))
    for row in at_a_review.moves().to_dict("records"):
        by = row["points"] - above[row["tier_before"]] if row["up"] else below[row["tier_before"]] - row["points"]
        assert by >= assumptions.tier_band - 1e-4


def test_a_damaged_snapshot_is_refused_and_an_earlier_one_stands_in_for_it(taken, tmp_path):
    for month in ("2025-10", "2025-11"):
        taken.write(tmp_path / month / NOW)
    (tmp_path / "2025-11" / NOW / "figures.json").write_text('{"as_of": "20')
    with pytest.raises(Refused, match="cannot be read; remove that folder and run the batch again"):
        read(tmp_path / "2025-11" / NOW)
    assert before(tmp_path / "2025-12").as_of == taken.as_of
    assert before(tmp_path / "2025-10") is None


def test_records_without_money_leave_what_they_tell(few):
    found = snapshot_of(open_study(few), "records")
    assert found.customers["name"].tolist()[0] == "=1+1", "names are kept as they are; files and pages escape them"
    assert found.customers["value"].isna().all()
    assert "customer equity" not in " ".join(headline.name for headline in found.headlines)


def test_the_first_batch_makes_the_month_before_and_the_next_compares_with_what_was_said(few, tmp_path):
    build = tmp_path / "build"
    take_snapshots([job(build, few, as_of="2025-11-30")])
    take_snapshots([job(build, few), job(build, few), job(build, few, as_of="2025-10-31")])
    places = sorted((build / "snapshots").glob("*/*"))
    assert [place.name for place in places] == ["2025-11", "2025-12"]
    assert read(places[0] / BEFORE).as_of == date(2025, 10, 30)
    assert compared(places[0]).restated is None
    found = compared(places[1])
    assert (found.changes.before.as_of, found.changes.after.as_of) == (date(2025, 11, 30), date(2025, 12, 7))
    assert not found.restated.other_records
    assert found.restated.moves().empty, "the same day on the same records is the same"


def test_the_first_day_of_the_records_has_no_month_before(few, tmp_path):
    take_snapshots([job(tmp_path, few, as_of="2025-10-20")])
    (place,) = (tmp_path / "snapshots").glob("*/*")
    assert sorted(path.name for path in place.iterdir()) == [NOW]


def test_a_failure_is_left_for_the_index_and_stops_nothing(few, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise ValueError("<script>alert(1)</script>")

    monkeypatch.setattr(snapshots, "_fill", fail)
    take_snapshots([job(tmp_path, few)])
    (place,) = (tmp_path / "snapshots").glob("*/*")
    told = json.loads((place / FAILURE).read_text())
    assert told["failed"] == "ValueError: <script>alert(1)</script>"
    assert "Traceback" in told["traceback"]


def test_records_that_cannot_be_used_leave_nothing(tmp_path):
    take_snapshots([job(tmp_path, tmp_path / "nowhere")])
    assert list(tmp_path.iterdir()) == []


def test_pseudonyms_stand_apart_from_names_and_no_text_leaves_the_folder(tmp_path):
    day = date(2025, 12, 31)
    places = {place_of(tmp_path, data, day, redact) for data in ("../../x", "数据", "a/b", "a-b") for redact in (0, 1)}
    assert len(places) == 8
    assert all(place.resolve().is_relative_to(tmp_path / "snapshots") for place in places)
