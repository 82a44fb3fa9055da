"""Shift-Tab: what a tooltip says, and that it computes nothing."""

from __future__ import annotations

import re
from functools import cached_property

import pandas as pd
import pytest

import clvlab
from clvlab.clv import ParetoNBD
from clvlab.features import transaction_summary
from clvlab.lab.tooltips import found_without_computing
from clvlab.results import Table


class Analysis:
    """An analysis with stages."""

    @cached_property
    def table(self) -> Table:
        """What there is, as a table."""
        raise AssertionError("computed")

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What there is, as a data frame."""
        return pd.DataFrame({"a": [1]})

    @property
    def currency(self) -> str:
        """The currency."""
        raise AssertionError("computed")


@pytest.fixture
def help_on(shell, monkeypatch):
    monkeypatch.setattr(shell, "_getattr_property", found_without_computing)

    def tooltip(code: str, **names: object) -> str:
        shell.push(names)
        return re.sub(r"\x1b\[[0-9;]*m", "", shell.object_inspect_mime(code)["text/plain"])

    return tooltip


def test_a_stage_is_described_without_computing_it(help_on):
    text = help_on("analysis.table", analysis=Analysis())
    assert "What there is, as a table." in text
    assert "Gives Table." in text
    assert "A data frame shown as a result" in text, "what is given, with its parameters"
    assert "computed when asked for" in text
    assert "0x" not in text


def test_what_is_no_result_of_ours_is_not_described(help_on):
    analysis = Analysis()
    assert "Two-dimensional" not in help_on("analysis.frame", analysis=analysis)
    assert vars(analysis) == {}


def test_a_stage_that_is_computed_is_described_as_what_it_is(help_on):
    analysis = Analysis()
    assert len(analysis.frame) == 1
    assert "Two-dimensional" in help_on("analysis.frame", analysis=analysis)


def test_a_property_is_described_without_computing_it(help_on):
    text = help_on("analysis.currency", analysis=Analysis())
    assert "The currency." in text
    assert "0x" not in text


STAGES = [n for n, a in vars(clvlab.Study).items() if isinstance(a, cached_property) and not n.startswith("_")]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_of_a_study_tells_what_it_answers(help_on, stage):
    study = object.__new__(clvlab.Study)  # with nothing in it: no stage could be computed
    assert vars(clvlab.Study)[stage].__doc__.splitlines()[0] in help_on(f"study.{stage}", study=study)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("open_study", ["open_study(", "data: 'str | Path", "Parameters", "as_of", "Raises", "Examples"]),
        ("transaction_summary", ["transaction_summary(", "Parameters", "Returns", "frequency", "recency"]),
        ("ParetoNBD", ["Init signature", "Parameters", "Examples"]),
        ("model.fit", ["model.fit(", "Parameters", "recency"]),
    ],
)
def test_the_public_functions_tell_what_they_take_and_give(help_on, code, says):
    found = {"open_study": clvlab.open_study, "transaction_summary": transaction_summary}
    text = help_on(code, ParetoNBD=ParetoNBD, model=ParetoNBD(), **found)
    assert [part for part in says if part not in text] == []
