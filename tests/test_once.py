"""A property that is computed once, a refusal included."""

from __future__ import annotations

import doctest

import pytest

import clvlab.once
from clvlab.once import once
from clvlab.refusal import Refused


def test_the_example_holds():
    outcome = doctest.testmod(clvlab.once)
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_a_refusal_is_found_once_and_said_every_time():
    asked = []

    class Base:
        @once
        def slow(self) -> int:
            asked.append(1)
            raise Refused("Too little is known.")

    base = Base()
    for _ in range(3):
        with pytest.raises(Refused, match="Too little is known"):
            _ = base.slow
    assert len(asked) == 1


def test_each_object_has_an_answer_of_its_own():
    class Counted:
        def __init__(self, number: int) -> None:
            self.number = number

        @once
        def doubled(self) -> int:
            return 2 * self.number

    assert (Counted(1).doubled, Counted(2).doubled) == (2, 4)
