"""The language in which this process shows what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clvlab.refusal import Refused

LANGUAGES = ("en", "zh")
ENGLISH = "en"
_current = ENGLISH


def current() -> str:
    """Return the language of display.

    Examples
    --------
    >>> current()
    'en'
    """
    return _current


def use(language: str) -> None:
    """Show everything from here on in ``language``.

    Raises
    ------
    Refused
        When it is neither ``"en"`` nor ``"zh"``.

    Examples
    --------
    >>> use("en")
    """
    global _current
    if language not in LANGUAGES:
        raise Refused(f"The language {language!r} is not known; give one of {', '.join(LANGUAGES)}.")
    _current = language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Show in ``language`` within a block.

    Examples
    --------
    >>> with speaking("zh"):
    ...     current()
    'zh'
    >>> current()
    'en'
    """
    before = _current
    use(language)
    try:
        yield
    finally:
        use(before)
