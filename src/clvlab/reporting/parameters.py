"""A notebook's parameters: declared names, types and ranges, checked before a kernel starts.

The cell tagged ``parameters`` declares one per line, with a type and a comment that gives limits and meaning::

    top: int = 10           # 1..50; how many customers are listed by name
    language: str = "en"    # en|zh; language of the report (a single choice is written with a bar too: en|)
    as_of: str = ""         # date; last day known, blank for the records' last

Only the standard library is imported here, so that a wrong value is refused at once.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from pathlib import Path

from clvlab.refusal import Refused, nearest

Value = str | int | float | bool
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_NUMBER = r"-?\d+(?:\.\d+)?"
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: its type, default, limits and meaning."""

    name: str
    type: str
    default: Value
    meaning: str = ""
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    is_date: bool = False

    def parse(self, text: str) -> Value:
        """Return ``text`` as this parameter's type; a text such as ``007`` stays as it is.

        Raises
        ------
        Refused
            When it does not fit the type, range or choices.
        """
        if self.type == "str":
            return self._checked_text(text)
        if self.type == "bool":
            if text.lower() in TRUE + FALSE:
                return text.lower() in TRUE
            raise Refused(f"{self.name}={text!r} must be true or false.")
        try:
            value = int(text) if self.type == "int" else float(text)
        except ValueError:
            word = "a whole number" if self.type == "int" else "a number"
            raise Refused(f"{self.name}={text!r} must be {word}{self._example()}.") from None
        if not isfinite(value):
            raise Refused(f"{self.name}={text!r} must be a finite number{self._example()}.")
        if self.at_least is not None and value < self.at_least:
            raise Refused(self._out_of_range(text, self.at_least))
        if self.at_most is not None and value > self.at_most:
            raise Refused(self._out_of_range(text, self.at_most))
        return value

    def _checked_text(self, text: str) -> str:
        if self.choices and text not in self.choices:
            listed = ", ".join(self.choices)
            raise Refused(f"{self.name}={text!r} is not one of {listed}{nearest(text, self.choices)}.")
        if self.is_date and text and not _is_day(text):
            raise Refused(f"{self.name}={text!r} is no date; write it as 2025-12-31.")
        return text

    def _out_of_range(self, text: str, allowed: float | None) -> str:
        bounds = f"{_plain(self.at_least)}..{_plain(self.at_most)}"
        return f"{self.name}={text!r} lies outside {bounds}; the nearest allowed is {_plain(allowed)}."

    def _example(self) -> str:
        return f", such as {self.default}"


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:.12g}"


def declared(notebook: Path) -> list[Parameter]:
    """Return the parameters that a notebook's ``parameters`` cell declares.

    Raises
    ------
    Refused
        When there is no such cell or a line in it is no declaration.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{notebook.name} is no whole notebook; restore it or save it again.") from error
    sources = [c["source"] for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(sources) != 1:
        raise Refused(f"{notebook.name} must have exactly one cell tagged 'parameters'; it has {len(sources)}.")
    source = sources[0] if isinstance(sources[0], str) else "".join(sources[0])
    return read_declarations(source, notebook.name)


def read_declarations(source: str, where: str) -> list[Parameter]:
    """Return the parameters declared in the source of a cell.

    Raises
    ------
    Refused
        When a line is no declaration, or a default does not keep its own limits.
    """
    try:
        lines = ast.parse(source).body
        comments = {
            token.start[0]: token.string.lstrip("# ").strip()
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT
        }
    except (SyntaxError, tokenize.TokenError) as error:
        raise Refused(f"{where}: the parameters cell is no Python ({error}); mend it.") from error
    if not lines:
        raise Refused(f"{where}: the parameters cell declares nothing; add data, as_of, language and seed.")
    return [_declared_by(line, comments.get(line.lineno, ""), where) for line in lines]


def _declared_by(line: ast.stmt, comment: str, where: str) -> Parameter:
    refusal = Refused(
        f"{where}: line {line.lineno} of the parameters cell must read `name: type = default  # meaning`."
    )
    if not (
        isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and isinstance(line.annotation, ast.Name)
        and line.annotation.id in TYPES
        and line.value is not None
    ):
        raise refusal
    try:
        default = ast.literal_eval(line.value)
    except ValueError:
        raise refusal from None
    try:
        parameter = _declaration(line.target.id, line.annotation.id, default, comment)
    except Refused as refused:
        raise Refused(f"{where}: {refused}") from None
    if type(default) is not TYPES[parameter.type] and not (parameter.type == "float" and type(default) is int):
        raise Refused(f"{where}: the default of {parameter.name}, {default!r}, is no {parameter.type}.")
    try:
        parameter.parse(str(default))
    except Refused as refused:
        raise Refused(f"{where}: the default breaks its own limits: {refused}") from None
    return parameter


def _declaration(name: str, kind: str, default: Value, comment: str) -> Parameter:
    limits, _, meaning = comment.partition(";")
    limits = limits.strip()
    bounds = re.fullmatch(rf"({_NUMBER})?\.\.({_NUMBER})?", limits)
    if bounds:
        low, high = (float(part) if part else None for part in bounds.groups())
        return Parameter(name, kind, default, meaning.strip(), at_least=low, at_most=high)
    if ".." in limits:
        raise Refused(f"{name}: {limits!r} is no range; write it as 1..50, 0.. or ..1.")
    if limits == "date":
        return Parameter(name, kind, default, meaning.strip(), is_date=True)
    if re.fullmatch(r"[\w-]+(\|[\w-]*)+", limits) and meaning:
        choices = tuple(choice for choice in limits.split("|") if choice)
        return Parameter(name, kind, default, meaning.strip(), choices=choices)
    return Parameter(name, kind, default, comment)


def chosen(given: Mapping[str, str], parameters: list[Parameter], where: str) -> dict[str, Value]:
    """Return the values to run with: each given text parsed by its declared type, defaults left out.

    Parameters
    ----------
    given
        Names and texts as typed.
    parameters
        What the notebook declares.
    where
        The notebook's name, for the sentence.

    Raises
    ------
    Refused
        For a name the notebook does not declare (the nearest is named) or a value that does not fit.

    Examples
    --------
    >>> chosen({"top": "5"}, read_declarations("top: int = 10  # 1..50; customers listed", "x"), "x")
    {'top': 5}
    """
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, Value] = {}
    for name, text in given.items():
        if name not in known:
            listed = ", ".join(known) or "none"
            raise Refused(f"{where} has no parameter {name!r}{nearest(name, known)}; it has {listed}.")
        values[name] = known[name].parse(text)
    return values
