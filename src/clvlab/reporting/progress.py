"""How far a batch is: what is done, what is running, and how long the rest will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from clvlab.reporting.jobs import Job, made

_BAR = "{desc} {n_fmt}/{total_fmt} |{bar:20}| {elapsed}{postfix}"
What = TypeVar("What")


class Durations:
    """What reports take, in seconds: as last time, else as the latest of their notebook.

    The latest, since the first of a notebook computes what the others share.

    Parameters
    ----------
    jobs
        The reports of a batch; those made before tell how long they took.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._last: dict[Path, float] = {}
        self._of_notebook: dict[Path, float] = {}
        for job in jobs:
            if seconds := made(job.folder).get("duration_seconds"):
                self.note(job, seconds)

    def note(self, job: Job, seconds: float) -> None:
        """Take what a report took this time."""
        self._last[job.folder] = self._of_notebook[job.notebook] = seconds

    def of(self, job: Job) -> float | None:
        """Return what a report is likely to take; None when none of its notebook was ever made."""
        return self._last.get(job.folder, self._of_notebook.get(job.notebook))


def in_order(todo: Sequence[tuple[Job, What]], durations: Durations) -> list[tuple[Job, What]]:
    """Return the jobs so that soon it is known how long each takes, and no long one is left for the end.

    First one of each notebook of which nothing is known; then those of which it is, the longest first; then the rest.
    """
    met: set[Path] = set()

    def place(due: tuple[Job, What]) -> tuple[int, float]:
        seconds, is_first = durations.of(due[0]), due[0].notebook not in met
        met.add(due[0].notebook)
        if seconds is None:
            return (0, 0.0) if is_first else (2, 0.0)
        return 1, -seconds

    return sorted(todo, key=place)


class Progress(AbstractContextManager["Progress"]):
    """A bar on the error stream.

    Parameters
    ----------
    total
        Number of reports, those that are current among them.
    todo
        The reports to be made.
    workers
        How many are made at a time.
    durations
        What reports are known to take.
    """

    def __init__(self, total: int, todo: Sequence[Job], workers: int, durations: Durations) -> None:
        from tqdm import tqdm

        self._durations = durations
        self._begun: dict[str, float] = {}
        self._todo = {job.name: job for job in todo}
        self._workers = workers
        self._bar = tqdm(desc="reports", total=total, initial=total - len(todo), bar_format=_BAR, dynamic_ncols=True)

    @property
    def patience(self) -> float | None:
        """Seconds after which the bar is worth drawing anew; None where nobody watches."""
        return 1.0 if sys.stderr.isatty() else None

    def show(self, running: Sequence[Job]) -> None:
        """Say what is running and how long the rest will take."""
        for job in running:
            self._begun.setdefault(job.name, time.monotonic())
        texts = [self._left(), ", ".join(job.name for job in running)]
        self._bar.set_postfix_str("; ".join(text for text in texts if text))

    def done(self, job: Job) -> None:
        """Count a report as done."""
        self._durations.note(job, time.monotonic() - self._begun[job.name])
        del self._todo[job.name]
        self._bar.update()

    def compares(self) -> None:
        """Say that all reports are made, and what comes last."""
        self._bar.set_postfix_str("what changed since last month")

    def _left(self) -> str:
        """Return how long the rest takes: what is left for all workers, but no less than the longest report."""
        lefts = []
        for name, job in self._todo.items():
            expected = self._durations.of(job)
            if expected is None:
                return ""
            passed = time.monotonic() - self._begun[name] if name in self._begun else 0.0
            lefts.append(max(expected - passed, 0.0))
        seconds = max(sum(lefts) / self._workers, *lefts, 0.0)
        minutes, rest = divmod(round(seconds), 60)
        return f"about {minutes}:{rest:02d} left"

    def __exit__(self, *_: object) -> None:
        self._bar.set_postfix_str("")
        self._bar.close()
