"""Parts are worked on beside each other and come back in order."""

from __future__ import annotations

import threading

import pytest

from clvlab.cores import on_all_cores
from clvlab.refusal import Refused


@pytest.mark.parametrize("numbers", [3, 10**6])
def test_what_is_made_comes_in_the_order_of_the_parts(numbers):
    assert on_all_cores(lambda part: part * 2, range(9), numbers) == [2 * part for part in range(9)]


def test_few_numbers_start_no_thread():
    assert on_all_cores(lambda _: threading.current_thread(), [0], 1) == [threading.current_thread()]


def test_a_refusal_of_one_part_is_that_of_all():
    def refuse(part: int) -> None:
        raise Refused(f"No {part}.")

    with pytest.raises(Refused, match=r"No 0\."):
        on_all_cores(refuse, range(3), 10**6)
