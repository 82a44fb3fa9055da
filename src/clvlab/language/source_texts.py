"""Which texts of the package's source a reader may see: the English side of the catalogue.

The rule: a constant or an f-string (also several joined by ``+``) is shown when it holds a word and a space, or, being
a single word, when it is handed over as a title, label or unit, or chosen inside another text. Left out are docstrings,
annotations, SQL, other errors than ``Refused``, refusals that name an argument, arguments of the calls in
``_NOT_SHOWN``, and lines that end in ``# not shown``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
NOT_ON_A_PAGE = (
    # Without records there is no page; a market is made for tests and benchmarks.
    *("cli.py", "cache.py", "places.py", "refusal.py", "assumptions.py", "language", "simulate"),
    # A notebook ends with its closing checks; the rest of the lab helps the one who writes it.
    *("lab/extension.py", "lab/session.py", "lab/sliders.py", "lab/tooltips.py"),
    # Pages speak through labels.
    "reporting",
    # What brings records in speaks to the one who calls it.
    *("records/contracts", "records/proposing", "records/mapping.py", "records/dictionary.py", "records/engine.py"),
    *("records/csv_files.py", "records/sources.py", "records/files.py", "records/excel_files.py"),
)
_WITHOUT_REFUSALS = ("records/", "study.py", "opening.py")

_NOT_SHOWN = {"add_argument", "add_parser", "compile", "sql", "query", "filterwarnings", "strftime", "getattr", "match"}
_NOT_SHOWN |= {"warn", "import_module", "TypeVar", "cast", "search", "sub", "fullmatch", "read_sql", "eval", "split"}
_NOT_SHOWN |= {"get_title", "reindex", "sort_values", "groupby", "drop", "merge", "pivot_table", "itertuples"}
_SHOWN_AS = {"title", "label", "xlabel", "ylabel", "unit", "what", "note", "caption", "finding"}
_SHOWS = {"Headline", "Note", "Table", "state", "state_above", "set_title", "set_xlabel", "set_ylabel", "annotate"}
_SHOWS |= {"text", "supxlabel", "supylabel", "suptitle"}
# How something is drawn, not what it says.
_DRAWN_AS = {"textcoords", "xycoords", "loc", "ha", "va", "weight", "fontweight", "horizontalalignment", "mode", "how"}
_DRAWN_AS |= {"verticalalignment", "linestyle", "marker", "color", "cmap", "aspect", "bbox_to_anchor", "kind"}
_SQL = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|GROUP BY|ORDER BY|CREATE|PRAGMA|INSERT|WITH)\b")
# A refusal that names an argument ("draws=0 gives ...") speaks to the one who calls it.
_CODE = re.compile(r"\w=|^[\w\[\], |.]+\]$|^ *[-#|] ")
# The slots of a text that str.format fills.
_FORMAT = re.compile(r"\{\w*(?:[:!][^{}]*)?\}")


def rooms() -> list[str]:
    """Return the rooms whose texts reach a page, each the name of its file in the catalogue.

    Examples
    --------
    >>> "retention" in rooms(), "simulate" in rooms()
    (True, False)
    """
    names = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py") if _on_a_page(path)}
    return sorted(Path(name).stem for name in names if not name.startswith("__"))


def _on_a_page(path: Path) -> bool:
    place = path.relative_to(PACKAGE)
    return not any(place.is_relative_to(left_out) for left_out in NOT_ON_A_PAGE)


def source_texts(room: str) -> dict[str, str]:
    """Return the shown texts of a room as templates, each with the place where it stands first.

    Examples
    --------
    >>> "best split" in source_texts("retention")
    True
    """
    folder = PACKAGE / room
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    found: dict[str, str] = {}
    for path in filter(_on_a_page, files):
        place = path.relative_to(PACKAGE).as_posix()
        texts = texts_in(path.read_text(encoding="utf-8"), refusals=not place.startswith(_WITHOUT_REFUSALS))
        for template, line in texts.items():
            found.setdefault(template, f"{place}:{line}")
    return found


def texts_in(source: str, refusals: bool = True) -> dict[str, int]:
    """Return the shown texts of a source as templates, each with its line; with what it refuses, or without.

    Examples
    --------
    >>> texts_in("finding = f'{n} of {all} leave'")
    {'{0} of {1} leave': 1}
    """
    lines = source.splitlines()
    found: dict[str, int] = {}
    for node, alone in _texts(ast.parse(source), refusals):
        template = template_of(node)
        if _is_text(template, alone) and "# not shown" not in lines[(node.end_lineno or node.lineno) - 1]:
            found.setdefault(template, node.lineno)
    return found


def template_of(node: ast.expr) -> str:
    """Return an expression of text as a template, its changing parts numbered as they stand, without outer marks.

    Examples
    --------
    >>> template_of(ast.parse("f'{n:,} of {all} leave' + more", mode="eval").body)
    '{0} of {1} leave{2}'
    """
    parts = list(_parts(node))
    text, slots = "", 0
    for part in parts:
        if part:
            text += part
        elif part is None and not text.endswith(f"{{{slots - 1}}}"):  # neighbours without a text between them are one
            text += f"{{{slots}}}"
            slots += 1
    return trimmed(text)


def trimmed(template: str) -> str:
    """Return a template without the marks and blanks around it, which stand in the same place in every language.

    Examples
    --------
    >>> trimmed("; {0} of {1} leave.")
    '{0} of {1} leave'
    """
    return re.sub(r"^(?!\()[ \n\t,;:.–—)]+|[ \n\t,;:.]+$", "", template)


def _parts(node: ast.expr) -> Iterator[str | None]:
    """Give the texts of an expression in order, None where something is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            first, *others = _FORMAT.split(text)
            yield first
            for other in others:
                yield from (None, other)
        case ast.JoinedStr(values=values):
            for value in values:
                yield from _parts(value)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            yield from _parts(left)
            yield from _parts(right)
        case _:
            yield None


def _texts(tree: ast.AST, refusals: bool) -> Iterator[tuple[ast.expr, bool]]:
    """Give every expression of text that may be shown, and whether it counts also when it is a single word."""
    if _is_left_out(tree, refusals):
        return
    for child, shown in _children(tree):
        if isinstance(child, ast.expr) and _is_textual(child):
            yield child, shown
            for inner in _slots(child):
                yield from _within(inner, refusals)
        else:
            yield from _texts(child, refusals)


def _within(node: ast.expr, refusals: bool) -> Iterator[tuple[ast.expr, bool]]:
    """Give the texts of what is filled into a text: a choice of words there is shown, however short."""
    if _is_textual(node):
        yield node, True
        for inner in _slots(node):
            yield from _within(inner, refusals)
    elif isinstance(node, ast.IfExp):
        yield from _within(node.body, refusals)
        yield from _within(node.orelse, refusals)
        yield from _texts(node.test, refusals)
    else:
        yield from _texts(node, refusals)


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Give the parts of a node, and whether a text there is handed over to be shown."""
    if isinstance(node, ast.Call):
        shows = _name(node.func) in _SHOWS
        yield node.func, False
        yield from ((argument, shows) for argument in node.args)
        named = [keyword for keyword in node.keywords if keyword.arg not in _DRAWN_AS]
        yield from ((keyword.value, keyword.arg in _SHOWN_AS or shows) for keyword in named)
    elif isinstance(node, ast.IfExp):
        yield node.test, False
        yield from ((branch, False) for branch in (node.body, node.orelse))
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        yield target, False
        yield node.value, _name(target) in _SHOWN_AS
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module, ast.AsyncFunctionDef)):
        first = node.body[0] if node.body else None
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        yield from ((child, False) for child in ast.iter_child_nodes(node) if not (documented and child is first))
    else:
        yield from ((child, False) for child in ast.iter_child_nodes(node))


def _is_left_out(node: ast.AST, refusals: bool) -> bool:
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return not refusals or _name(raised) != "Refused"
    if isinstance(node, ast.Call):
        return _name(node.func) in _NOT_SHOWN
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.arg, ast.Compare))


def _name(node: ast.AST | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_textual(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _is_textual(left) or _is_textual(right)
    return False


def _slots(node: ast.expr) -> Iterator[ast.expr]:
    """Give what is filled into a text."""
    match node:
        case ast.JoinedStr(values=values):
            yield from (value.value for value in values if isinstance(value, ast.FormattedValue))
        case ast.BinOp(left=left, right=right):
            for side in (left, right):
                yield from _slots(side) if _is_textual(side) else [side]


def _is_text(template: str, alone: bool) -> bool:
    words = re.sub(r"\{\d+\}", " ", template)
    if not re.search(r"(?<![A-Za-z])[A-Za-z]{2,}", words) or _SQL.search(template) or _CODE.search(template):
        return False
    return alone or " " in template
