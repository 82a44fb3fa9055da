"""How far a batch is: what is done, what is running, and how long the rest will take."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import mean
from typing import TypeVar

from clvlab.reporting.jobs import Job, made

_BAR = "{desc} {n_fmt}/{total_fmt} |{bar:20}| {elapsed}{postfix}"
What = TypeVar("What")


class Durations:
    """What reports take, in seconds: as last time, else as others of their notebook, else as all others."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._last: dict[Path, float] = {}
        self._of_notebook: dict[Path, list[float]] = defaultdict(list)
        for job in jobs:
            if seconds := made(job.folder).get("duration_seconds"):
                self.note(job, seconds)

    def note(self, job: Job, seconds: float) -> None:
        """Take what a report took this time."""
        self._last[job.folder] = seconds
        self._of_notebook[job.notebook].append(seconds)

    def of(self, job: Job) -> float | None:
        """Return what a report is likely to take; None when nothing was ever made."""
        like = [self._last[job.folder]] if job.folder in self._last else self._of_notebook.get(job.notebook)
        like = like or list(self._last.values())
        return mean(like) if like else None


def longest_first(todo: Sequence[tuple[Job, What]]) -> list[tuple[Job, What]]:
    """Return the jobs so that no long one is left for the end; those of which nothing is known stay in their order."""
    durations = Durations(job for job, _ in todo)
    return sorted(todo, key=lambda due: -(durations.of(due[0]) or 0.0))


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
    """

    def __init__(self, total: int, todo: Sequence[Job], workers: int) -> None:
        from tqdm import tqdm

        self._durations = Durations(todo)
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

    def _left(self) -> str:
        seconds = 0.0
        for name, job in self._todo.items():
            expected = self._durations.of(job)
            if expected is None:
                return ""
            passed = time.monotonic() - self._begun[name] if name in self._begun else 0.0
            seconds += max(expected - passed, 0.0)
        minutes, rest = divmod(round(seconds / self._workers), 60)
        return f"about {minutes}:{rest:02d} left"

    def __exit__(self, *_: object) -> None:
        self._bar.set_postfix_str("")
        self._bar.close()
