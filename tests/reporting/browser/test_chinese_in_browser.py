"""Chinese pages are drawn with Chinese letters: no character of the catalogue is an empty box."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from looking import opened
from nbformat.v4 import new_markdown_cell, new_notebook

import clvlab.language
from clvlab.language.fonts import HOW_TO_INSTALL, chinese_family
from clvlab.reporting.render import render

MISSING = "\U0010fffd"  # assigned to nobody: always drawn as an empty box
# Returns the characters that look as an empty box does, in the font of the page's text.
BOXES = """([characters, missing]) => {
    const canvas = document.createElement("canvas"), font = getComputedStyle(document.body).fontFamily;
    canvas.width = canvas.height = 32;
    const drawing = canvas.getContext("2d", {willReadFrequently: true});
    const look = character => {
        drawing.clearRect(0, 0, 32, 32);
        drawing.font = `24px ${font}`;
        drawing.fillText(character, 2, 26);
        return drawing.getImageData(0, 0, 32, 32).data.join();
    };
    const box = look(missing);
    return [...characters].filter(character => look(character) === box);
}"""


@pytest.fixture(scope="module")
def characters() -> str:
    """Every character beyond ASCII that the package may show in Chinese."""
    folder = Path(clvlab.language.__file__).parent
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.suffix != ".pyc" and path.is_file()
    )
    return "".join(sorted(set(re.findall(r"[^\x00-\x7f]", text))))


def test_no_character_of_the_catalogue_is_an_empty_box(browser, tmp_path, characters):
    if chinese_family() is None:
        pytest.skip(HOW_TO_INSTALL)
    path = tmp_path / "zh.html"
    notebook = new_notebook(cells=[new_markdown_cell(f"# 客户\n\n{characters}")])
    path.write_text(render(notebook, language="zh"), encoding="utf-8")
    assert len(characters) > 300
    with opened(browser, path) as seen:
        assert seen.page.evaluate(BOXES, [characters, MISSING]) == []
        assert seen.page.evaluate(BOXES, ["客\U0010fffc户", MISSING]) == ["\U0010fffc"]
