"""The checks that close a notebook: they pass in silence with a table, and stop a report that contradicts itself."""

from __future__ import annotations

import pytest

from clvlab.lab import closing_checks
from clvlab.refusal import Refused

PARAMETERS = 'data: str = "data/demo"  # folder\nmost: int = 10  # 1..50; how many are listed'


@pytest.fixture
def ran(shell, monkeypatch):
    """Cells that ran in the notebook at hand."""
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)

    def run(*cells: str) -> None:
        shell.user_ns["In"][:] = ["", *cells]

    return run


def test_rows_in_are_accepted_or_set_aside_and_every_parameter_is_read(ran, study_of):
    ran(PARAMETERS, "%load_ext clvlab\nstudy = open(data)", "study.top(most)")
    found = closing_checks(study_of((10, 8, 2), (5, 5, 0)), {}).to_frame().set_index("check")
    assert found.loc["rows in, and accepted + set aside"].tolist() == [15, 15]
    assert found.loc["parameters declared, and read"].tolist() == [2, 2]


def test_a_parameter_that_no_cell_reads_stops_the_report(ran, study_of):
    ran(PARAMETERS, "study = open(data)")
    with pytest.raises(Refused, match="No cell reads the parameter most"):
        closing_checks(study_of((1, 1, 0)), {})


def test_the_cell_that_papermill_puts_in_is_no_reading(ran, study_of):
    ran(PARAMETERS, "# Parameters\nmost = 5\n", "study = open(data)")
    with pytest.raises(Refused, match="parameter most"):
        closing_checks(study_of((1, 1, 0)), {})


def test_what_is_declared_last_counts_when_the_cell_was_edited(ran, study_of):
    ran(PARAMETERS, "open(data)", 'data: str = "x"  # folder', "this failed (")
    assert closing_checks(study_of((1, 1, 0)), {}).to_frame().iloc[1, 1] == 1


def test_two_ways_to_a_figure_must_agree_but_for_rounding(ran, study_of):
    study = study_of((1, 1, 0))
    assert len(closing_checks(study, {"revenue": (0.1 + 0.2, 0.3)}).to_frame()) == 2
    with pytest.raises(Refused, match=r"closing check of revenue fails: 1,000\.00 one way, 1,000\.01 the other"):
        closing_checks(study, {"revenue": (1000.0, 1000.01)})


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
def test_a_figure_that_is_not_there_agrees_with_none(ran, study_of, lost):
    with pytest.raises(Refused, match="revenue"):
        closing_checks(study_of((1, 1, 0)), {"revenue": (lost, 1.0)})


def test_rows_that_got_lost_stop_the_report(ran, study_of):
    with pytest.raises(Refused, match="rows in, and accepted"):
        closing_checks(study_of((10, 8, 1)), {})


def test_outside_a_notebook_there_are_no_parameters(monkeypatch, study_of):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    assert len(closing_checks(study_of((1, 1, 0)), {}).to_frame()) == 1
