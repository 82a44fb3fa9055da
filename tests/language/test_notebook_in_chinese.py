"""Notebooks run in Chinese: nothing that they show, in tables, notes or figures, holds an English word."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from clvlab.language import missing
from clvlab.language.fonts import HOW_TO_INSTALL, chinese_family
from clvlab.language.reading import english_words

# What is typed into clvlab.toml stays as it is.
SETTINGS = {"currency", "visit", "call"}
RECORDED = """
from clvlab.language import drawn, use
use("zh")
texts_in_figures = set()
drawn.say = lambda text, say=drawn.say: texts_in_figures.add(say(text)) or say(text)
"""
RECORDS = "import json; print(json.dumps(sorted(texts_in_figures)))"


def english_shown(names: list[str], data: Path, tmp_path: Path) -> dict[str, list[str]]:
    """Return the texts that notebooks, run in Chinese one after the other, show with English words in them."""
    cells = [cell for name in names for cell in nbformat.read(missing.notebooks()[name], as_version=4).cells]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(RECORDED), *cells])
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = re.sub(r'(data: str = )"[^"]*"', rf'\1"{data}"', cell.source)
            cell.source = re.sub(r'(language: str = )"en"', r'\1"zh"', cell.source)
    notebook.cells.append(nbformat.v4.new_code_cell(RECORDS))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    path = tmp_path / "run.ipynb"
    nbformat.write(notebook, path)
    drawn = json.loads(notebook.cells[-1].outputs[0].text)
    shown = [*missing.shown_texts(path), *missing.shown_columns(path), *drawn]
    return {text: english_words(text) for text in shown if english_words(text)}


@pytest.mark.skipif(chinese_family() is None, reason=HOW_TO_INSTALL)
@pytest.mark.parametrize("name", ["00_portfolio", "11_account"])
def test_nothing_shown_holds_an_english_word(name, small_market, tmp_path):
    assert english_shown([name], small_market, tmp_path) == {}


@pytest.mark.skipif(chinese_family() is None, reason=HOW_TO_INSTALL)
def test_nothing_shown_of_sparse_records_holds_an_english_word(small_market, tmp_path):
    shipments = pd.read_csv(small_market / "shipments.csv", dtype=str)
    few = shipments["customer_id"].isin(sorted(shipments["customer_id"].unique())[:20])
    sparse = shipments.loc[few, ["shipment_id", "customer_id", "booked_at"]]
    sparse.to_csv(tmp_path / "shipments.csv", index=False)
    sparse[["customer_id"]].drop_duplicates().to_csv(tmp_path / "customers.csv", index=False)
    told_by_records = sorted(set(missing.notebooks()) - {"10_model_validation"})
    left = english_shown(told_by_records, tmp_path, tmp_path)
    assert {text: words for text, words in left.items() if not set(words) <= SETTINGS} == {}
