"""A real JupyterLab in a browser: style, tooltip, refusal, figure, and sliders moved by keyboard.

Needs the package playwright and Chromium; about half a minute.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

STAND_IN = """\
import sys
sys.path[:0] = [{tests!r}, {stand_ins!r}]
from test_sliders import Service
"""
CELLS = {
    "extension": "%load_ext clvlab",
    "names": "import clvlab, pandas as pd\nfrom clvlab.figures import new_axes\nfrom clvlab.results import Table",
    "table": 'Table(pd.DataFrame({"tier": ["core"], "customers": [58]}), "Customers by tier")',
    "figure": 'ax = new_axes()\nax.set_title("On-time delivery fell")\nax',
    "refusal": 'clvlab.open_study("nowhere")',
    "tooltip": "study = object.__new__(clvlab.Study)",
    "sliders": "clvlab.lab.what_if(Service())",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """The address of a JupyterLab of our own, with settings of its own, on a folder with one notebook."""
    folder = tmp_path_factory.mktemp("lab")
    here = Path(__file__).parent
    stand_in = STAND_IN.format(tests=str(here), stand_ins=str(here.parent / "service_level"))
    sources = CELLS | {"names": f"{CELLS['names']}\nimport clvlab.lab\n{stand_in}"}
    (folder / "notebooks").mkdir()
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_code_cell(text) for text in sources.values()]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "notebooks/a.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
            "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--LabApp.news_url=None",
            f"--LabApp.user_settings_dir={folder / 'settings'}", f"--LabApp.workspaces_dir={folder / 'workspaces'}",
            str(folder / "notebooks"),
        ],
        env=os.environ | places | {"JUPYTER_RUNTIME_DIR": str(folder / "runtime")},
        stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str, process: subprocess.Popen) -> None:
    for _ in range(120):
        assert process.poll() is None, "JupyterLab ended"
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=5).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    pytest.fail("JupyterLab did not start")


class Notebook:
    """The notebook as a person sees it."""

    def __init__(self, page) -> None:
        self.page = page
        self.cells = dict(zip(CELLS, (page.locator(".jp-CodeCell").nth(n) for n in range(len(CELLS))), strict=True))

    def edit(self, name: str) -> None:
        self.cells[name].locator(".cm-content").click()
        self.page.keyboard.press("Control+End")

    def run(self, name: str):
        """Run a cell and return its outputs."""
        self.edit(name)
        self.page.keyboard.press("Control+Enter")
        prompt = self.cells[name].locator(".jp-InputPrompt")
        sync_api.expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=60_000)
        return self.cells[name].locator(".jp-OutputArea")


@pytest.fixture(scope="module")
def notebook(server) -> Iterator[Notebook]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 2000})
        page.goto(f"{server}/lab/tree/a.ipynb")
        page.locator(".jp-CodeCell").nth(len(CELLS) - 1).wait_for(timeout=60_000)
        page.get_by_text("| Idle").wait_for(timeout=60_000)  # what is typed before the kernel is there gets lost
        opened = Notebook(page)
        opened.run("extension")
        opened.run("names")
        yield opened
        browser.close()


def test_a_table_looks_as_on_a_page(notebook):
    table = notebook.run("table").locator("table.clvlab")
    styles = "(cell) => [getComputedStyle(cell).textAlign, getComputedStyle(cell).borderBottomWidth]"
    assert table.locator("td.short").evaluate(styles) == ["left", "1px"]
    assert table.locator("td.number").evaluate(styles) == ["right", "1px"]


def test_a_figure_at_the_end_of_a_cell_is_a_picture(notebook):
    pictures = notebook.run("figure").locator("img")
    sync_api.expect(pictures).to_have_count(1)
    assert pictures.bounding_box()["width"] > 400


def test_a_refusal_is_one_sentence(notebook):
    text = notebook.run("refusal").inner_text().strip()
    assert text.startswith("Refused: nowhere is no folder here")
    assert "\n" not in text


def test_shift_tab_tells_what_a_stage_answers_and_gives(notebook):
    notebook.run("tooltip")
    notebook.edit("tooltip")
    notebook.page.keyboard.type("\nstudy.clv")
    notebook.page.keyboard.press("Shift+Tab")
    tooltip = notebook.page.locator(".jp-Tooltip")
    sync_api.expect(tooltip).to_contain_text("What every customer has been worth and will be", timeout=20_000)
    sync_api.expect(tooltip).to_contain_text("Gives CustomerValues.")
    notebook.page.keyboard.press("Escape")


def test_a_slider_moves_by_keyboard_and_the_table_with_it(notebook):
    shown = notebook.run("sliders")
    table = shown.locator("table.clvlab")
    sync_api.expect(table).to_contain_text("all customers", timeout=20_000)
    assert "core" not in table.inner_text()
    shown.locator(".noUi-handle").first.focus()
    for _ in range(3):
        notebook.page.keyboard.press("ArrowRight")
    sync_api.expect(table).to_contain_text("core", timeout=20_000)
    sync_api.expect(shown.locator(".widget-readout").first).to_have_text("94.0%")
    shown.get_by_role("button", name="Back to today").click()
    sync_api.expect(table).not_to_contain_text("core", timeout=20_000)
    sync_api.expect(shown.locator(".widget-readout").first).to_have_text("91.3%")
