"""Which terms cannot be kept together, and what would resolve it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from clvlab.features.customer_file.shared import plural
from clvlab.service_level.allocation.minimums import Minimum, strictest
from clvlab.service_level.allocation.options import Options
from clvlab.service_level.allocation.terms import Terms
from clvlab.service_level.allocation.wording import amounts, listed, sentence, words


class Conflict(NamedTuple):
    """Terms that cannot be kept together, though all but any one of them can.

    ``terms`` holds the conflicting minimums, limits and budget; ``sentence`` names them and what would resolve it.
    """

    terms: Terms
    sentence: str


def conflict(options: Options, terms: Terms) -> Conflict | None:
    """Return a smallest set of terms that conflict; None when a plan keeps all.

    Terms are left out one after the other, and stay out where the others conflict without them (a deletion filter):
    what is left is irreducible. Other terms may conflict as well.

    References
    ----------
    Chinneck, J. W. and Dravnieks, E. W. (1991), "Locating minimal infeasible constraint sets in linear programs", ORSA
    Journal on Computing 3(2).
    """
    if _can_be_kept(options, [terms]):
        return None
    parts = _parts(terms)
    left = [part for part in parts if not _can_be_kept(options, [part])][:1] or parts
    for part in parts:
        others = [each for each in left if each is not part]
        if not _can_be_kept(options, others):
            left = others
    found = _together(left)
    return Conflict(found, _sentence(options, found, terms))


def _parts(terms: Terms) -> list[Terms]:
    """Return the terms one by one, first those that stay out where several sets conflict: mild minimums and limits."""
    minimums = sorted((asked[0] for asked in strictest(terms.minimums).values()), key=lambda each: each.level)
    parts = [Terms(minimums=[minimum]) for minimum in minimums]
    parts += [Terms(limits={name: available}) for name, available in terms.limits.items()]
    return parts + ([] if terms.budget is None else [Terms(budget=terms.budget)])


def _together(parts: Sequence[Terms]) -> Terms:
    return Terms(
        next((part.budget for part in parts if part.budget is not None), None),
        {name: available for part in parts for name, available in part.limits.items()},
        [minimum for part in parts for minimum in part.minimums],
    )


def _can_be_kept(options: Options, parts: Sequence[Terms]) -> bool:
    return _together(parts).least(options, options.cost) is not None


def _sentence(options: Options, found: Terms, terms: Terms) -> str:
    """Say which terms conflict, and what would resolve it."""
    asked = [f"{each.name} ({each.level:.1%} {words(each.kpi)} for {each.group})" for each in found.minimums]
    if found.budget is not None:
        text = amounts(max(abs(found.budget), np.abs(options.cost).max()), options.currency)
        rest = replace(found, budget=None)
        horizon = " over the horizon" if options.years == options.years else ""
        return _too_little(options, rest, asked, options.cost, found.budget, f"the budget{horizon} is", text)
    if found.limits:
        name, available = next(iter(found.limits.items()))
        rest = replace(found, limits={other: most for other, most in found.limits.items() if other != name})
        return _too_little(
            options, rest, asked, options.use(name), available, f"available of {name} are", "{:,.0f}".format
        )
    if len(asked) > 1:
        return f"No option meets these together: {listed(asked)}; offer one that does, or agree on less in one of them."
    return _out_of_reach(options, found.minimums[0], terms)


def _too_little(
    options: Options,
    rest: Terms,
    asked: list[str],
    use: np.ndarray,
    there: float,
    is_there: str,
    text: Callable[[float], str],
) -> str:
    """Say how much the other terms need at least, and how much is there."""
    plan = rest.least(options, use)
    assert plan is not None  # without any one of its terms a conflict is resolved
    needed = float(use[plan].sum())
    within = [f"no more than {most:,.0f} of {name}" for name, most in rest.limits.items()]
    others = asked + within
    whose = listed(others) or "Every plan"
    whose, verb = (f"Together {whose}", "need") if len(others) > 1 else (whose, "needs")
    give_up = " or give up one of them" if len(others) > 1 else f" or give up {whose}" if others else ""
    lacking = f"find {text(needed - there)} more{give_up}"
    return f"{sentence(whose)} {verb} at least {text(needed)}; {is_there} {text(there)}: {lacking}."


def _out_of_reach(options: Options, minimum: Minimum, terms: Terms) -> str:
    """Say that a minimum lies above every level on offer, and how many others of its group do."""
    own = options.levels.loc[options.levels["group"] == minimum.group, minimum.kpi]
    others = sum(each.level > own.max() for each in terms.minimums if each[1:3] == minimum[1:3]) - 1
    so_do = f" (and {plural(others, 'other minimums')} of {minimum.group} above that)" if others else ""
    return (
        f"{sentence(minimum.name)} asks {minimum.level:.1%} {words(minimum.kpi)} for {minimum.group}, the highest "
        f"level on offer is {own.max():.1%}{so_do}: say what {minimum.level:.1%} costs, or agree on less."
    )
