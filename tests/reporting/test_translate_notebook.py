"""A notebook's text cells in another language: all of them, or none."""

from __future__ import annotations

import nbformat
import pytest

from clvlab.refusal import Refused
from clvlab.reporting import translate_notebook
from clvlab.reporting.translate_notebook import translated


@pytest.fixture
def notebook(monkeypatch):
    monkeypatch.setattr(translate_notebook, "cells", lambda language: {"# Who leaves?": "# 谁在流失？"})
    written = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    return nbformat.v4.new_notebook(cells=[written[0]("# Who leaves?\n"), written[1]("# Who leaves?")])


def test_text_cells_turn_and_code_stays(notebook):
    assert [cell.source for cell in translated(notebook, "zh").cells] == ["# 谁在流失？", "# Who leaves?"]


def test_the_notebook_given_is_left_as_it_is(notebook):
    translated(notebook, "zh")
    assert notebook.cells[0].source == "# Who leaves?\n"
    assert translated(notebook, "en") is notebook


def test_a_cell_without_text_is_named(notebook):
    notebook.cells.append(nbformat.v4.new_markdown_cell("## And who stays?"))
    with pytest.raises(Refused, match=r"Cell 3 .* 'zh' .*And who stays"):
        translated(notebook, "zh")
