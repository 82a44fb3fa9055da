"""What the words in a file's values, and the units beside them, mean: yes and no, our choices, currencies, units."""

from __future__ import annotations

import re

from clvlab.records.proposing.words import plain_words, read_words

_VALUES = read_words("values.toml")

_TRUE, _FALSE = frozenset(_VALUES["flags"]["true"]), frozenset(_VALUES["flags"]["false"])
_CHOICES = {
    re.sub("[ -]", "", word): choice
    for choice, group in _VALUES["choices"].items()
    for word in [choice, *group]
}  # fmt: skip
CURRENCIES: dict[str, str] = {word: code for code, group in _VALUES["currencies"].items() for word in group}
_FACTORS = {
    kind: {word: unit["factor"] for unit in units for word in unit["words"]}
    for kind, units in _VALUES["units"].items()
}  # fmt: skip
# From the contract's unit to the words for it and its kin, and what one of them makes in the contract's unit.
UNITS: dict[str, dict[str, float]] = {
    "kg": _FACTORS["mass"], "kg a month": _FACTORS["mass"], "km": _FACTORS["length"],
    "currency": _FACTORS["money"], "currency a year": _FACTORS["money"],
    "share": _FACTORS["share"], "share a year": _FACTORS["share"],
}  # fmt: skip
# What may stand beside a number without making it a text.
SIGNS = frozenset({*CURRENCIES, *(word for kin in UNITS.values() for word in kin)})


def flag_meaning(value: str) -> str:
    """Return "true" or "false" for a word that says yes or no in some language, else an empty text."""
    word = value.strip().lower()
    return "true" if word in _TRUE else "false" if word in _FALSE else ""


def choice_meaning(value: str, choices: tuple[str, ...]) -> str:
    """Return the one of ``choices`` that a word stands for, else an empty text.

    Examples
    --------
    >>> choice_meaning("Credit-Note", ("freight", "credit note"))
    'credit note'
    """
    word = re.sub(r"[\s_\-]+", "", value.lower())
    choice = _CHOICES.get(word, "")
    return choice if choice in choices else ""


def stated_unit(name: str, unit: str) -> tuple[str, float] | None:
    """Return the word for a unit in a column's name and the factor from it to the contract's ``unit``.

    Examples
    --------
    >>> stated_unit("Weight (t)", "kg")
    ('t', 1000)
    """
    kin = UNITS.get(unit, {})
    return next(((word, kin[word]) for word in reversed(plain_words(name)) if word in kin), None)


def stated_currency(text: str) -> str:
    """Return the code of the currency that a name or a sign speaks of, else an empty text.

    Examples
    --------
    >>> stated_currency("amount_eur"), stated_currency("€")
    ('EUR', 'EUR')
    """
    given = [text.strip().lower(), *plain_words(text)]
    return next((CURRENCIES[word] for word in given if word in CURRENCIES), "")
