"""Turn an executed notebook into one HTML page that needs nothing from outside.

nbconvert walks through the notebook with ``template/cells.html.j2``, which shows text and results and never
code; the cells then go into ``template/page.html.j2``. What could act or reach outside is taken out on the
way, and the page's content security policy forbids the browser every request and script, should any be left.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain, count
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import jinja2
import mistune
import nbformat
from bs4 import BeautifulSoup, Tag
from jinja2.runtime import Context
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer
from traitlets.config import Config

from clvlab.language import labels
from clvlab.refusal import Refused

_TEMPLATE = Path(__file__).parent / "template"
_LOADER = jinja2.FileSystemLoader(_TEMPLATE)
_HIDDEN = {"parameters", "injected-parameters", "hide", "papermill-error-cell-tag"}
_SHOWN_FIRST = ["image/png", "image/jpeg", "image/svg+xml", "text/html", "text/markdown", "text/plain"]
# tqdm and papermill: "Executing: 45%|███▌   | 5/11 [00:02<00:03, 1.9cell/s]" and "812it [00:04, 190.3it/s]".
_PROGRESS = re.compile(r".*\d+%\|.*\|.*|.*\[\d+:\d\d.*(/s|s/\w+|\?\w+)\].*")
# What Python prints for an object describes no picture.
_OBJECT = re.compile(r"<(Figure size|PIL\.|IPython\.|[\w.]+ (object )?at 0x)[^<>]*>")
_DROPPED_TAGS = ["script", "style", "template", "noscript", "iframe", "svg", "button"]
_KEPT_ATTRIBUTES = re.compile(
    "abbr|alt|aria-.*|checked|class|colspan|dir|disabled|headers|height|id|lang|open|role|rowspan|scope|start|"
    "title|type|width"
)
_LINK = re.compile(r"(https?|mailto|tel):|[^:]*([/?#]|$)", re.IGNORECASE)


def render(
    notebook: nbformat.NotebookNode, *, language: str = "en", facts: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return the executed notebook as one HTML page that needs nothing from outside.

    Parameters
    ----------
    notebook
        The notebook with its outputs; it is left as it is. Code is never shown. Cells tagged ``parameters``,
        ``injected-parameters`` or ``hide`` are left out, except for an error in one of them.
    language
        Language of the page, ``en`` or ``zh``.
    facts
        What stands under the title: label to value, such as ``{"As of": "31 December 2025"}``.

    Returns
    -------
    str
        The page; the same notebook gives the same page.

    Raises
    ------
    Refused
        When a cell shows a picture without alternative or from outside, or what only scripts could draw.
    """
    words = labels(language)
    cells, _ = _CellsExporter().from_notebook_node(_visible(notebook), resources={"labels": words})
    body = BeautifulSoup(cells, "html.parser")
    title = _take_title(body) or words["untitled"]
    _say_once(body)
    contents = _contents(body)
    _give_room(body("table"), words["table"])
    environment = jinja2.Environment(loader=_LOADER, autoescape=True)
    environment.filters["css_text"] = _css_text
    return environment.get_template("page.html.j2").render(
        language=language,
        labels=words,
        title=title,
        facts=facts,
        contents=contents,
        body=Markup(str(body).strip()),
    )


def _css_text(text: str) -> Markup:
    """Return a text as a CSS string, every character of it escaped that could end the string or the style."""
    return Markup('"' + "".join(c if c.isalnum() else f"\\{ord(c):x} " for c in text) + '"')


class _CellsExporter(TemplateExporter):
    """nbconvert's walk through a notebook with the template ``cells.html.j2``."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def __init__(self) -> None:
        config = Config()
        config.CoalesceStreamsPreprocessor.enabled = True
        config.NbConvertBase.display_data_priority = _SHOWN_FIRST
        filters = [_markdown, _fragment, _alt, _without_progress, _last_line]
        super().__init__(
            config=config,
            template_name="base",
            template_file="cells.html.j2",
            extra_loaders=[_LOADER],
            filters={function.__name__.strip("_"): function for function in filters},
        )


def _visible(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a copy with numbered cells, the hidden ones emptied of all but errors."""
    shown = copy.deepcopy(notebook)
    for number, cell in enumerate(shown.cells, start=1):
        cell.metadata["number"] = number
        if not _HIDDEN.isdisjoint(cell.metadata.get("tags", [])):
            cell.source = ""
            if cell.cell_type == "code":
                cell.outputs = [output for output in cell.outputs if output.output_type == "error"]
    return shown


@jinja2.pass_context
def _markdown(context: Context, source: str, trusted: bool = True) -> str:
    """Return markdown as HTML, raw HTML in it only from our own cells; dollars are money, not mathematics."""
    renderer = IPythonRenderer(
        escape=not trusted,
        allow_harmful_protocols=False,
        exclude_anchor_links=True,
        attachments=context["cell"].get("attachments", {}),
    )
    # A Mermaid drawing needs a script, and nbconvert does not escape its text.
    renderer.block_mermaidjs = renderer.block_code  # type: ignore[method-assign]
    plugins = ["strikethrough", "table", "url", "task_lists", "def_list"]
    return _fragment(context, str(mistune.create_markdown(renderer=renderer, plugins=plugins)(source)))


@jinja2.pass_context
def _fragment(context: Context, html: str) -> str:
    """Return HTML with every tag closed and nothing in it that acts or reaches outside."""
    soup = BeautifulSoup(html, "html.parser")
    drawn = bool(soup(["script", "svg", "iframe"]))
    for tag in soup(_DROPPED_TAGS):
        tag.decompose()
    if drawn and not (soup.get_text(strip=True) or soup.img):
        _refuse(context, "shows a result that only scripts could draw", "show a figure or a table")
    for tag in soup(True):
        tag.attrs = {name: value for name, value in tag.attrs.items() if _is_kept(tag.name, name, str(value))}
    for image in soup("img"):
        if not image.get("src"):
            _refuse(context, "shows a picture that is not part of it", "draw it there or attach it")
        if not str(image.get("alt", "")).strip():
            _refuse(context, "shows a picture without a written alternative", "give it an alt text")
    return str(soup)


def _is_kept(tag: str, attribute: str, value: str) -> bool:
    """Tell whether an attribute is harmless; a link that a reader may follow is."""
    if (tag, attribute) == ("a", "href"):
        return bool(_LINK.match(value.strip()))
    if (tag, attribute) == ("img", "src"):
        return value.startswith("data:image/")
    if attribute == "style":
        return "(" not in value  # no url(...)
    return bool(_KEPT_ATTRIBUTES.fullmatch(attribute))


@jinja2.pass_context
def _alt(context: Context, output: nbformat.NotebookNode, kind: str) -> str:
    """Return the description that came with a figure."""
    text = str(output.metadata.get(kind, {}).get("alt") or output.data.get("text/plain", "")).strip()
    if not text or _OBJECT.fullmatch(text):
        _refuse(context, "shows a figure without a written alternative", "use clvlab.figures.show")
    return text


def _refuse(context: Context, what: str, instead: str) -> NoReturn:
    """Refuse the cell at hand, by its number from the top."""
    raise Refused(f"Cell {context['cell'].metadata.number} of the notebook {what}; {instead}.")


def _without_progress(text: str) -> str:
    """Return what a stream says without the lines of progress bars."""
    lines = re.split(r"[\r\n]", text)
    return "\n".join(line for line in lines if line.strip() and not _PROGRESS.fullmatch(line))


def _last_line(output: nbformat.NotebookNode) -> str:
    """Return the line of an error that says what went wrong."""
    lines = [line for line in strip_ansi("\n".join(output.traceback)).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"{output.ename}: {output.evalue}"


def _take_title(body: BeautifulSoup) -> str:
    """Take the first h1 out of the body and return its text; further ones become h2."""
    headings = body("h1")
    for heading in headings[1:]:
        heading.name = "h2"
    return " ".join(headings[0].extract().get_text().split()) if headings else ""


def _say_once(body: BeautifulSoup) -> None:
    """Drop notes that their section said already: cells that rest on the same thing refuse in the same words."""
    said: set[str] = set()
    for tag in body(["h2", "h3", "p"]):
        if tag.name != "p":
            said.clear()
        elif "note" in tag.get_attribute_list("class"):
            if tag.get_text() in said:
                tag.decompose()
            else:
                said.add(tag.get_text())


def _contents(body: BeautifulSoup) -> list[dict[str, Any]]:
    """Give every h2 and h3 an anchor of its own, named as in JupyterLab, and return them as a tree."""
    taken = {"content"} | {str(tag["id"]) for tag in body(id=True) if tag.name not in ("h2", "h3")}
    tree: list[dict[str, Any]] = []
    for heading in body(["h2", "h3"]):
        words = heading.get_text().split()
        wanted = "-".join(words) or "section"
        anchors = chain([wanted], (f"{wanted}-{number}" for number in count(2)))
        heading["id"] = anchor = next(anchor for anchor in anchors if anchor not in taken)
        taken.add(anchor)
        if words:
            level = tree[-1]["below"] if heading.name == "h3" and tree else tree
            level.append({"anchor": anchor, "text": " ".join(words), "below": []})
    return tree


def _give_room(tables: Iterable[Tag], label: str) -> None:
    """Let wide tables scroll within themselves, also by keyboard, each under a caption that stays in sight."""
    new_tag = BeautifulSoup("", "html.parser").new_tag
    named: Counter[str] = Counter()
    for table in tables:
        if table.find_parent("table"):
            continue
        name = label
        if caption := table.find("caption"):
            name = " ".join(caption.get_text().split()) or label
            caption.name = "span"
            caption.wrap(new_tag("caption"))
        named[name] += 1
        # Every region has a name of its own: a screen reader lists them.
        own = name if named[name] == 1 else f"{name} ({named[name]})"
        table.wrap(new_tag("div", attrs={"class": "scroll", "role": "region", "aria-label": own, "tabindex": "0"}))
