"""A notebook's text cells in another language, before it is run; what its code shows turns when it is shown."""

from __future__ import annotations

import copy

import nbformat

from clvlab.language import ENGLISH
from clvlab.language.catalogue import cells
from clvlab.refusal import Refused


def translated(notebook: nbformat.NotebookNode, language: str) -> nbformat.NotebookNode:
    """Return a copy of the notebook with its text cells in ``language``; in English the notebook itself.

    Parameters
    ----------
    notebook
        The notebook; it is left as it is.
    language
        ``"en"`` or ``"zh"``.

    Raises
    ------
    Refused
        When the catalogue lacks a cell.

    Examples
    --------
    >>> page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Who leaves?")])
    >>> translated(page, "en") is page
    True
    """
    if language == ENGLISH:
        return notebook
    known = cells(language)
    spoken = copy.deepcopy(notebook)
    for number, cell in enumerate(spoken.cells, start=1):
        if cell.cell_type != "markdown":
            continue
        text = known.get(cell.source.strip())
        if text is None:
            raise Refused(
                f"Cell {number} of the notebook has no text in {language!r} ({cell.source.strip()[:40]!r});"
                " python -m clvlab.language.missing lists what to fill in."
            )
        cell.source = text
    return spoken
