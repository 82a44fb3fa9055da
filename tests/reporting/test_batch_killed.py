"""A batch killed at any moment leaves whole reports and no processes; run again, it ends with the same files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from tiny_project import make_project

REPORTS = 8
BATCH = f"""
[[report]]
notebook = "tiny"
each = {{label = [{", ".join(f'"{number}"' for number in range(REPORTS))}]}}

[[report]]
notebook = "tiny"
parameters = {{fail = true}}
"""
# Reports waited for, and seconds after that: the first kill comes while the processes start.
MOMENTS = [(0, 3.0), *((3 * n, wait) for n, wait in enumerate(np.random.default_rng(7).uniform(0, 1.2, 3)))]


def started(root: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "clvlab.cli", "batch", "batch.toml", "--jobs", "2"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=root, stdout=quiet, stderr=quiet, start_new_session=True)


def built(root: Path) -> dict[str, bytes]:
    """Return every file that was built, but for what says when and in how long."""
    build = root / "reports" / "build"
    apart = {"made.json", "index.html"}
    return {str(p.relative_to(build)): p.read_bytes() for p in build.rglob("*") if p.is_file() and p.name not in apart}


def reports(root: Path) -> list[Path]:
    return list((root / "reports" / "build").glob("[!.]*/result.json"))


def kill_when(batch: subprocess.Popen[bytes], root: Path, there: int, wait: float, whole_group: bool) -> None:
    """Kill a batch some seconds after so many reports are there, and see all its processes end."""
    while len(reports(root)) < there and batch.poll() is None:
        time.sleep(0.05)
    time.sleep(wait)
    below = psutil.Process(batch.pid).children(recursive=True) if batch.poll() is None else []
    (os.killpg if whole_group else os.kill)(batch.pid, signal.SIGKILL)
    batch.wait()
    left = psutil.wait_procs(below, timeout=15)[1]
    assert left == [], "processes outlive the batch"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = make_project(tmp_path_factory.mktemp("undisturbed"))
    (root / "batch.toml").write_text(BATCH)
    assert started(root).wait() == 1, "one report fails, by intent"
    return built(root)


def test_a_batch_killed_again_and_again_ends_with_the_same_files(undisturbed, tmp_path):
    root = make_project(tmp_path / "killed")
    (root / "batch.toml").write_text(BATCH)
    for number, (there, wait) in enumerate(MOMENTS):
        batch = started(root)
        kill_when(batch, root, there, wait, whole_group=number % 2 == 0)
        for path in reports(root):
            assert path.read_bytes() == undisturbed[f"{path.parent.name}/result.json"], "half a report"
    assert started(root).wait() == 1
    assert built(root) == undisturbed
    assert not list((root / "reports" / "build").glob(".*.draft.*"))
