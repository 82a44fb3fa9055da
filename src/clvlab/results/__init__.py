"""Results: what every analysis returns, and how it is shown on a page, in a notebook and as text."""

from __future__ import annotations

from clvlab.results.cells import format_cell
from clvlab.results.headlines import Headline, Headlines
from clvlab.results.result import Note, Remarked, Result, Stated, Table, or_note
from clvlab.results.tables import html_table, text_table

__all__ = [
    "Headline",
    "Headlines",
    "Note",
    "Remarked",
    "Result",
    "Stated",
    "Table",
    "format_cell",
    "html_table",
    "or_note",
    "text_table",
]
