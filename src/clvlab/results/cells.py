"""How one value is written for a reader: rounded, with thousands apart, in the current language."""

from __future__ import annotations

from clvlab.language import say, say_name


def format_cell(value: object, decimals: int, percent: bool = False) -> str:
    """Return one cell as text: thousands separated, floats rounded, dates as days, missing values as a dash.

    Examples
    --------
    >>> format_cell(1234.5678, 2), format_cell(0.9126, 0, percent=True), format_cell(None, 0)
    ('1,234.57', '91.3%', '–')
    """
    import pandas as pd

    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return "–"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    if percent:
        return f"{_rounded(100 * float(value), 1):,.1f}%"  # type: ignore[arg-type]
    if pd.api.types.is_integer(value):
        return f"{value:,}"
    if pd.api.types.is_float(value):
        return f"{_rounded(float(value), decimals):,.{decimals}f}"  # type: ignore[arg-type]
    return str(value)


def spoken_cell(value: object, decimals: int, percent: bool) -> str:
    """Return one cell as text in the current language; a count keeps all its digits, so that a table adds up.

    Examples
    --------
    >>> from clvlab.language import speaking
    >>> with speaking("zh"):
    ...     spoken_cell(29109, 0, False), spoken_cell(1234567.4, 0, False)
    ('29,109', '123.5万')
    """
    import pandas as pd

    if pd.api.types.is_integer(value) and not percent:
        return f"{value:,}"
    return say(format_cell(value, decimals, percent))


def spoken_name(value: object, decimals: int, percent: bool) -> str:
    """Return one cell of a column of names: they are in no language, but pseudonyms are."""
    return say_name(format_cell(value, decimals, percent))


def _rounded(value: float, decimals: int) -> float:
    """Return ``value`` rounded alike on every machine and in every run.

    An engine adds in any order, and the last bits of a sum differ: further digits are settled first, so that a sum of
    1,751,040.5 does not show now as 1,751,040 and now as 1,751,041. Adding 0.0 turns -0.0 into 0.0.
    """
    return round(round(value, decimals + 4), decimals) + 0.0
