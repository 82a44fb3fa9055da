"""Chinese pages and figures are drawn with Chinese letters: no character in them is an empty box."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from looking import opened
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import clvlab.language
from clvlab.figures import new_axes, show, state
from clvlab.language import speaking
from clvlab.language.fonts import HOW_TO_INSTALL, chinese_family
from clvlab.language.lines import wrapped
from clvlab.refusal import Refused
from clvlab.reporting.render import render
from clvlab.results import Headline, Headlines, Table

pytestmark = pytest.mark.skipif(chinese_family() is None, reason=HOW_TO_INSTALL)

UNASSIGNED = "\U0010fffd"  # always drawn as an empty box
FAKE = "\U0010fffc"  # another one, so that it takes drawing to see that it is one
# Returns in how many fonts the page is written, and the characters beyond ASCII that look as an empty box does in the
# font (family, weight and slant) of an element that shows them.
BOXES = """unassigned => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 32;
    const drawing = canvas.getContext("2d", {willReadFrequently: true});
    const look = (character, font) => {
        drawing.clearRect(0, 0, 32, 32);
        drawing.font = font;
        drawing.fillText(character, 2, 26);
        return drawing.getImageData(0, 0, 32, 32).data.join();
    };
    const shown = new Map();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const style = getComputedStyle(texts.currentNode.parentElement);
        const font = `${style.fontStyle} ${style.fontWeight} 24px ${style.fontFamily}`;
        if (!shown.has(font)) shown.set(font, new Set());
        for (const character of texts.currentNode.data) if (character > "~") shown.get(font).add(character);
    }
    const boxes = new Set();
    for (const [font, characters] of shown) {
        const box = look(unassigned, font);
        for (const character of characters) if (look(character, font) === box) boxes.add(`${character} in ${font}`);
    }
    return [shown.size, [...boxes]];
}"""


@pytest.fixture(scope="module")
def characters() -> str:
    """Every character beyond ASCII that the package may show in Chinese."""
    folder = Path(clvlab.language.__file__).parent
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in {".py", ".toml"}]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    return "".join(sorted(set(re.findall(r"[^\x00-\x7f]", text))))


def written(text: str, path: Path) -> Path:
    """A Chinese page that shows ``text`` wherever a report shows text: headings, prose, code, tables, tiles."""
    prose = f"# {text}\n\n## {text}\n\n{text} **{text}** *{text}* `{text}`\n\n- {text}"
    results = [Headlines(Headline(text, text, note=text)), Table(pd.DataFrame({text: [text]}), text)]
    shown = [new_output("display_data", {"text/html": result._repr_html_()}) for result in results]
    notebook = new_notebook(cells=[new_markdown_cell(prose), new_code_cell(outputs=shown)])
    path.write_text(render(notebook, language="zh", facts={text: text}), encoding="utf-8")
    return path


def test_no_character_of_the_catalogue_is_an_empty_box_in_any_font_of_a_page(browser, tmp_path, characters):
    assert len(characters) > 300
    with opened(browser, written(characters, tmp_path / "zh.html")) as seen:
        fonts, boxes = seen.page.evaluate(BOXES, UNASSIGNED)
    assert fonts > 3, "prose, headings, bold, slanted, code"
    assert boxes == []


def test_an_empty_box_is_seen_in_every_font_of_a_page(browser, tmp_path):
    with opened(browser, written(f"客{FAKE}户", tmp_path / "zh.html")) as seen:
        fonts, boxes = seen.page.evaluate(BOXES, UNASSIGNED)
    assert len(boxes) == fonts
    assert {box[0] for box in boxes} == {FAKE}


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_every_character_of_the_catalogue_is_drawn_in_figures(characters, weight):
    draw(characters, weight)


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_a_figure_with_an_empty_box_is_refused(weight):
    with pytest.raises(Refused, match="fonts-noto-cjk"):
        draw(f"客{FAKE}户", weight)


def draw(text: str, weight: str) -> None:
    """Show a figure that holds ``text``."""
    with speaking("zh"):
        ax = new_axes(width=12, height=12)
        ax.text(0, 0, "\n".join(wrapped(text, 80)), weight=weight)
        state(ax, "客户")
        show(ax)
