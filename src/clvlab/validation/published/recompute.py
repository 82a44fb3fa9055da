"""All printed figures, computed now."""

from __future__ import annotations

from clvlab.validation.check import Check
from clvlab.validation.published import decisions, purchases, satisfaction, survival


def published_checks() -> list[Check]:
    """Return every printed figure beside ours: what the public functions give today on the printed inputs.

    Examples
    --------
    >>> {check.within for check in published_checks()}
    {'yes'}
    """
    return [*purchases.checks(), *survival.checks(), *satisfaction.checks(), *decisions.checks()]
