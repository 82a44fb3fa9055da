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

from clvlab.language.catalogue import JOINING, Catalogue, Template, catalogue
from clvlab.language.figures_in_words import in_chinese, is_chinese

_MARKS = str.maketrans({",": "，", ";": "；", ":": "：", ".": "。", "?": "？", "!": "！", " ": None})
_ROUND = str.maketrans("()", "（）")
_EDGES = re.compile(r"([\s,;:.–]*)(.*?(?:\b(?:Co|Ltd|No)\.)?)([\s,;:.?!–]*)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])(?<!\bCo\.)(?<!\bLtd\.)(?<!\bNo\.)\s+(?=[A-Z\d\"“(])")
_BRACKETS = re.compile(r"(.*?) ?\(([^()]*)\)(.*)", re.DOTALL)
_FIGURE_FIRST = re.compile(r"([^A-Za-z]*\d\S*) (.*)", re.DOTALL)
_FIGURE_LAST = re.compile(r"(.*) (\S*\d[^A-Za-z]*)", re.DOTALL)
_SEMICOLON = re.compile(r"; ?")
_COMMA = re.compile(r"(?<!\bCo\.), ")
_AND = re.compile(r",? and ")
_OR = re.compile(r",? or ")
# So many short terms between commas are a list, not clauses.
_LIST, _TERM = 3, re.compile(r"[a-z][\w-]*(?: [\w-]+){0,3}", re.ASCII)
_QUOTED = re.compile(r"'(\w+)'", re.ASCII)
_PART_OF = re.compile(r"([\d.,]+) of ([\d.,]+)")
# The tables that a column may be said to be in; the contracts of the records are above this room.
TABLES = (
    "customers", "shipments", "invoices", "complaints", "surveys", "kpi_counts", "contracts", "contacts", "calls",
    "leads", "campaigns", "capacity",
)  # fmt: skip
# What the records lack: "Partners need consignee_id in shipments, or paid_on and due_on in invoices".
_NEEDS = re.compile(r"(?:([^:;]*) )?[Nn]eeds? (.*)", re.DOTALL)
_COLUMNS = re.compile(
    rf"(\w+(?:(?:, | and |, and | or )\w+)*?) in ({'|'.join(TABLES)})(?:(,? and |,? or |, )(.+))?", re.ASCII
)
_JOINS = re.compile(r"(,? and |,? or |, )")
_JOINED_BY = {"": "、", "and": "和", "or": "或"}
# What stands for a name in redacted records.
_PSEUDONYM = re.compile(r"([A-Z][a-z]+) (\d{2,})")
# What names, codes and days leave of English marks when they are filled in, and what marks leave where they meet.
_TIDIED = (
    (re.compile("; "), "、"),
    (re.compile(r"(\b\w*[\d_年月日]\w*|）), (?=[^\s\d]|\d{4}年)"), r"\1、"),
    (re.compile(r" +(?=[，。；：、？！（）])|(?<=[，。；：、？！（）]) +|(?<=\d) (?=[万亿])"), ""),
    (re.compile("(?<=[。？！])。+|。(?=[，；：])"), ""),
)
# A word of a language, not a name (which begins with a capital) nor part of a code, a path or a setting.
_ENGLISH = re.compile(r"(?<![\w./=`'’-])[a-z][a-z-]*[a-z](?![\w./=`])", re.ASCII)
# Parameters, units, packages and commands, which no language has words of its own for.
_OF_NO_LANGUAGE = frozenset("alpha beta gamma delta logit survival kg km make bench clvlab demo".split())  # noqa: SIM905
_LETTER, _DIGIT = re.compile("[A-Za-z]"), re.compile(r"\d")


@dataclass(frozen=True)
class Reading:
    """A text in Chinese, how many English words are left in it, and whether the catalogue knew any of it.

    Examples
    --------
    >>> Reading("3家客户", left=0, known=True).text
    '3家客户'
    """

    text: str
    left: int
    known: bool


def read(text: str, language: str) -> Reading:
    """Return how an English text reads in ``language``.

    Examples
    --------
    >>> read("3 of 40 customers", "zh").text
    '40家客户中有3家'
    """
    found = _read(text, catalogue(language))
    shown = in_chinese(found.text)
    return Reading(_tidied(shown) if found.known and is_chinese(shown) else shown, found.left, found.known)


def read_name(name: str, language: str) -> str:
    """Return what stands in a column of names: names are in no language.

    The pseudonyms of redacted records are, and so is what stands for a name, such as "no manager": words that begin
    with a small letter. One word alone may be a code.

    Examples
    --------
    >>> read_name("Harbour Foods", "zh")
    'Harbour Foods'
    """
    known = catalogue(language)
    if ", " in name:
        return ", ".join(read_name(part, language) for part in name.split(", "))
    words = name[:1].islower() and " " in name
    instead = known.texts.get(name) if words else _pseudonym(name, known)
    return instead or name


@lru_cache(maxsize=100_000)
def _read(text: str, known: Catalogue) -> Reading:
    if not _LETTER.search(text):
        figures = bool(_DIGIT.search(text))
        return Reading(text.translate(_ROUND).replace(": ", "：") if figures else text, 0, figures)
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
        if (code := written.replace(" ", "_")) in known.columns:  # an indicator may be written as a code or in words
            return known.columns[code]
    if (quoted := _QUOTED.fullmatch(text)) and (name := _looked_up(quoted[1], known)):
        return f"“{name}”"
    if part := _PART_OF.fullmatch(text):
        return f"{part[1]}/{part[2]}"
    return _pseudonym(text, known)


def _pseudonym(text: str, known: Catalogue) -> str | None:
    found = _PSEUDONYM.fullmatch(text)
    called = known.texts.get(found[1].lower()) if found else None
    return f"{called}{found[2]}" if found and called else None


def _tidied(text: str) -> str:
    for left_over, mark in _TIDIED:
        text = left_over.sub(mark, text)
    return text


def _options(text: str, known: Catalogue) -> Iterator[Reading]:
    """Give the readings of a text, the likeliest first."""
    sentences, lines = _SENTENCE.split(text), text.split("\n")
    yield from _split(sentences, "", known)
    candidates = [
        template
        for template in known.candidates(text)
        # Of one sentence: a text of several is not of its kind.
        if len(sentences) == 1 or ". " in template.english
    ]
    yield from _templates([template for template in candidates if "\n" in template.english], text, known)
    yield from _split(lines, "\n", known)
    yield from _lacking(text, known)
    strong = [template for template in candidates if not template.weak]
    yield from _templates([template for template in strong if ";" in template.english], text, known)
    # "needs {0} in shipments" is not meant to reach over several clauses; "call {0}" over names between them is.
    clauses = _SEMICOLON.split(text)
    if len(clauses) > 1 and all(_read(clause, known).known for clause in clauses):
        yield from (option for option in _split(clauses, "；", known) if not option.left)
    yield from _templates([template for template in strong if ";" not in template.english], text, known)
    yield from _split(clauses, "；", known)
    yield from _split(text.split(": ", 1), "：", known)
    pieces = _COMMA.split(text)
    of_terms = len(pieces) >= _LIST and all(map(_TERM.fullmatch, pieces))
    if of_terms:
        yield from (option for option in _split(pieces, "、", known) if not option.left)
    weak = _templates([template for template in candidates if template.weak], text, known)
    bracketed = _bracketed(text, known)
    # "{0} of {1}" is not meant to take a bracket at the end into its last slot.
    yield from (*bracketed, *weak) if text.endswith(")") and text.count("(") == 1 else (*weak, *bracketed)
    lists = (pieces, "、" if _AND.search(text) else "，"), (_AND.split(text), "和"), (_OR.split(text), "或")
    for pieces, mark in lists:
        yield from (option for option in _split(pieces, mark, known) if not option.left)
    for pattern in (_FIGURE_FIRST, _FIGURE_LAST):
        if figured := pattern.fullmatch(text):
            first, last = (_read(part, known) for part in figured.groups())
            blank = "" if is_chinese(first.text[-1:] + last.text[:1]) else " "
            option = _joined(f"{first.text}{blank}{last.text}", [first, last])
            yield from [] if option.left else [option]


def _lacking(text: str, known: Catalogue) -> Iterator[Reading]:
    """Give the reading of a text that names columns of the records, with what needs them."""
    if needs := _NEEDS.fullmatch(text):
        what, lacking = _read(needs[1] or "", known), _columns(needs[2], known)
        yield from [_joined(f"{what.text}需要{lacking.text}", [what, lacking])] if lacking else []
    if named := _columns(text, known):
        yield named


def _columns(text: str, known: Catalogue) -> Reading | None:
    """Return the reading of columns, each list with its table: "客户表中的行业和地区"."""
    found = _COLUMNS.fullmatch(text)
    if found is None:
        return None
    names, joins = _JOINS.split(found[1])[::2], [*_JOINS.split(found[1])[1::2], ""]
    parts = [_read(name, known) for name in names]
    table = _read(found[2], known)
    listed = "".join(
        part.text + _JOINED_BY[join.strip(", ")] * bool(join) for part, join in zip(parts, joins, strict=True)
    )
    if found[3] is None:
        return _joined(f"{table.text}表中的{listed}", [*parts, table])
    others = _columns(found[4], known) or _read(found[4], known)
    between = {"": "、", "and": "，以及", "or": "，或"}[found[3].strip(", ")]
    return _joined(f"{table.text}表中的{listed}{between}{others.text}", [*parts, table, others])


def _templates(templates: list[Template], text: str, known: Catalogue) -> Iterator[Reading]:
    """Give the readings by templates; a weak one is only taken where all of it reads and something in it is known."""
    filled = [(template, fills) for template in templates for fills in template.fills(text)]
    # A slot is rarely meant to reach over a colon: "{0} needs {1}" not over "Missing: margin".
    for template, fills in sorted(filled, key=lambda one: any(": " in fill for fill in one[1])):
        read_fills = [
            Reading(_COMMA.sub("、", fill), 0, False) if slot in template.verbatim else _read(fill, known)
            for slot, fill in enumerate(fills)
        ]
        left = sum(fill.left for fill in read_fills)
        sure = not template.weak or (left == 0 and any(fill.known for fill in read_fills))
        yield Reading(template.filled([fill.text for fill in read_fills]), left, sure)


def _bracketed(text: str, known: Catalogue) -> Iterator[Reading]:
    """Give the reading of a text with what stands in brackets apart."""
    if brackets := _BRACKETS.fullmatch(text):
        parts = [_read(part, known) for part in brackets.groups()]
        yield _joined(f"{parts[0].text}（{parts[1].text}）{parts[2].text}", parts)


def _split(pieces: list[str], mark: str, known: Catalogue) -> Iterator[Reading]:
    """Give the reading of a text piece by piece, if it has several."""
    if len(pieces) > 1:
        parts = [_read(piece, known) for piece in pieces]
        yield _joined(mark.join(part.text for part in parts), parts)


def _joined(text: str, parts: list[Reading]) -> Reading:
    return Reading(text, sum(part.left for part in parts), any(part.known for part in parts))


_ENDINGS = {" lower": "下限", " upper": "上限", " share": "占比"}


def read_column(name: str, language: str) -> str:
    """Return the header of a column: its own, that of what it bounds or is a share of, or what its words read.

    Examples
    --------
    >>> read_column("revenue_share", "zh")
    '收入占比'
    """
    known, words = catalogue(language), name.replace("_", " ")
    if own := known.columns.get(name.replace(" ", "_"), known.texts.get(words)):
        return own
    for ending, chinese in _ENDINGS.items():
        if words.endswith(ending):
            return read_column(words.removesuffix(ending), language) + chinese
    return read(words, language).text


def english_left(text: str, language: str) -> list[str]:
    """Return the English words that are left of a text in ``language``: what the catalogue lacks, or data.

    Examples
    --------
    >>> english_left("three whatnots", "zh")
    ['three', 'whatnots']
    """
    found = read(text, language)
    return english_words(found.text) if found.left else []


def english_words(text: str) -> list[str]:
    """Return the English words of a text, but for those that join others, as names too have them.

    Examples
    --------
    >>> english_words("3 of 40 customers")
    ['customers']
    """
    return [word for word in _ENGLISH.findall(text) if word not in JOINING | _OF_NO_LANGUAGE]
