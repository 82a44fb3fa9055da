"""A study knows what was known on its day and nothing else, and computes every stage once."""

from __future__ import annotations

import csv
import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ibis
import pandas as pd
import pytest

import clvlab
from clvlab.assumptions import Assumptions
from clvlab.cache import CACHE_VARIABLE
from clvlab.opening import open_study
from clvlab.places import find_folder
from clvlab.records.contract import UNDATED, WITH_ROW, Column, Contract
from clvlab.records.contracts import TABLES
from clvlab.records.fingerprint import data_fingerprint
from clvlab.refusal import Refused
from clvlab.study import Study

AS_OF = "2025-06-30"
NEXT_DAY = "2025-07-01"  # ISO texts sort as their days do

Row = dict[str, str]
Files = dict[str, list[Row]]


# Files as text, so that nothing here reads them the way clvlab does -----------------------------------------


def read_files(folder: Path) -> Files:
    files = {}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            files[path.stem] = list(csv.DictReader(file))
    return files


def write_files(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True)
    for name, rows in files.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def is_later(text: str) -> bool:
    return text >= NEXT_DAY


def later_columns(row: Row, contract: Contract) -> list[str]:
    """Return the columns of a row whose values were not yet known on the as-of day, as the contract says."""
    row_is_later = bool(contract.event and is_later(row[contract.event]))
    later = []
    for name in row:
        known = contract.column(name).known
        if known == UNDATED or name == "currency":  # invoices in two currencies without a rate are refused as a whole
            continue
        dates = [] if known == WITH_ROW else [row[date] for date in known if row[date]]
        if is_later(dates[0]) if dates else row_is_later:
            later.append(name)
    return later


def shifted(text: str, days: int) -> str:
    """Return a date or time some days later, in its own form."""
    moved = dt.datetime.fromisoformat(text) + dt.timedelta(days=days)
    return moved.strftime("%Y-%m-%d" if len(text) == 10 else "%Y-%m-%d %H:%M:%S")


def other(text: str, column: Column, days: int, customers: list[str]) -> str:
    """Return another value for a column than the one that stands there."""
    if column.name == "customer_id":
        return customers[(customers.index(text) + 1) % len(customers)] if text in customers else customers[0]
    if column.choices:
        return next(choice for choice in column.choices if choice != text)
    match column.type:
        case "date" | "time":
            return shifted(text, days) if text else shifted(NEXT_DAY, days)
        case "flag":
            return "false" if text == "true" else "true"
        case "number" | "whole":
            return str(int(float(text or 3)) * 2 + 1)
        case _:
            return text + "*"


# Dates that may be filled in afterwards where nothing was known: no other column hangs on them.
FILLED_LATER = {
    "shipments": ("arrived_at", "pod_returned_at"),
    "invoices": ("paid_on", "corrected_on"),
    "complaints": ("first_response_at",),
    "campaigns": ("accepted_on",),
}


def with_later_values_altered(files: Files) -> tuple[Files, dict[str, int]]:
    """Return the files with every value changed that was not known on the as-of day, and how many by table."""
    customers = [row["customer_id"] for row in files["customers"]]
    altered: Files = {}
    changes = {}
    for table, rows in files.items():
        contract = TABLES[table]
        altered[table] = []
        changes[table] = 0
        for number, row in enumerate(rows):
            days = 1 + number % 9
            new = row | {
                name: other(row[name], contract.column(name), days, customers) for name in later_columns(row, contract)
            }
            for name in FILLED_LATER.get(table, ()):
                if not row[name]:
                    new[name] = shifted(NEXT_DAY, days)
            changes[table] += sum(new[name] != row[name] for name in row)
            altered[table].append(new)
    return altered, changes


def with_later_rows_added(files: Files) -> Files:
    """Return the files with, for every row after the as-of day, one more like it and one 200 days later."""
    added: Files = {}
    for table, rows in files.items():
        contract = TABLES[table]
        added[table] = list(rows)
        for days in (0, 200):
            for row in rows:
                if not is_later(row[contract.event]):
                    continue
                new = dict(row)
                for name, text in row.items():
                    column = contract.column(name)
                    if column.type in ("date", "time") and text:
                        new[name] = shifted(text, days)
                    elif (name,) == contract.key:
                        new[name] = f"{text}+{days}"
                added[table].append(new)
    newcomer = files["customers"][0] | {"customer_id": "NEW", "onboarded_on": "2025-09-01", "profile_updated_on": ""}
    added["customers"].append(newcomer)
    # A table of which nothing was known then must not matter either, nor outliers.
    added["shipments"].append(files["shipments"][-1] | {"shipment_id": "FAR", "booked_at": "2031-01-01 00:00:00"})
    return added


def content(study: Study) -> dict[str, pd.DataFrame]:
    """Return every table of a study in source order, and its summary."""
    tables = {
        name: table.execute().sort_values("source_row", ignore_index=True)
        for name, table in study.records.tables.items()
    }
    return tables | {"summary": study.summary}


def assert_same(found: dict[str, pd.DataFrame], wanted: dict[str, pd.DataFrame]) -> None:
    assert list(found) == list(wanted)
    for name in wanted:
        pd.testing.assert_frame_equal(found[name], wanted[name], check_exact=True, obj=name)
        assert found[name].attrs == wanted[name].attrs


@pytest.fixture(scope="module")
def files(small_market) -> Files:
    return read_files(small_market)


@pytest.fixture(scope="module")
def then(small_study) -> dict[str, pd.DataFrame]:
    """What a study as of the day holds."""
    return content(small_study.at(AS_OF))


# The as-of cut ---------------------------------------------------------------------------------------------


def test_the_day_lies_where_something_can_leak(files, then):
    for table in ("shipments", "invoices", "contacts", "surveys"):
        assert 100 < len(then[table]) < len(files[table]) - 100, table
    assert len(then["summary"]) > 30


def test_no_row_and_no_date_after_the_day_is_seen(then):
    midnight = pd.Timestamp(NEXT_DAY)
    for table, frame in then.items():
        if table == "summary":
            continue
        contract = TABLES[table]
        for column in contract.columns:
            dated = column.name == contract.event or column.known == (column.name,)
            if dated and column.name in frame:
                assert not (pd.to_datetime(frame[column.name]) >= midnight).any(), f"{table}.{column.name}"


def test_rows_that_come_later_change_nothing(tmp_path, files, then):
    more = with_later_rows_added(files)
    assert all(len(more[name]) > len(files[name]) for name in ("shipments", "invoices", "customers", "leads"))
    assert_same(content(open_study(write_files(tmp_path / "more", more), as_of=AS_OF)), then)


def test_no_value_that_became_known_later_changes_anything(tmp_path, files, then):
    altered, changes = with_later_values_altered(files)
    assert min(changes.values()) > 10, changes
    study = open_study(write_files(tmp_path / "altered", altered), as_of=AS_OF)
    assert_same(content(study), then)
    whole = content(study.at("2026-06-30"))
    assert not whole["summary"].equals(content(study)["summary"]), "the alteration did not reach the study"


def test_a_value_is_hidden_until_its_own_date(tmp_path):
    study = open_study(tiny(tmp_path / "data"))
    known = {day: study.at(day).records["invoices"].execute() for day in DAYS}
    # A column in which nothing is known yet is not there at all.
    paid = {d: [pd.notna(x) for x in f.get("paid_on", [None] * len(f))] for d, f in known.items()}
    assert paid == {"2025-01-31": [False], "2025-02-28": [False, False], "2025-03-01": [True, False, False]}


def test_studies_of_two_days_do_not_disturb_each_other(small_study, then):
    early = small_study.at("2024-12-31")
    assert len(early.summary) <= len(then["summary"])
    assert_same(content(small_study.at(AS_OF)), then)
    assert small_study.as_of == dt.date(2025, 12, 31)


def test_at_is_the_same_as_opening_as_of_that_day(small_market, small_study, then):
    opened = open_study(small_market, as_of=AS_OF)
    assert_same(content(opened), then)
    assert opened.as_of == small_study.at(AS_OF).as_of == dt.date(2025, 6, 30)
    assert opened.at("2024-12-31").summary.equals(small_study.at(dt.date(2024, 12, 31)).summary)


def test_a_blank_day_is_the_last_one(small_market, small_study):
    for blank in (None, ""):
        assert open_study(small_market, as_of=blank).as_of == small_study.as_of


def test_a_later_row_does_not_take_the_key_of_an_earlier_one(tmp_path):
    folder = tiny(tmp_path / "data")
    rows = (folder / "invoices.csv").read_text().splitlines()
    (folder / "invoices.csv").write_text("\n".join([rows[0], "3,007,2025-06-01,5,", *rows[1:]]) + "\n")
    assert list(open_study(folder, as_of="2025-03-31").summary.index) == ["007", "b"]


@pytest.mark.parametrize("day", ["2023-12-31", "1999-01-01"])
def test_a_day_before_anything_happened_is_refused(small_market, day):
    with pytest.raises(Refused, match=r"before the first shipment or invoice .*give a later day"):
        open_study(small_market, as_of=day)


def test_the_refusal_names_the_first_day_as_a_day(small_market):
    with pytest.raises(Refused, match=r"\(\d{4}-\d\d-\d\d\)"):
        open_study(small_market, as_of="1999-01-01")


def test_at_refuses_such_a_day_too(small_study):
    with pytest.raises(Refused, match="give a later day"):
        small_study.at("1999-01-01")


@pytest.mark.parametrize("day", ["31/12/2025", "2025-02-30", "soon"])
def test_a_day_that_is_none_is_refused(small_market, day):
    with pytest.raises(Refused, match="2025-12-31"):
        open_study(small_market, as_of=day)


def test_a_study_says_how_much_was_known_on_its_day(small_study, then):
    assert f"as of {AS_OF}" in repr(small_study.at(AS_OF))
    assert f"{len(then['shipments']):,} shipments" in repr(small_study.at(AS_OF))


# Who is leaving --------------------------------------------------------------------------------------------


def leaving(study: Study) -> dict[str, pd.DataFrame]:
    """Return what a study says of who is leaving, and what it rests on."""
    found = study.churn
    return {"spells": found.spells, "panel": found.panel.frame, "prospects": found.prospects.frame}


@pytest.fixture(scope="module")
def leaving_then(small_study) -> dict[str, pd.DataFrame]:
    return leaving(small_study.at(AS_OF))


def test_nothing_that_became_known_later_changes_who_is_leaving(tmp_path, files, leaving_then):
    """Later rows are added and later values altered, in one market."""
    altered, _ = with_later_values_altered(with_later_rows_added(files))
    study = open_study(write_files(tmp_path / "altered", altered), as_of=AS_OF)
    assert_same(leaving(study), leaving_then)
    assert not study.at("2025-12-31").churn.spells.equals(leaving_then["spells"])


def test_who_is_leaving_is_the_same_in_records_that_end_on_the_day(tmp_path, files, leaving_then):
    """Rows of later days cut away, and values that became known later left blank."""
    cut: Files = {}
    for table, rows in files.items():
        contract = TABLES[table]
        kept = [row for row in rows if not (contract.event and is_later(row[contract.event]))]
        cut[table] = [row | dict.fromkeys(later_columns(row, contract), "") for row in kept]
    assert sum(map(len, cut.values())) < 0.9 * sum(map(len, files.values()))
    assert_same(leaving(open_study(write_files(tmp_path / "cut", cut), as_of=AS_OF)), leaving_then)


def test_the_truth_ends_with_the_day(small_study):
    for name, date in (("leavings", "left_on"), ("months", "month")):
        known, whole = small_study.at(AS_OF).truth(name), small_study.truth(name)
        assert known[date].max() <= pd.Timestamp(AS_OF)
        assert len(known) == (whole[date] <= AS_OF).sum() < len(whole)
    back = small_study.at(AS_OF).truth("leavings")["returned_on"].dropna()
    assert (back <= pd.Timestamp(AS_OF)).all()


def test_real_customers_have_no_truth(tmp_path):
    assert open_study(tiny(tmp_path / "data")).truth("leavings") is None


# Stages, computed once -------------------------------------------------------------------------------------

DAYS = ["2025-01-31", "2025-02-28", "2025-03-01"]


INVOICES = """\
1,007,2025-01-15,10,2025-03-01
2,007,2025-02-12,30,
3,b,2025-03-01,50,
"""


def tiny(folder: Path) -> Path:
    """Write records of two customers and three invoices."""
    folder.mkdir(parents=True)
    (folder / "customers.csv").write_text("customer_id\n007\nb\n")
    (folder / "invoices.csv").write_text(f"invoice_id,customer_id,issued_on,amount,paid_on\n{INVOICES}")
    return folder


def test_the_first_day_seen_is_the_whole_day(tmp_path):
    study = open_study(tiny(tmp_path / "data"), as_of="2025-02-12")
    assert study.summary.to_dict("index") == {"007": {"frequency": 1, "recency": 4.0, "T": 4.0, "monetary_value": 30.0}}


def stages(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.name.startswith("summary-")}


def in_a_new_cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_stage_is_computed_once_and_read_from_then_on(tmp_path, monkeypatch):
    cache = in_a_new_cache(tmp_path, monkeypatch)
    folder = tiny(tmp_path / "data")
    first = open_study(folder).summary
    with monkeypatch.context() as patch:
        patch.setattr("clvlab.study.transaction_summary", None)
        patch.setattr("clvlab.opening.take_in_folder", None)
        again = open_study(folder).summary
        moved = open_study(Path(shutil.copytree(folder, tmp_path / "moved"))).summary
    for found in (again, moved):
        pd.testing.assert_frame_equal(found, first)
        assert found.attrs == first.attrs
    assert len(stages(cache)) == 1


def other_amount(folder: Path) -> None:
    path = folder / "invoices.csv"
    path.write_text(path.read_text().replace("30", "31"))


def other_assumption(folder: Path) -> None:
    (folder / "clvlab.toml").write_text("dormant_after_months = 4\n")


def another_customer(folder: Path) -> None:
    with (folder / "customers.csv").open("a") as file:
        file.write("c\n")


@pytest.mark.parametrize("change", [other_amount, other_assumption, another_customer])
def test_any_change_of_data_or_assumptions_is_another_key(tmp_path, change: Callable[[Path], None]):
    folder = tiny(tmp_path / "data")
    before = data_fingerprint(folder)
    assert data_fingerprint(folder) == before
    change(folder)
    assert data_fingerprint(folder) != before


def test_files_that_are_no_records_do_not_matter(tmp_path):
    folder = tiny(tmp_path / "data")
    before = data_fingerprint(folder)
    (folder / "notes.txt").write_text("to do")
    (folder / "quarantine").mkdir()
    assert data_fingerprint(folder) == before


def test_the_same_file_as_another_table_is_other_data(tmp_path):
    folder = tiny(tmp_path / "data")
    (folder / "shipments").mkdir()
    (folder / "invoices.csv").rename(folder / "shipments" / "2025.csv")
    as_shipments = data_fingerprint(folder)
    (folder / "shipments").rename(folder / "invoices")
    assert data_fingerprint(folder) != as_shipments


def test_assumptions_given_count_before_those_in_the_folder(tmp_path):
    folder = tiny(tmp_path / "data")
    other_assumption(folder)
    assert open_study(folder).assumptions == Assumptions(dormant_after_months=4)
    assert open_study(folder, assumptions=Assumptions(currency="EUR")).currency == "EUR"


SUMMARY = """
import sys, clvlab
study = clvlab.open_study(sys.argv[1])
print(clvlab.__file__)
print(study.summary.to_csv())
"""


def summary_by(package: Path, data: Path, cache: Path) -> str:
    """Return the summary as the copy of the package in a folder computes it."""
    environment = os.environ | {"PYTHONPATH": str(package), CACHE_VARIABLE: str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", SUMMARY, str(data)], env=environment, capture_output=True, text=True, check=True
    )
    place, _, table = run.stdout.partition("\n")
    assert Path(place).is_relative_to(package), "the copy was not imported"
    return table.strip()


def test_a_change_in_a_function_that_a_stage_calls_computes_it_anew(tmp_path):
    data, cache = tiny(tmp_path / "data"), tmp_path / "cache"
    for name in ("one", "two"):
        shutil.copytree(
            Path(clvlab.__file__).parent, tmp_path / name / "clvlab", ignore=shutil.ignore_patterns("__pycache__")
        )
    before = summary_by(tmp_path / "one", data, cache)
    kept = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert summary_by(tmp_path / "two", data, cache) == before
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == kept, "an unchanged copy made it anew"

    periods = tmp_path / "two" / "clvlab" / "periods.py"
    called = "    return days / days_per(period)\n"
    source = periods.read_text()
    assert source.count(called) == 1
    periods.write_text(source.replace(called, "    return 2 * days / days_per(period)\n"))
    after = summary_by(tmp_path / "two", data, cache)
    assert len(stages(cache)) == 2
    weeks = [float(line.split(",")[3]) for line in before.splitlines()[1:]]
    assert [float(line.split(",")[3]) for line in after.splitlines()[1:]] == [2 * week for week in weeks] != weeks


# Where data come from --------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    tiny(folder / "data" / "tiny")
    (folder / "notebooks" / "deep").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    return folder


@pytest.mark.parametrize("place", [".", "notebooks", "notebooks/deep", "data/tiny"])
def test_a_relative_folder_is_found_from_any_folder_of_the_project(project, monkeypatch, place):
    monkeypatch.chdir(project / place)
    assert find_folder("data/tiny") == project / "data" / "tiny"
    assert len(open_study("data/tiny").summary) == 2


def test_a_relative_folder_is_not_looked_for_above_the_project(project, monkeypatch):
    tiny(project.parent / "elsewhere")
    monkeypatch.chdir(project / "notebooks")
    with pytest.raises(Refused, match="elsewhere is no folder here"):
        find_folder("elsewhere")


def test_the_nearest_folder_counts(project, monkeypatch):
    tiny(project / "notebooks" / "data" / "tiny")
    monkeypatch.chdir(project / "notebooks")
    assert find_folder("data/tiny") == project / "notebooks" / "data" / "tiny"


@pytest.mark.parametrize("data", ["nowhere", "/nowhere/at/all", "data/tiny/invoices.csv"])
def test_what_is_no_folder_is_refused(project, monkeypatch, data):
    monkeypatch.chdir(project)
    with pytest.raises(Refused, match="is no folder here; give the folder with your tables"):
        open_study(data)


def test_an_ibis_connection_gives_the_same_results_as_the_folder(small_market, small_study):
    engine = ibis.duckdb.connect()
    for name in ("customers", "shipments"):
        engine.create_table(name, engine.read_csv(small_market / f"{name}.csv"))
    before = engine.list_tables()
    study = open_study(engine, as_of=AS_OF)
    then = small_study.at(AS_OF)
    pd.testing.assert_frame_equal(study.summary, then.summary, check_exact=True)
    assert study.summary.attrs == then.summary.attrs
    sums = then.records.quarantine.sums
    pd.testing.assert_frame_equal(study.records.quarantine.sums, sums[sums["table"].isin(engine.list_tables())])
    assert repr(study).startswith("Study as of 2025-06-30: 51 customers, ")
    assert engine.list_tables() == before, "a user's database is only read"


def test_a_study_shows_its_day_and_its_tables(small_study):
    assert repr(small_study).startswith("Study as of 2025-12-31: 60 customers, ")
    assert small_study._repr_html_() == f'<p class="note">{small_study!r}.</p>'


# What customers earn, and how they are graded ----------------------------------------------------------------

# Columns of money, by table.
MONEY = {
    "shipments": ("revenue", "direct_cost", "rebate", "claim_paid"),
    "invoices": ("amount",),
    "customers": ("acquisition_cost", "credit_limit", "logistics_spend"),
    "contacts": ("cost",),
    "leads": ("cost", "quoted_price"),
    "campaigns": ("cost",),
}


def graded(study: Study) -> dict[str, pd.DataFrame]:
    """Return what every customer earned, its tier, and the classes that need no model."""
    return {
        "margins": study.margins.to_frame(),
        "tiers": study.tiers.to_frame(),
        "matrix": study.tiers.matrix.to_frame(),
        "ABC": study.classes.abc().to_frame(),
        "pyramid": study.classes.pyramid.to_frame(),
        "lifecycle": study.classes.lifecycle.to_frame(),
    }


def acted_on(study: Study) -> dict[str, pd.DataFrame]:
    """Return what rests on models as well: all classes, and the list that every account stands on."""
    lists = study.playbook.to_frame()[["customer_id", "list"]]
    return {"classes": study.classes.to_frame(), "lists": lists.sort_values("customer_id", ignore_index=True)}


def test_nothing_that_became_known_later_changes_what_customers_earned_or_how_they_are_graded(
    tmp_path, files, small_market, small_study
):
    altered, _ = with_later_values_altered(with_later_rows_added(files))
    folder = write_files(tmp_path / "altered", altered)
    shutil.copy(small_market / "clvlab.toml", folder)
    study, then = open_study(folder, as_of=AS_OF), small_study.at(AS_OF)
    assert_same(graded(study), graded(then))
    assert not study.at("2026-06-30").tiers.labels.equals(then.tiers.labels), "the alteration did not reach the tiers"


def test_rows_in_another_order_and_money_in_a_thousandth_of_the_unit_grade_the_same(tmp_path, files, small_study):
    dearer = {
        table: [row | {c: repr(float(row[c]) * 1000) for c in MONEY.get(table, ()) if row[c]} for row in reversed(rows)]
        for table, rows in files.items()
    }
    prices = {
        name: {key: 1000 * cost for key, cost in getattr(small_study.assumptions, name).items()}
        for name in ("unit_costs", "entitlement_costs")
    }
    folder = write_files(tmp_path / "dearer", dearer)
    study = open_study(folder, assumptions=replace(small_study.assumptions, **prices))
    earned = small_study.margins.frame * 1000
    pd.testing.assert_frame_equal(study.margins.frame, earned, rtol=1e-9, atol=1e-2)
    assert study.tiers.labels.equals(small_study.tiers.labels)
    assert study.tiers.matrix.labels.equals(small_study.tiers.matrix.labels)
    for name, was in acted_on(small_study).items():
        pd.testing.assert_frame_equal(acted_on(study)[name], was, obj=name)


def test_customers_by_other_codes_have_the_same_tiers_and_classes(tmp_path, files, small_market, small_study):
    """Of the quadrants an account at a cut may become undecided: its draws are others."""
    codes = {row["customer_id"]: f"K{29 * i % 61:02}" for i, row in enumerate(files["customers"])}
    assert len(set(codes.values())) == len(codes)
    whose = ("customer_id", "parent_id", "bill_to_id", "referred_by", "consignee_id")
    renamed = {
        table: [row | {c: codes.get(row[c], row[c]) for c in whose if c in row} for row in rows]
        for table, rows in files.items()
    }
    folder = write_files(tmp_path / "renamed", renamed)
    shutil.copy(small_market / "clvlab.toml", folder)
    study = open_study(folder)
    for name in ("abc", "tiers"):
        was, now = ((x.classes.abc() if name == "abc" else x.tiers).to_frame() for x in (small_study, study))
        was = was.assign(customer_id=was["customer_id"].map(codes)).sort_values("customer_id", ignore_index=True)
        pd.testing.assert_frame_equal(now.sort_values("customer_id", ignore_index=True), was, obj=name)


def test_what_customers_earned_adds_up_to_the_files(small_market, small_study):
    """Every line that is counted row by row, from the files as pandas reads them, without the rows set aside."""
    sent, complaints, contacts, campaigns, customers = (
        pd.read_csv(small_market / f"{name}.csv")
        for name in ("shipments", "complaints", "contacts", "campaigns", "customers")
    )
    sent = sent.drop_duplicates("shipment_id")
    sent = sent[sent["customer_id"].isin(customers["customer_id"])]
    earned = sent[~sent["refused"] & sent["revenue"].notna() & sent["direct_cost"].notna()]
    needs = customers.set_index("customer_id")["requirements"].dropna().str.split(";").str.len()
    price, times = small_study.assumptions.unit_costs, contacts["kind"].value_counts()
    came = customers[pd.to_datetime(customers["onboarded_on"]) >= sent["booked_at"].min()[:10]]
    there = {
        "revenue": earned["revenue"].sum(),
        "rebate": earned["rebate"].sum(),
        "direct_cost": earned["direct_cost"].sum(),
        "claims_paid": earned["claim_paid"].sum(),
        "serving_order": price["order"] * len(sent),
        "serving_urgent_order": price["urgent_order"] * sent["urgent"].sum(),
        "serving_special_requirement": price["special_requirement"] * sent["customer_id"].map(needs).sum(),
        "serving_claim": price["claim"] * (sent["claim_paid"] > 0).sum(),
        "serving_complaint": price["complaint"] * len(complaints),
        "serving_campaign": campaigns["cost"].sum(),
        "acquisition_cost": came["acquisition_cost"].sum(),
    } | {f"serving_{kind.replace(' ', '_')}": price[kind.replace(" ", "_")] * n for kind, n in times.items()}
    total = small_study.margins.total
    for line, amount in there.items():
        assert total[line] == pytest.approx(amount, abs=1e-3), line
    assert total["cost_to_serve"] == pytest.approx(sum(there[name] for name in there if name.startswith("serving_")))
    costs = total[["rebate", "direct_cost", "claims_paid", "cost_to_serve", "credit_cost", "acquisition_cost"]]
    assert total["profit"] == pytest.approx(total["revenue"] - costs.sum())


# A session of its own --------------------------------------------------------------------------------------

OPENED = """
import gc, sys
from clvlab import open_study
open_study(sys.argv[1])
frozen = gc.get_freeze_count()
open_study(sys.argv[1], as_of="2025-11-30")
print(frozen > 10_000, gc.get_freeze_count() <= frozen, gc.isenabled())
print(*sorted({name.split(".")[1] for name in sys.modules if name.startswith("clvlab.")}))
"""


@pytest.fixture(scope="module")
def opened_alone(small_market) -> list[str]:
    """What a process says that opens the small market twice."""
    done = subprocess.run([sys.executable, "-c", OPENED, str(small_market)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_collector_is_told_once_what_stays(opened_alone):
    assert opened_alone[0] == "True True True"


def test_rooms_that_are_not_entered_are_not_read(opened_alone):
    rooms = opened_alone[1].split()
    assert {"tiers", "churn", "clv", "features", "records"} <= set(rooms)
    assert {"service_level", "validation", "reporting"}.isdisjoint(rooms)
