"""A warm kernel runs each notebook as if it were the first, and is replaced when something went wrong."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from clvlab.reporting.kernels import Kernel, warm_kernel

KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}
PARAMETERS = new_code_cell('whom: str = "a"', metadata={"tags": ["parameters"]})


def notebook(*sources: str) -> nbformat.NotebookNode:
    cells = [new_markdown_cell("# Who?"), PARAMETERS, *(new_code_cell(source) for source in sources)]
    return new_notebook(metadata={"kernelspec": KERNELSPEC}, cells=cells)


def shown(done: nbformat.NotebookNode) -> str:
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(o.text if o.output_type == "stream" else o.data["text/plain"] for o in outputs)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.stop()


def run(kernel: Kernel, folder: Path, *sources: str, whom: str = "b") -> nbformat.NotebookNode:
    kernel.start_afresh(folder)
    return kernel.execute(notebook(*sources), {"whom": whom})


LEAVES = """
import os, sys, warnings
left = 1
os.environ["LEFT"] = "behind"
os.chdir("/")
sys.path.insert(0, "/left")
warnings.simplefilter("error")
from matplotlib import pyplot
pyplot.figure()
pyplot.rcParams["font.size"] = 40
"""
LOOKS = """
import os, sys
from matplotlib import pyplot
print("left" in globals(), os.environ.get("LEFT"), os.getcwd(), sys.path[0] == "/left")
print(pyplot.get_fignums(), pyplot.rcParams["font.size"], _ih[1:2])
"""
WARNS = "import warnings\nwarnings.warn('look out')\nprint(whom)"


def test_nothing_a_notebook_left_reaches_the_next(kernel, tmp_path):
    before = shown(run(kernel, tmp_path, LOOKS))
    assert "False None" in before
    assert str(tmp_path) in before
    run(kernel, tmp_path, LEAVES)
    assert shown(run(kernel, tmp_path, LOOKS)) == before


def test_a_notebook_gives_the_same_in_a_kernel_that_is_warm_and_in_one_that_is_new(kernel, tmp_path):
    first = run(kernel, tmp_path, WARNS)
    run(kernel, tmp_path, LEAVES)
    assert "look out" in shown(first), "a warning that was shown before is shown again"
    assert nbformat.writes(run(kernel, tmp_path, WARNS)) == nbformat.writes(first)
    new = Kernel()
    try:
        fresh = nbformat.writes(run(new, tmp_path, WARNS))
    finally:
        new.stop()
    assert fresh == nbformat.writes(first)


def test_cells_are_counted_and_named_in_order_and_no_times_are_kept(kernel, tmp_path):
    done = run(kernel, tmp_path, "1", "2")
    assert [cell.execution_count for cell in done.cells if cell.cell_type == "code"] == [1, 2, 3, 4]
    assert [cell.id for cell in done.cells] == [f"cell-{n}" for n in range(1, 6)]
    assert all(not set(cell.metadata) - {"tags"} for cell in done.cells)
    assert "papermill" not in done.metadata


def test_text_beside_the_notebook_leaves_no_trace(kernel, tmp_path):
    kernel.start_afresh(tmp_path)
    assert kernel.print_of("print(6 * 7)") == "42\n"
    assert kernel.execute(notebook("1"), {}).cells[1].execution_count == 1


# One kernel per worker ----------------------------------------------------------------------------------------


def process_of(kernel: Kernel) -> int:
    return int(kernel.print_of("import os; print(os.getpid())"))


@pytest.fixture
def in_a_thread() -> Iterator[None]:
    """Nothing: a mark that the test's kernel ends with the test."""
    yield
    with pytest.raises(KeyboardInterrupt), warm_kernel():
        raise KeyboardInterrupt


@pytest.mark.usefixtures("in_a_thread")
def test_a_worker_keeps_its_kernel_until_something_fails_in_it(tmp_path):
    with warm_kernel() as one:
        first = process_of(one)
    with warm_kernel() as one:
        assert process_of(one) == first
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"), warm_kernel() as one:
        run(one, tmp_path, "left = 1", "1 / 0")
    assert not psutil.pid_exists(first)
    with warm_kernel() as one:
        assert process_of(one) != first
        assert shown(run(one, tmp_path, "print('left' in globals())")) == "False\n"


@pytest.mark.usefixtures("in_a_thread")
def test_a_kernel_that_was_killed_is_replaced(tmp_path):
    with pytest.raises(DeadKernelError), warm_kernel() as one:
        run(one, tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    with warm_kernel() as one:
        assert shown(run(one, tmp_path, "print(whom)")) == "b\n"


@pytest.mark.usefixtures("in_a_thread")
def test_a_kernel_killed_between_two_notebooks_fails_no_notebook(tmp_path):
    with warm_kernel() as one:
        first = process_of(one)
    os.kill(first, signal.SIGKILL)
    time.sleep(0.2)
    with warm_kernel() as one:
        assert shown(run(one, tmp_path, "print(whom)")) == "b\n"


def test_a_kernel_that_hangs_is_given_up(tmp_path):
    kernel = Kernel(longest_cell_seconds=1)
    try:
        with pytest.raises(CellTimeoutError):
            kernel.execute(notebook("import time\ntime.sleep(60)"), {})
    finally:
        kernel.stop()


def test_two_threads_have_two_kernels(tmp_path):
    found = []

    def look() -> None:
        with warm_kernel() as kernel:
            found.append(process_of(kernel))
            kernel.stop()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2
