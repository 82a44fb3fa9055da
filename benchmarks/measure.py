"""How the benchmarks time a whole process: wall seconds and peak memory, as the operating system counts them."""

from __future__ import annotations

import mmap
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a child counts its parent's memory as its own until it has more: this module stays small
    import pandas as pd


@dataclass(frozen=True)
class Cost:
    """What one process cost."""

    seconds: float
    peak_mb: float
    exit_code: int


def cost_of(arguments: list[str], environment: dict[str, str] | None = None) -> Cost:
    """Run Python with these arguments, its output thrown away, and return what it cost."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | (environment or {}),
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(time.perf_counter() - start, usage.ru_maxrss / 1024, process.returncode)


def best_of(runs: int, arguments: list[str], environment: dict[str, str] | None = None) -> Cost:
    """Return the fastest of several runs: the others shared the machine with something."""
    return min((cost_of(arguments, environment) for _ in range(runs)), key=lambda cost: cost.seconds)


def peak_gigabytes() -> float:
    """Return the most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def seconds_per_new_gigabyte() -> float:
    """Return how long a gigabyte of memory takes to get, page by page.

    Tenths of a second as a rule; two seconds and more on a virtual machine that has handed its free memory back.
    """
    start = time.perf_counter()
    with mmap.mmap(-1, 2**30) as memory:
        for page in range(0, 2**30, mmap.PAGESIZE):
            memory[page] = 1
    return time.perf_counter() - start


def markdown(frame: pd.DataFrame) -> str:
    """Return a data frame as a Markdown table."""
    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|" + "---|" * len(frame.columns)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in frame.itertuples(index=False)]
    return "\n".join(lines)
