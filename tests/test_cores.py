"""Parts are fetched and worked on beside each other and come back in order."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from clvlab.cores import fetched_ahead, on_all_cores
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


@pytest.mark.parametrize("numbers", [3, 10**6])
def test_parts_fetched_ahead_come_in_order_up_to_the_last(numbers):
    assert [*fetched_ahead(iter(range(9)), numbers)] == [*range(9)]
    assert [*fetched_ahead(iter([]), numbers)] == []


def test_the_next_part_is_fetched_while_one_is_worked_on():
    fetched = [threading.Event() for _ in range(3)]
    parts = (event for event in fetched if event.set() is None)
    coming = fetched_ahead(parts, 10**6)
    assert next(coming) is fetched[0]
    assert fetched[1].wait(timeout=60)
    assert not fetched[2].is_set()
    assert [*coming] == fetched[1:]


def test_a_part_that_cannot_be_fetched_is_told_after_those_before_it():
    def parts():
        yield 1
        raise Refused("No more.")

    coming = fetched_ahead(parts(), 10**6)
    assert next(coming) == 1
    with pytest.raises(Refused, match=r"No more\."):
        next(coming)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a system that keeps a process to some cores")
def test_only_cores_that_the_process_may_use_count():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); from clvlab.cores import AT_ONCE, CORES"
    done = subprocess.run([sys.executable, "-c", f"{code}; print(CORES, AT_ONCE)"], capture_output=True, text=True)
    assert done.stdout.split() == ["1", "1"], done.stderr
