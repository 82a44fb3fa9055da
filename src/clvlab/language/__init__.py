"""The language of what is shown: the one catalogue, and where English texts turn into others.

Models speak English, in whole sentences and templates; what shows their results (:mod:`clvlab.results`,
:mod:`clvlab.figures`) puts every text through :func:`say`. English is shown as it is, and nothing is loaded for it.
"""

from __future__ import annotations

import datetime as dt

from clvlab.language.labels import LABELS, labels
from clvlab.language.speaking import ENGLISH, LANGUAGES, current, speaking, use

__all__ = [
    "ENGLISH",
    "LABELS",
    "LANGUAGES",
    "amount_scale",
    "current",
    "labels",
    "say",
    "say_column",
    "say_day",
    "say_name",
    "speaking",
    "use",
]

# In what large amounts are counted: from which amount on, in units of, and how that is called.
_SCALES = {
    "en": ((1e6, 1e6, "million"), (1e4, 1e3, "thousand"), (0.0, 1.0, "")),
    "zh": ((1e8, 1e8, "亿"), (1e4, 1e4, "万"), (0.0, 1.0, "")),
}


def amount_scale(largest: float) -> tuple[float, str]:
    """Return by what to divide amounts of up to ``largest`` where they share a unit, and what that unit is called.

    Examples
    --------
    >>> amount_scale(3_720_000), amount_scale(618)
    ((1000000.0, 'million'), (1.0, ''))
    >>> with speaking("zh"):
    ...     amount_scale(3_720_000)
    (10000.0, '万')
    """
    return next((size, word) for least, size, word in _SCALES[current()] if abs(largest) >= least)


def say(text: str) -> str:
    """Return a text as it is shown in the current language.

    Parameters
    ----------
    text
        English, as the package writes it; what the catalogue does not know (names, ids) stays as it is.

    Examples
    --------
    >>> with speaking("zh"):
    ...     say("1,234,567 CNY")
    '¥123.5万'
    """
    if current() == ENGLISH:
        return text
    from clvlab.language.reading import read

    return read(text, current()).text


def say_column(name: str) -> str:
    """Return the header of a column in the current language; in English its name.

    Examples
    --------
    >>> with speaking("zh"):
    ...     say_column("share_lower")
    '占比下限'
    """
    if current() == ENGLISH:
        return name
    from clvlab.language.reading import read_column

    return read_column(name, current())


def say_name(name: str) -> str:
    """Return a name as it is shown: it is in no language, but the pseudonym of a redacted report is.

    Examples
    --------
    >>> with speaking("zh"):
    ...     say_name("Customer 0659"), say_name("Core Foods Group")
    ('客户0659', 'Core Foods Group')
    """
    if current() == ENGLISH:
        return name
    from clvlab.language.reading import read_name

    return read_name(name, current())


def say_day(day: dt.date) -> str:
    """Return a day as it stands in a sentence or a heading of the current language.

    Examples
    --------
    >>> say_day(dt.date(2025, 11, 30))
    '2025-11-30'
    >>> with speaking("zh"):
    ...     say_day(dt.date(2025, 11, 30))
    '2025年11月30日'
    """
    return day.isoformat() if current() == ENGLISH else f"{day.year}年{day.month}月{day.day}日"
