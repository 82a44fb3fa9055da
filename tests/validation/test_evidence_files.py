"""Evidence is read from the tables in which people read it; every judged figure is found, and age is told."""

from __future__ import annotations

import pandas as pd
import pytest
from benchmarks.measure import markdown

from clvlab.refusal import Refused
from clvlab.validation.check import NO, NOT_CHECKED, YES
from clvlab.validation.evidence import (
    ROOMS,
    Evidence,
    evidence_files,
    number_in,
    read_evidence,
    read_sections,
    source_stamp,
)
from clvlab.validation.simulated import FIGURES, Figure, simulated_checks


def test_what_the_benchmarks_write_is_read_back():
    frame = pd.DataFrame({"model": ["Cox", "sBG"], "held": ["89.7%", "359 of 400 (89.8%)"]})
    [found] = read_sections(f"# Title\n\nWords.\n\n## Part\n\n{markdown(frame)}\n\nMore words.")
    assert found.heading == "Part"
    pd.testing.assert_frame_equal(found.frame, frame)


def test_a_figure_is_judged_just_when_its_benchmark_left_evidence():
    there = {path.stem for path in evidence_files()}
    assert there & set(ROOMS), "the project keeps its evidence"
    not_checked = {f.checked for f, check in zip(FIGURES, simulated_checks(read_evidence()), strict=True)
                   if check.within == NOT_CHECKED}  # fmt: skip
    assert not_checked == {figure.checked for figure in FIGURES if figure.place[0] not in there}


def test_a_figure_that_is_gone_from_the_evidence_is_missed():
    whole = {path.stem: path.read_text(encoding="utf-8") for path in evidence_files()}
    for name in sorted({figure.place[0] for figure in FIGURES} & set(whole)):
        with pytest.raises(Refused, match=f"{name}.md has no"):
            simulated_checks(Evidence({name: whole[name].partition("|")[0]}))


def test_every_benchmark_named_has_rooms_to_compare():
    assert {figure.place[0] for figure in FIGURES} <= set(ROOMS)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("2525 of 2800 (90.2%)", 2525 / 2800),
        ("-20.1%", -0.201),
        ("+0.02 ± 0.00", 0.02),
        ("1,682", 1682),
        ("98.8", 98.8),
    ],
)
def test_numbers_in_cells(cell, number):
    assert number_in(cell) == pytest.approx(number)


def test_a_cell_without_a_number_is_refused():
    with pytest.raises(Refused, match="a number should stand"):
        number_in("none")


COVERAGE = Figure("hazard models", "intervals", ("bench", "Part", ("Cox",), "held"), trials="n")


def evidence(held: str) -> Evidence:
    return Evidence(
        {"bench": f"## Part\n\n{markdown(pd.DataFrame({'model': ['Cox'], 'n': [1000], 'held': [held]}))}\n"}
    )


@pytest.mark.parametrize(("held", "within"), [("90.5%", YES), ("874", YES), ("86.0%", NO), ("94.0%", NO)])
def test_intervals_are_judged_by_what_chance_allows_on_both_sides(held, within):
    assert COVERAGE.check(evidence(held)).within == within


def test_without_evidence_a_figure_is_not_checked():
    check = COVERAGE.check(Evidence({}))
    assert (check.figure, check.within) == ("–", NOT_CHECKED)


def test_evidence_without_the_figure_is_refused_not_passed_over():
    with pytest.raises(Refused, match="has no 'held' of Cox under 'Part'"):
        COVERAGE.check(Evidence({"bench": "# Other\n"}))


def test_evidence_says_whether_it_is_missing_unstamped_or_older_than_the_source():
    first, second, third, *_ = ROOMS
    fresh = f"<!-- Written by `make bench`; source: {source_stamp(first)}. -->\n"
    older = "<!-- Written by `make bench`; source: clv 00000000. -->\n"
    missing, changed, unknown = Evidence({first: fresh, second: older, third: "<!-- no stamp -->"}).remarks
    assert first not in missing + changed + unknown
    assert second in changed
    assert third in unknown
    assert "service_market" in missing
