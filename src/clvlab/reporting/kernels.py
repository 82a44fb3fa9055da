"""Warm kernels: one Python process runs notebook after notebook, each as if it were the first.

Starting a kernel and importing what an analysis needs takes longer than most reports, and what one report has
computed (:func:`clvlab.open_study` keeps it) the next can use. So each worker keeps one kernel. A kernel in which
anything failed is thrown away: what went wrong in one notebook cannot reach the next.
"""

from __future__ import annotations

import atexit
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

# A cell that takes longer is taken for hung.
LONGEST_CELL_SECONDS = 3600
_ENGINE = "clvlab"
_ARGUMENTS = ["--log-level=ERROR", "--HistoryManager.hist_file=:memory:"]
# Where a warning says it arose: .../ipykernel_4711/3327768.py
_CELL_FILE = re.compile(r"\S*ipykernel_\d+\S*?\.py\b")
_AFRESH = "from clvlab.reporting.afresh import start_afresh; start_afresh({folder!r})"


class Kernel:
    """A running kernel that executes notebooks one after the other; it ends with the process that started it."""

    def __init__(self, longest_cell_seconds: int = LONGEST_CELL_SECONDS) -> None:
        self._seconds = longest_cell_seconds
        self._manager = AsyncKernelManager(kernel_name="python3")
        self._client = NotebookClient(
            new_notebook(), self._manager, timeout=longest_cell_seconds, extra_arguments=list(_ARGUMENTS)
        )
        self._client.start_new_kernel()
        self._channels = self._client.start_new_kernel_client()
        atexit.register(self.stop)

    def start_afresh(self, folder: Path) -> None:
        """Forget all that earlier notebooks left behind and stand in ``folder``."""
        self.print_of(_AFRESH.format(folder=str(folder)))

    def print_of(self, code: str) -> str:
        """Run code beside the notebook and return what it printed.

        Raises
        ------
        nbclient.exceptions.CellExecutionError
            When the code failed.
        """
        cell = new_code_cell(code)
        self._client.nb = new_notebook(cells=[cell])
        self._client.execute_cell(cell, 0, store_history=False)
        return "".join(output.text for output in cell.outputs if output.output_type == "stream")

    def execute(self, notebook: nbformat.NotebookNode, parameters: Mapping[str, Any]) -> nbformat.NotebookNode:
        """Return the notebook as papermill executes it here: the same one gives the same, whatever ran before.

        Raises
        ------
        papermill.PapermillExecutionError
            When a cell failed.
        nbclient.exceptions.DeadKernelError, nbclient.exceptions.CellTimeoutError
            When the kernel was killed or hangs.
        """
        done = papermill.execute_notebook(
            notebook, None, parameters=dict(parameters), engine_name=_ENGINE, kernel_name="python3",
            progress_bar=False, kernel=self,
        )  # fmt: skip
        return _without_traces(done)

    def run_cells(self, manager: NotebookExecutionManager) -> None:
        """Let papermill's client run its cells in this kernel."""
        client = PapermillNotebookClient(manager, self._manager, timeout=self._seconds, record_timing=False)
        client.kc = self._channels
        client.execute()

    def is_alive(self) -> bool:
        """Return whether the kernel's process is there."""
        return bool(run_sync(self._manager.is_alive)())

    def stop(self) -> None:
        """End the kernel at once; a second call does nothing."""
        atexit.unregister(self.stop)
        if self._manager.has_kernel:
            run_sync(self._manager.shutdown_kernel)(now=True)
            self._channels.stop_channels()


class _WarmEngine(Engine):
    """papermill's way to a kernel of one's own."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, *, kernel: Kernel, **_: Any
    ) -> None:
        kernel.run_cells(nb_man)


papermill_engines.register(_ENGINE, _WarmEngine)


def _without_traces(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook without papermill's times, random cell names, and the process's number in warnings."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.metadata.pop("papermill", None)
        cell.id = f"cell-{number}"
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = _CELL_FILE.sub("cell.py", output.text)
    return notebook


_of_this_thread = threading.local()


@contextmanager
def warm_kernel() -> Iterator[Kernel]:
    """Yield the kernel of this worker (a thread of a process), which is thrown away when what it ran failed."""
    kernel: Kernel | None = getattr(_of_this_thread, "kernel", None)
    if kernel is None or not kernel.is_alive():
        kernel = _of_this_thread.kernel = Kernel()
    try:
        yield kernel
    except BaseException:
        _of_this_thread.kernel = None
        kernel.stop()
        raise
