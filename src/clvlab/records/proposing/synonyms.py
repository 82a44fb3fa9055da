"""How surely a column's name means one of ours: by our own name, a synonym, part of one, or its spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from clvlab.records.contracts import TABLES
from clvlab.records.proposing.values import CURRENCIES, UNITS
from clvlab.records.proposing.words import SYNONYMS, words

# How sure a name is: our own, a synonym, a weak synonym; below LEAST it is no evidence.
OWN_NAME, SYNONYM, WEAK, LEAST = 1.0, 0.95, 0.6, 0.45
_PART, _WEAK_PART, _SIMILAR, _ALIKE = 0.85, 0.5, 0.7, 0.82

_PLANNED, _ACTUAL, _ASIDE = (frozenset(SYNONYMS["hints"][hint]) for hint in ("planned", "actual", "aside"))
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Phrase:
    """A name known to mean one of our columns, as words and as one text, and how sure it is."""

    words: tuple[str, ...]
    text: str
    sure: float
    said: str


def _phrases(table: str, column: str) -> list[Phrase]:
    """Return all names known to mean one of our columns, its own first."""
    dated = TABLES[table].column(column).type in {"date", "time"}
    known: dict[tuple[str, ...], tuple[float, str]] = {words(column): (OWN_NAME, column)}
    for phrase in SYNONYMS["columns"][table][column]:
        for one in SYNONYMS["shared"][phrase[1:]] if phrase.startswith("@") else [phrase]:
            said = one.rstrip("?")
            sure = WEAK if one.endswith("?") else SYNONYM
            for key in {words(said), _undated(words(said)) if dated else words(said)}:
                known[key] = max((sure, said), known.get(key, (0.0, "")))
    if dated:
        known.setdefault(_undated(words(column)), (SYNONYM, column))
    return [Phrase(key, "".join(key), sure, said) for key, (sure, said) in known.items()]


def _undated(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """Return "delivered" for "delivered date": a column of dates need not say that it is one."""
    return phrase[:-1] if len(phrase) > 1 and phrase[-1] == "date" else phrase


_KNOWN = {
    table: {column: _phrases(table, column) for column in columns} for table, columns in SYNONYMS["columns"].items()
}


def likeness(name: str, table: str, column: str) -> tuple[float, str]:
    """Return how surely a user's ``name`` means our ``column`` (0 to 1), and the reason for any doubt.

    Examples
    --------
    >>> likeness("Gross Weight (kg)", "shipments", "weight")
    (0.95, '')
    >>> likeness("gros weigth", "shipments", "weight")[1]
    'its name resembles "gross weight"'
    """
    of = TABLES[table].column(column)
    aside = UNITS.get(of.unit, {}) if of.type in {"number", "whole"} else {}
    coins = CURRENCIES if of.unit == "currency" else {}
    spoken = words(name)
    core = tuple(word for word in spoken if word not in aside and word not in coins) or spoken
    text, is_id, dated = "".join(core), column.endswith("_id"), of.type in {"date", "time"}
    best, why = 0.0, ""
    for phrase in _KNOWN[table][column]:
        score, reason = _against(core, text, phrase, is_id)
        if score > best and dated and text != phrase.text and _other_kind(text, phrase.text):
            score *= 0.4
        if score > best:
            best, why = score, reason
    return (round(best, 3), why) if best >= LEAST else (0.0, "")


def _against(core: tuple[str, ...], text: str, phrase: Phrase, is_id: bool) -> tuple[float, str]:
    """Return how surely a name, as words and as one text, means a known phrase, and the reason for any doubt."""
    sure, said = phrase.sure, phrase.said
    if text == phrase.text:
        return sure, "" if sure > WEAK else f'"{said}" may mean other things, too'
    if _inside(core, text, phrase):
        rest = [word for word in core if word not in phrase.words]
        score = (_PART if sure > WEAK else _WEAK_PART) * (0.6 + 0.4 * len(phrase.text) / len(text))
        score *= 0.6 if not _ASIDE.isdisjoint(rest) else 1.0
        score *= 0.7 if is_id and ("name" in rest or "名称" in text) else 1.0
        return score, f'matched by part of its name, "{said}"'
    if sure > WEAK and (alike := _alike(text, phrase.text)) >= _ALIKE:
        return _SIMILAR * alike, f'its name resembles "{said}"'
    return 0.0, ""


def _inside(core: tuple[str, ...], text: str, phrase: Phrase) -> bool:
    """Return whether the phrase's words stand in the name in their order; Chinese is searched as text."""
    if _IDEOGRAPH.search(phrase.text):
        return len(phrase.text) > 1 and phrase.text in text
    rest = iter(core)
    return all(word in rest for word in phrase.words)


def _alike(text: str, known: str) -> float:
    """Return the share of letters two names have in common in their order; 0 where it cannot matter."""
    short, long = sorted((len(text), len(known)))
    if short < 5 or 2 * short < _ALIKE * (short + long):
        return 0.0
    matcher = SequenceMatcher(None, text, known)
    return matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0


def _other_kind(text: str, known: str) -> bool:
    """Return whether one of the two speaks of what was planned and the other of what happened."""
    planned = any(word in text for word in _PLANNED), any(word in known for word in _PLANNED)
    actual = any(word in text for word in _ACTUAL)
    return planned[0] != planned[1] and (planned[0] or actual)
