"""What a coefficient of a hazard means, in a plain sentence; knows no model."""

from __future__ import annotations

from math import exp, expm1, floor, inf, isfinite, isnan, log, log10

# From this hazard ratio on people say "3.2 times", not "raises by 220%".
_TIMES = 2.0
_MOST_DECIMALS = 4
_LARGE = log(1e6)


def words(name: str, coefficient: float, lower: float, upper: float, unit: str = "", hazard: str = "hazard") -> str:
    """Return what a covariate does to the hazard, as a sentence without a full stop.

    Parameters
    ----------
    name
        The covariate as the subject of a sentence, e.g. "a contract by the month"; used when there is no unit.
    coefficient, lower, upper
        Log of the hazard ratio and its interval. Infinite where the data set no bound, missing where there is no
        estimate.
    unit
        What one more of the covariate is, e.g. "late percentage point".
    hazard
        How the hazard is called.

    Examples
    --------
    >>> words("late share", 0.068, 0.039, 0.095, unit="late percentage point", hazard="monthly hazard")
    'each additional late percentage point raises the monthly hazard by 7% (4-10)'
    >>> words("a contract by the month", 1.16, 0.74, 1.59)
    'a contract by the month multiplies the hazard by 3.2 (2.1-4.9)'
    >>> words("a visit", 0.04, -0.03, 0.113)
    'a visit: no effect on the hazard can be told: between 3% lower and 12% higher'
    """
    subject = f"each additional {unit}" if unit else name
    if isnan(coefficient):
        return f"{subject}: no effect on the {hazard} can be estimated"
    if isnan(lower) or isnan(upper):
        return f"{subject}: how the {hazard} changes cannot be told; there is no interval"
    if lower <= 0 <= upper:
        below, above = _change(lower), _change(upper)
        return f"{subject}: no effect on the {hazard} can be told: between {below} and {above}"
    rises = lower > 0
    if not isfinite(coefficient):
        least = _change(lower if rises else upper)
        return f"{subject} {'raises' if rises else 'lowers'} the {hazard} without limit in these data: at least {least}"
    if rises and (coefficient >= log(_TIMES) or upper >= _LARGE):
        return f"{subject} multiplies the {hazard} by {_times(coefficient)} ({_times(lower)}-{_times(upper)})"
    middle, low, high = _percentages(coefficient, *((lower, upper) if rises else (upper, lower)))
    return f"{subject} {'raises' if rises else 'lowers'} the {hazard} by {middle}% ({low}-{high})"


def _times(coefficient: float) -> str:
    """Return a hazard ratio as text, large ones without digits that say nothing."""
    if coefficient == inf:
        return "no limit"
    return f"{exp(coefficient):,.1f}" if coefficient < _LARGE else f"10^{coefficient / log(10):.0f}"


def _percentages(*coefficients: float) -> list[str]:
    """Return changes in percent, with as many decimals as keep all from reading 0, or 100 where something is left."""
    sizes = [100 * abs(expm1(value)) for value in coefficients]
    apart = min(min(size, abs(100 - size) or size) for size in sizes)
    decimals = min(max(0, -floor(log10(2 * apart))), _MOST_DECIMALS)  # half a unit still reads 1
    return [f"{size:,.{decimals}f}" for size in sizes]


def _change(coefficient: float) -> str:
    """Return a bound of the hazard against what it is without the covariate."""
    if coefficient == inf:
        return "no limit above"
    if coefficient >= log(_TIMES):
        return f"{_times(coefficient)} times as high"
    if coefficient == 0:
        return "no change"
    return f"{_percentages(coefficient)[0]}% {'higher' if coefficient > 0 else 'lower'}"
