"""A printed figure beside ours."""

from __future__ import annotations

from collections.abc import Mapping

from clvlab.validation.check import PUBLISHED, Check, judged

# Half a unit of the last digit printed, and what rounding to even may add.
_HALF = 0.5001


def agrees(ours: float, printed: str) -> bool:
    """Return whether a figure agrees with all digits printed.

    Examples
    --------
    >>> agrees(0.70441, "0.704"), agrees(0.7046, "0.704"), agrees(80.0, "80")
    (True, False, True)
    """
    digits = len(printed.partition(".")[2])
    return abs(ours - float(printed)) <= _HALF * 10**-digits


def printed_checks(model: str, what: str, source: str, printed: Mapping[str, tuple[str, float]]) -> list[Check]:
    """Return a check of each figure, by name: as it is printed, and ours.

    Examples
    --------
    >>> [found] = printed_checks("sBG", "regular contracts", "Fader & Hardie (2007)", {"alpha": ("0.704", 0.70441)})
    >>> found.figure, found.within
    ('0.704', 'yes')
    """
    return [
        Check(
            model, f"{what}: {name}", PUBLISHED, f"{ours:.{len(text.partition('.')[2])}f}", text,
            judged(agrees(ours, text)), source,
        )
        for name, (text, ours) in printed.items()
    ]  # fmt: skip
