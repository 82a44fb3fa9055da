"""What the committed notebooks show, in English: texts of tables, notes, headlines, and what stands for figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from clvlab.language.names import holds_names

NOTES = ("p.note", "li", "caption", "summary", "div.headline div.name", "div.headline div.note")
# What stands for a figure: "Figure: Its title (across: month; up: customers)."
_FIGURE = re.compile(r"Figure: |\(across: |; up: |\)\.(?: |$)")


def outputs(notebook: Path) -> Iterator[dict[str, str]]:
    """Give the displays of an executed notebook, by kind."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            yield {kind: "".join(text) for kind, text in output.get("data", {}).items() if kind.startswith("text/")}


def shown_texts(notebook: Path) -> list[str]:
    """Return every text that an executed notebook shows, besides names and headers of columns."""
    from bs4 import BeautifulSoup

    found: dict[str, None] = {}
    for display in outputs(notebook):
        if "text/html" not in display:
            found.update(dict.fromkeys(_FIGURE.split(display.get("text/plain", ""))))
            continue
        page = BeautifulSoup(display["text/html"], "html.parser")
        texts = [tag for selector in NOTES for tag in page.select(selector)]
        for table in page("table"):
            named = [holds_names(head.get_text()) for head in table("th")]
            rows = [row("td") for row in table("tr")]
            texts += [cell for row in rows for cell, name in zip(row, named, strict=False) if not name]
        found.update(dict.fromkeys(tag.get_text() for tag in texts))
    return [text for text in found if text]


def shown_columns(notebook: Path) -> list[str]:
    """Return the headers of all tables that an executed notebook shows."""
    from bs4 import BeautifulSoup

    pages = [BeautifulSoup(display.get("text/html", ""), "html.parser") for display in outputs(notebook)]
    return list(dict.fromkeys(head.get_text() for page in pages for head in page("th")))
