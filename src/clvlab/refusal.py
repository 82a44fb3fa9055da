"""The one exception for input that cannot be used, and how its sentence names what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# From here on two words are alike: two letters of three swapped, but hardly ever another word.
_ALIKE = 0.65


class Refused(Exception):
    """Input that cannot be used.

    The message is one sentence for the person who gave the input: what is wrong, where, and what to do.
    The command line prints it and exits with 2; a notebook shows it as it is.

    Examples
    --------
    >>> raise Refused("shipments.csv is empty; export it again with its header and rows.")
    Traceback (most recent call last):
    ...
    clvlab.refusal.Refused: shipments.csv is empty; export it again with its header and rows.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the sentence, not the way to where it was said."""
        return [f"{type(self).__name__}: {self}"]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a question, in brackets, after the known word nearest to ``word``; blank when none is near.

    Examples
    --------
    >>> nearest("curency", ["currency", "time_zone"])
    " (did you mean 'currency'?)"
    """
    close = get_close_matches(word, list(known), n=1, cutoff=_ALIKE)
    return f" (did you mean {close[0]!r}?)" if close else ""
