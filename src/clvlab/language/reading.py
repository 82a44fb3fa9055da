"""How an English text reads in Chinese: looked up whole, by template, or piece by piece.

A text that is composed of several is taken apart where it was put together: into sentences, at semicolons, colons,
brackets and commas. Of several readings the one that leaves the least English is taken, then the one with the longest
template. What the catalogue does not know is data, such as a name, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from clvlab.language.catalogue import Catalogue, Template, catalogue
from clvlab.language.figures_in_words import in_chinese, is_chinese

_MARKS = str.maketrans({",": "，", ";": "；", ":": "：", ".": "。", "?": "？", "!": "！", " ": None})
_ROUND = str.maketrans("()", "（）")
_EDGES = re.compile(r"([\s,;:.–]*)(.*?)([\s,;:.?!–]*)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])(?<!\bCo\.)(?<!\bLtd\.)(?<!\bNo\.)\s+(?=[A-Z\d\"“(])")
_BRACKETS = re.compile(r"(.*?) ?\(([^()]*)\)(.*)", re.DOTALL)
_FIGURE_FIRST = re.compile(r"([^A-Za-z]*\d\S*) (.*)", re.DOTALL)
_FIGURE_LAST = re.compile(r"(.*) (\S*\d[^A-Za-z]*)", re.DOTALL)
_COMMA = re.compile(r"(?<!\bCo\.), ")
_AND = re.compile(r",? and ")
_OR = re.compile(r",? or ")
# Templates that join others ("{0} of {1}") or count something ("{0} days") fit much that they do not mean.
_COUNTING = re.compile(r"\{0\} [a-z]+(?: ago| a [a-z]+| each)?")
_JOINING = frozenset("a an and as at by for from in is of on or per than the to with".split())  # noqa: SIM905
# A word of a language, not a name (which begins with a capital) nor part of a code, a path or a setting.
_ENGLISH = re.compile(r"(?<![\w./=`'’])[a-z][a-z-]*[a-z](?![\w./=`])")
_LETTER, _DIGIT = re.compile("[A-Za-z]"), re.compile(r"\d")


@dataclass(frozen=True)
class Reading:
    """A text in Chinese, how many English words are left in it, and whether the catalogue knew any of it."""

    text: str
    left: int
    known: bool


def read(text: str, language: str) -> Reading:
    """Return how an English text reads in ``language``."""
    found = _read(text, catalogue(language))
    return Reading(in_chinese(found.text), found.left, found.known)


@lru_cache(maxsize=100_000)
def _read(text: str, known: Catalogue) -> Reading:
    if not _LETTER.search(text):
        figures = bool(_DIGIT.search(text))
        return Reading(text.translate(_ROUND).replace(" （", "（") if figures else text, 0, figures)
    before, core, after = _EDGES.fullmatch(text).groups()  # type: ignore[union-attr]
    if before or after:
        found = _read(core, known)
        marked = before.translate(_MARKS) + found.text + after.translate(_MARKS)
        return Reading(marked, found.left, True) if found.known else Reading(text, found.left, False)
    whole = _looked_up(text, known)
    if whole is not None:
        return Reading(whole, 0, True)
    best = Reading(text, len(english_words(text)), False)
    for option in _options(text, known):
        if option.known and (option.left < best.left or not best.known):
            best = option
        if best.known and not best.left:
            break
    return best


def _looked_up(text: str, known: Catalogue) -> str | None:
    """Return the text's own entry, also where it only differs by the case of its first letter."""
    for written in (text, text[:1].lower() + text[1:], text[:1].upper() + text[1:]):
        if written in known.texts:
            return known.texts[written]
    return known.columns.get(text)


def _options(text: str, known: Catalogue) -> Iterator[Reading]:
    """Give the readings of a text, the likeliest first."""
    sentences = _SENTENCE.split(text)
    yield from _split(sentences, "", known)
    for template in known.candidates(text):
        if len(sentences) > 1 and ". " not in template.english:
            continue  # of one sentence: a text of several is not of its kind
        for fills in template.fills(text):
            yield _filled(template, [_read(fill, known) for fill in fills])
    yield from _split(text.split("\n"), "\n", known)
    yield from _split(text.split("; "), "；", known)
    yield from _split(text.split(": ", 1), "：", known)
    if brackets := _BRACKETS.fullmatch(text):
        parts = [_read(part, known) for part in brackets.groups()]
        yield _joined(f"{parts[0].text}（{parts[1].text}）{parts[2].text}", parts)
    lists = (_COMMA.split(text), "、" if _AND.search(text) else "，"), (_AND.split(text), "和"), (_OR.split(text), "或")
    for pieces, mark in lists:
        yield from (option for option in _split(pieces, mark, known) if not option.left)
    for pattern in (_FIGURE_FIRST, _FIGURE_LAST):
        if figured := pattern.fullmatch(text):
            first, last = (_read(part, known) for part in figured.groups())
            blank = "" if is_chinese(first.text[-1:] + last.text[:1]) else " "
            option = _joined(f"{first.text}{blank}{last.text}", [first, last])
            yield from [] if option.left else [option]


def _filled(template: Template, fills: list[Reading]) -> Reading:
    """Return a template's reading; a weak one is only taken where all of it reads and something in it is known."""
    left = sum(fill.left for fill in fills)
    weak = template.words <= _JOINING or _COUNTING.fullmatch(template.english)
    return Reading(
        template.filled([fill.text for fill in fills]),
        left,
        not weak or (left == 0 and any(fill.known for fill in fills)),
    )


def _split(pieces: list[str], mark: str, known: Catalogue) -> Iterator[Reading]:
    """Give the reading of a text piece by piece, if it has several."""
    if len(pieces) > 1:
        parts = [_read(piece, known) for piece in pieces]
        yield _joined(mark.join(part.text for part in parts), parts)


def _joined(text: str, parts: list[Reading]) -> Reading:
    return Reading(text, sum(part.left for part in parts), any(part.known for part in parts))


_BOUNDS = {"_lower": "下限", "_upper": "上限"}


def read_column(name: str, language: str) -> str:
    """Return the header of a column: its own, that of the estimate it bounds, or what its words read."""
    columns, name = catalogue(language).columns, name.replace(" ", "_")
    if name in columns:
        return columns[name]
    for ending, bound in _BOUNDS.items():
        if name.endswith(ending):
            return read_column(name.removesuffix(ending), language) + bound
    return read(name.replace("_", " "), language).text


def english_left(text: str, language: str) -> list[str]:
    """Return the English words that are left of a text in ``language``: what the catalogue lacks, or data."""
    found = read(text, language)
    return english_words(found.text) if found.left else []


def english_words(text: str) -> list[str]:
    """Return the English words of a text, but for those that join others, as names too have them."""
    return [word for word in _ENGLISH.findall(text) if word not in _JOINING]
