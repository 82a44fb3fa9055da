"""A notebook's parameters: declared names, types and ranges, checked before a kernel starts.

The cell tagged ``parameters`` declares one per line, with a type and a comment that gives limits and meaning::

    top: int = 10           # 1..50; how many customers are listed by name
    language: str = "en"    # en|zh; language of the report
    as_of: str = ""         # date; last day known, blank for the records' last

Only the standard library is imported here, so that a wrong value is refused at once.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from clvlab.refusal import Refused

Value = str | int | float | bool
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
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
        if value != value or (self.at_least is not None and value < self.at_least):
            raise Refused(self._out_of_range(text, self.at_least))
        if self.at_most is not None and value > self.at_most:
            raise Refused(self._out_of_range(text, self.at_most))
        return value

    def _checked_text(self, text: str) -> str:
        if self.choices and text not in self.choices:
            close = difflib.get_close_matches(text, self.choices, n=1, cutoff=0.0)
            raise Refused(f"{self.name}={text!r} is not one of {', '.join(self.choices)}; did you mean {close[0]!r}?")
        if self.is_date and text:
            try:
                date.fromisoformat(text)
            except ValueError:
                raise Refused(f"{self.name}={text!r} is no date; write it as 2025-12-31.") from None
        return text

    def _out_of_range(self, text: str, nearest: float | None) -> str:
        bounds = f"{_plain(self.at_least)}..{_plain(self.at_most)}"
        return f"{self.name}={text!r} lies outside {bounds}; the nearest allowed is {_plain(nearest)}."

    def _example(self) -> str:
        return f", such as {self.default}"


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:.12g}"


def declared(notebook: Path) -> list[Parameter]:
    """Return the parameters that a notebook's ``parameters`` cell declares.

    Raises
    ------
    Refused
        When there is no such cell or a line in it is no declaration.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = [c["source"] for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(sources) != 1:
        raise Refused(f"{notebook.name} must have exactly one cell tagged 'parameters'; it has {len(sources)}.")
    source = sources[0] if isinstance(sources[0], str) else "".join(sources[0])
    return read_declarations(source, notebook.name)


def read_declarations(source: str, where: str) -> list[Parameter]:
    """Return the parameters declared in the source of a cell."""
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    parameters = []
    for line in ast.parse(source).body:
        if not (
            isinstance(line, ast.AnnAssign)
            and isinstance(line.target, ast.Name)
            and isinstance(line.annotation, ast.Name)
            and line.annotation.id in TYPES
            and line.value is not None
        ):
            raise Refused(
                f"{where}: line {line.lineno} of the parameters cell must read `name: type = default  # meaning`."
            )
        parameters.append(
            _declaration(
                line.target.id,
                line.annotation.id,
                ast.literal_eval(line.value),
                comments.get(line.lineno, ""),
            )
        )
    return parameters


def _declaration(name: str, kind: str, default: Value, comment: str) -> Parameter:
    limits, _, meaning = comment.partition(";")
    limits = limits.strip()
    bounds = re.fullmatch(r"(-?[\d.]+)?\.\.(-?[\d.]+)?", limits)
    if bounds:
        low, high = (float(part) if part else None for part in bounds.groups())
        return Parameter(name, kind, default, meaning.strip(), at_least=low, at_most=high)
    if limits == "date":
        return Parameter(name, kind, default, meaning.strip(), is_date=True)
    if re.fullmatch(r"[\w-]+(\|[\w-]+)*", limits) and meaning:
        return Parameter(name, kind, default, meaning.strip(), choices=tuple(limits.split("|")))
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
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise Refused(f"{where} has no parameter {name!r}; did you mean {close[0]!r}? It has {', '.join(known)}.")
        values[name] = known[name].parse(text)
    return values
