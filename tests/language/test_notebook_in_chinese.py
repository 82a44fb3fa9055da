"""A notebook run in Chinese: nothing that it shows, in tables, notes or figures, holds an English word."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from clvlab.language import missing
from clvlab.language.fonts import HOW_TO_INSTALL, chinese_family
from clvlab.language.reading import english_words

RECORDED = """
import json
from clvlab.language import drawn, use
use("zh")
said, drawn_texts = drawn.say, set()
drawn.say = lambda text: drawn_texts.add(said(text)) or said(text)
"""


def run(name: str, data: Path, tmp_path: Path) -> tuple[nbformat.NotebookNode, list[str]]:
    """Return the notebook run in Chinese on ``data``, and the texts that were drawn in its figures."""
    notebook = nbformat.read(missing.notebooks()[name], as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = re.sub(r'(data: str = )"[^"]*"', rf'\1"{data}"', cell.source)
            cell.source = re.sub(r'(language: str = )"en"', r'\1"zh"', cell.source)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(RECORDED))
    notebook.cells.append(nbformat.v4.new_code_cell("print(json.dumps(sorted(drawn_texts)))"))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    return notebook, json.loads(notebook.cells[-1].outputs[0].text)


@pytest.mark.skipif(chinese_family() is None, reason=HOW_TO_INSTALL)
@pytest.mark.parametrize("name", ["00_portfolio", "11_account"])
def test_nothing_shown_holds_an_english_word(name, small_market, tmp_path):
    notebook, drawn_texts = run(name, small_market, tmp_path)
    path = tmp_path / "run.ipynb"
    nbformat.write(notebook, path)
    shown = [*missing.shown_texts(path), *missing.shown_columns(path), *drawn_texts]
    assert {text: english_words(text) for text in shown if english_words(text)} == {}
