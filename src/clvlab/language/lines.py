"""Texts broken into lines, which Chinese does without blanks."""

from __future__ import annotations

import re
from itertools import pairwise
from textwrap import wrap

from clvlab.language.figures_in_words import is_chinese

# What stays on one line: a run of letters and digits, or one character; with the marks that may not begin a line.
_PIECE = re.compile(r"(?:[!-~¥±–]+|.)[，。；：、？！）”]*|（(?:[!-~¥±–]+|.)", re.DOTALL)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines of at most ``width`` letters, of which a Chinese character takes two.

    Examples
    --------
    >>> wrapped("one two three", 8)
    ['one two', 'three']
    >>> wrapped("前20%的客户贡献71%的毛利。", 12)
    ['前20%的客户', '贡献71%的毛', '利。']
    """
    if not is_chinese(text):
        return wrap(text, width)
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and _letters(lines[-1] + piece.rstrip("，。；：、")) > width:
            lines.append("")
            piece = piece.lstrip()
        lines[-1] += piece
    return lines


def _letters(text: str) -> int:
    return sum(2 if is_chinese(character) else 1 for character in text)


def unwrapped(text: str) -> str:
    """Return a text on one line, white space folded; Chinese lines join without a blank.

    Examples
    --------
    >>> unwrapped("customers,\\n%"), unwrapped("客户\\n占比")
    ('customers, %', '客户占比')
    """
    pieces = text.split()
    line = "".join(pieces[:1])
    for before, piece in pairwise(pieces):
        apart = not (is_chinese(before[-1]) or is_chinese(piece[0]))
        line += " " * apart + piece
    return line
