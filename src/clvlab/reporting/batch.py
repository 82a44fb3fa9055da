"""A batch of reports: in processes of warm kernels, with progress, and without redoing what is done."""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from clvlab.refusal import Refused
from clvlab.reporting.asked import write_asked
from clvlab.reporting.index import write_index
from clvlab.reporting.jobs import Job, Key, is_current, keys_of
from clvlab.reporting.progress import Durations, Progress, in_order
from clvlab.reporting.run import record_failure, run
from clvlab.reporting.snapshots import take_snapshots
from clvlab.reporting.writing import written_alone

Due = tuple[Job, Key]
# A process that was killed may have been innocent: what it ran is tried once more.
_TRIES = 2


def run_batch(jobs: list[Job], workers: int, executor: Executor | None = None) -> list[dict[str, Any]]:
    """Make the reports that are not current, and the index; return their results, in the order of the jobs.

    A report that fails is recorded with its traceback, and the others go on. Every report is whole or absent, so a
    batch that was killed is taken up again by running it anew.

    Parameters
    ----------
    jobs
        The reports, such as :func:`~clvlab.reporting.batch_file.read_batch` returns.
    workers
        How many reports are made at a time.
    executor
        Anything that submits as :class:`concurrent.futures.Executor` does; processes of this machine when None. Each
        of its workers keeps a kernel of its own. Workers elsewhere need the same clvlab, and the project, the data
        and the folder of the reports under the same paths.

    Raises
    ------
    Refused
        When a data folder is not there, another batch writes to the same folder, or nobody can.

    Examples
    --------
    >>> from pathlib import Path
    >>> from clvlab.reporting.batch_file import read_batch
    >>> jobs = read_batch(Path("reports/monthly.toml"))                          # doctest: +SKIP
    >>> run_batch(jobs, workers=2)                                               # doctest: +SKIP

    A cluster's scheduler does the distributing through a Dask client:

    >>> from distributed import Client                                           # doctest: +SKIP
    >>> client = Client("scheduler:8786")                                        # doctest: +SKIP
    >>> workers = sum(client.nthreads().values())                                # doctest: +SKIP
    >>> run_batch(jobs, workers, client.get_executor(pure=False))                # doctest: +SKIP
    """
    build = jobs[0].folder.parent
    with written_alone(build):
        keys = keys_of(jobs)
        write_asked(build, [job.name for job in jobs])
        durations = Durations(jobs)
        todo = in_order([due for due in zip(jobs, keys, strict=True) if not is_current(*due)], durations)
        results = {}
        with Progress(len(jobs), [job for job, _ in todo], workers, durations) as progress:
            for job, result in _finished(todo, workers, executor, progress):
                results[job.name] = result
            progress.compares()
            take_snapshots(jobs)
        write_index(build, str(jobs[0].parameters["language"]))
    return [results[job.name] for job in jobs if job.name in results]


def _finished(
    todo: list[Due], workers: int, executor: Executor | None, progress: Progress
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Yield each report's outcome as it comes, never with more than ``workers`` under way."""
    waiting, running, tries = deque(todo), dict[Future[dict[str, Any]], Due](), Counter[str]()
    with nullcontext(executor) if executor else _Processes(workers) as pool:
        while waiting or running:
            while waiting and len(running) < workers:
                due = waiting.popleft()
                running[pool.submit(_attempt, *due)] = due
                tries[due[0].name] += 1
            progress.show([job for job, _ in running.values()])
            for future in wait(running, progress.patience, FIRST_COMPLETED).done:
                job, key = running.pop(future)
                if future.exception() and tries[job.name] < _TRIES:
                    waiting.append((job, key))
                else:
                    progress.done(job)
                    yield job, _outcome(future, job)


def _outcome(future: Future[dict[str, Any]], job: Job) -> dict[str, Any]:
    try:
        return future.result()
    except Exception as error:  # what the job itself raised was recorded; this is a process killed, for want of memory
        return record_failure(job, "its process was killed before it was done", repr(error))


def _attempt(job: Job, key: Key) -> dict[str, Any]:
    from nbclient.exceptions import DeadKernelError

    try:
        return run(job, key)
    except DeadKernelError:  # killed, and tried once more, as a process is
        raise
    except Exception as error:  # a failed report must not take the batch with it
        return record_failure(job, _sentence(error), traceback.format_exc())


def _sentence(error: Exception) -> str:
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    return value if isinstance(error, Refused) else f"{name}: {value}"


class _Processes(AbstractContextManager["_Processes"]):
    """Processes of this machine; when one was killed, all are replaced."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = self._opened()

    def submit(self, *call: Any) -> Future[dict[str, Any]]:
        try:
            return self._pool.submit(*call)
        except BrokenExecutor:
            self._pool = self._opened()
            return self._pool.submit(*call)

    def _opened(self) -> ProcessPoolExecutor:
        # Spawned, not forked: the engine's threads do not survive a fork.
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, mp_context=spawn, initializer=_end_with_parent)

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let this process end when the batch does, however that came about; its kernel ends with it.

    A pool's processes would else wait for work for ever once the batch is killed (python/cpython issue 111873).
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
