"""Values and comments as TOML."""

from __future__ import annotations

import json
import re


def toml(value: object) -> str:
    """Return a value as TOML on one line.

    Examples
    --------
    >>> toml({"column": "Price", "strip": ["$"]})
    '{ column = "Price", strip = ["$"] }'
    """
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return "[" + ", ".join(toml(one) for one in value) + "]"
        case dict():
            pairs = (f"{key if re.fullmatch('[A-Za-z_]+', key) else toml(key)} = {toml(one)}"
                     for key, one in value.items())  # fmt: skip
            return "{ " + ", ".join(pairs) + " }"
        case _:
            return repr(value)


def comment(text: str) -> str:
    """Return a comment of one line, whatever the text holds."""
    return "# " + re.sub(r"[\x00-\x1f\x7f]+", " ", text)
