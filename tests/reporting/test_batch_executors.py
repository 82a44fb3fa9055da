"""The batch takes any executor: threads, processes, a cluster's scheduler; a process that is killed takes no other."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import DeadKernelError
from tiny_project import make_project

from clvlab.reporting import batch as batches
from clvlab.reporting.batch import run_batch
from clvlab.reporting.batch_file import read_batch
from clvlab.reporting.jobs import Job, Key

BATCH = """
[[report]]
notebook = "tiny"
each = {label = ["one", "two", "three"]}
"""


class InPlace(Executor):
    """The least that an executor can be: it does the work at once."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("executors"))
    (root / "batch.toml").write_text(BATCH)
    return root


def built(root: Path, name: str, executor: Executor | None, workers: int = 2) -> dict[str, bytes]:
    """Return every file that a batch makes, but for what says when and in how long."""
    build = root / name
    with chdir(root):
        jobs = read_batch(root / "batch.toml", build)
        results = run_batch(jobs, workers, executor)
    assert [result["parameters"]["label"] for result in results] == ["one", "two", "three"]
    assert [result for result in results if "failed" in result] == []
    return {str(p.relative_to(build)): p.read_bytes() for p in build.rglob("*.*") if p.name != "made.json"}


@pytest.fixture(scope="module")
def by_itself(root) -> dict[str, bytes]:
    return built(root, "by_itself", None)


def test_an_executor_that_does_the_work_in_place_gives_the_same_files(root, by_itself):
    assert built(root, "in_place", InPlace(), workers=1) == by_itself


def test_a_pool_of_processes_gives_the_same_files_and_is_left_open(root, by_itself):
    import multiprocessing

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert built(root, "pool", pool) == by_itself
        assert pool.submit(abs, -1).result() == 1


def test_a_cluster_s_scheduler_gives_the_same_files(root, by_itself, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(1, threads_per_worker=2, dashboard_address=None, local_directory=tmp_path) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert built(root, "cluster", client.get_executor(pure=False)) == by_itself


# A process that is killed ------------------------------------------------------------------------------------


def die_once(job: Job, key: Key) -> dict[str, Any]:
    """Kill this process on the first try, or always for the label "always"."""
    mark = job.folder.parent / f"tried-{job.name}"
    if not mark.exists() or job.parameters["label"] == "two":
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"report": job.name}


def test_a_report_whose_process_is_killed_is_tried_once_more_and_then_recorded(root, monkeypatch):
    monkeypatch.setattr(batches, "_attempt", die_once)
    with chdir(root):
        results = run_batch(read_batch(root / "batch.toml", root / "killed"), workers=1)
    said = [result.get("failed", "") for result in results]
    assert said == ["", "its process was killed before it was done", ""]
    kept = json.loads((root / "killed" / results[1]["report"] / "result.json").read_text())
    assert "BrokenProcessPool" in kept["traceback"]


def test_a_report_whose_kernel_is_killed_is_tried_once_more(root, monkeypatch):
    tried = []

    def die_first(job: Job, key: Key) -> dict[str, Any]:
        tried.append(job.parameters["label"])
        if tried == ["one"]:
            raise DeadKernelError("Kernel died")
        return {"report": job.name}

    monkeypatch.setattr(batches, "run", die_first)
    with chdir(root):
        results = run_batch(read_batch(root / "batch.toml", root / "kernel"), 1, InPlace())
    assert tried == ["one", "two", "three", "one"]
    assert [result for result in results if "failed" in result] == []
