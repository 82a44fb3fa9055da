"""A column's name as words: in lower case, one for all words of a meaning, without plural and fillers."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Any


def read_words(name: str) -> dict[str, Any]:
    """Return one of the lists of words that lie beside this file."""
    return tomllib.loads((resources.files("clvlab.records.proposing") / name).read_text(encoding="utf-8"))


SYNONYMS = read_words("synonyms.toml")

_SAME = {word: meaning for meaning, group in SYNONYMS["same"].items() for word in group}
_FILLERS = {"in", "of", "the", "for", "a"}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_COUNT = re.compile(r"\b(?:no|nr|num|number|qty|quantity)[\W_]+of[\W_]", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3400-\u9fff]+|[%€$£₹#]")
_GLUED = re.compile(r"([a-z]{3,})(no|nr|id|code|date|time|dt|kg|km)")
_VOCABULARY = frozenset(re.findall("[a-z]{3,}", f"{SYNONYMS['shared']} {SYNONYMS['columns']}"))
_PERSONAL = re.compile(
    r"phone|mobile|\btel\b|telefon|\be ?mail|contact (name|person)|passport|birth|ansprechpartner"
    r"|手机|电话|邮箱|邮件|身份证|联系人|联系方式|收货人姓名|微信",
    re.IGNORECASE,
)


@lru_cache(maxsize=10_000)
def plain_words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, as they stand.

    Examples
    --------
    >>> plain_words("grossWeight_KG")
    ('gross', 'weight', 'kg')
    """
    text = unicodedata.normalize("NFKC", name).translate(_UMLAUTS)
    found = [word.lower() for word in _WORD.findall(_COUNT.sub("", text))]
    return tuple(part for word in found for part in _unglued(word))


def _unglued(word: str) -> tuple[str, ...]:
    """Return the two words of one written together, as in ORDERNO, when the first is one we know."""
    glued = _GLUED.fullmatch(word)
    return glued.groups() if glued and glued[1] in _VOCABULARY else (word,)


@lru_cache(maxsize=10_000)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name, each replaced by the one that stands for all of its meaning.

    Examples
    --------
    >>> words("InvoiceNo."), words("Order_DT")
    (('invoice', 'id'), ('order', 'date'))
    """
    given = [word for word in plain_words(name) if word not in _FILLERS] or list(plain_words(name))
    if len(given) > 1 and given[-1] in {"at", "on"}:
        given[-1] = "date"
    single = [re.sub(r"(?<=[^s]{4})s$", "", word) for word in given]
    return tuple(_SAME.get(word, word) for word in single)


def is_personal(name: str) -> bool:
    """Return whether a column's name speaks of a person's particulars, which are never mapped.

    Examples
    --------
    >>> is_personal("contactPhone"), is_personal("origin")
    (True, False)
    """
    return bool(_PERSONAL.search(" ".join(plain_words(name))) or _PERSONAL.search(name))
