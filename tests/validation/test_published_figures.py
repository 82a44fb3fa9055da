"""Printed figures come out again, to the last digit."""

from __future__ import annotations

import pytest

from clvlab.validation.check import ALLOCATION, CURVES, HAZARDS, PURCHASES, RENEWALS, SATISFACTION, TIERS, YES
from clvlab.validation.published.printed import agrees
from clvlab.validation.published.recompute import published_checks


def test_every_printed_figure_comes_out_again():
    checks = published_checks()
    assert [check for check in checks if check.within != YES] == []
    assert {check.model for check in checks} == {PURCHASES, RENEWALS, CURVES, HAZARDS, SATISFACTION, ALLOCATION, TIERS}
    assert all(check.where for check in checks)


@pytest.mark.parametrize(
    ("ours", "printed", "same"), [(0.7044, "0.704", True), (0.7046, "0.704", False), (-1680.2649, "-1680.265", True)]
)
def test_a_figure_agrees_to_half_a_unit_of_the_last_digit(ours, printed, same):
    assert agrees(ours, printed) is same
