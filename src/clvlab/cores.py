"""Work on much data, on several cores at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Made = TypeVar("Made")
# Where there is less to work on, threads take longer to start than they save.
_MUCH = 2**16
# Those that this process may use, which a scheduler may have told; not every system knows.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# All of them, but four at most: more gain little, and what each works on takes memory of its own.
AT_ONCE = min(CORES, 4)


def on_all_cores(work: Callable[[Part], Made], parts: Iterable[Part], size: int) -> list[Made]:
    """Return what is made of each part, in order.

    Parameters
    ----------
    work
        Work that touches nothing of the other parts' and runs beside it: NumPy, SciPy and the engine let go of the
        interpreter meanwhile.
    parts
        What it is given, one at a time.
    size
        How many numbers or bytes there are to work on; few are worked on by one core.

    Examples
    --------
    >>> on_all_cores(abs, [-1, 2], 2)
    [1, 2]
    """
    if size < _MUCH:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(work, parts)]


def fetched_ahead(parts: Iterator[Part], numbers: int) -> Iterator[Part]:
    """Yield each part while the next one is fetched on another core.

    Parameters
    ----------
    parts
        None of them None; to fetch one must not touch what the work on another touches.
    numbers
        How many numbers they hold; few are fetched one after the other.

    Examples
    --------
    >>> [*fetched_ahead(iter([3, 4]), 2)]
    [3, 4]
    """
    if numbers < _MUCH:
        yield from parts
        return
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield part
