"""Debian's Chromium, driven by Playwright, and the pages of all notebooks as they are committed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, sync_playwright

from clvlab.refusal import Refused
from clvlab.reporting.pdf import find_chromium
from clvlab.reporting.render import render

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as it is installed; nothing is downloaded."""
    try:
        chromium = find_chromium()
    except Refused as refusal:
        pytest.skip(f"needs Chromium: {refusal}")
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=sandbox)
        yield started
        started.close()


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook's page, rendered from the outputs that it was committed with."""
    notebook = nbformat.read(request.param, as_version=4)
    path = tmp_path_factory.mktemp("pages") / f"{request.param.stem}.html"
    path.write_text(render(notebook, facts={"Data": "data/demo", "As of": "2025-12-31"}), encoding="utf-8")
    return path
