"""What a key-account manager reads about an account: what drives it, its silence, its partners."""

from __future__ import annotations

from math import exp, log

import pandas as pd

from clvlab.features.tables import need_columns
from clvlab.results import format_cell

NOT_CLEAR = "not clear"
# A cause is named when it raises the hazard by a tenth or more and stands for half of all that raises it.
_RAISES = log(1.1)
# A covariate that raises the hazard by less is not worth a line.
_WORTH_A_LINE = log(1.01)
_SHARE = 0.5
_MOST_PARTNERS = 3
# A silence shorter than half of the account's gaps is none to a reader.
_WITHIN_RHYTHM = 0.5
_FEW_DAYS = 3  # below this a gap between orders needs a digit after the point


def plain_text(text: object) -> str:
    """Return a text on one line that a spreadsheet takes for text, not for a formula; blank when it is missing.

    Examples
    --------
    >>> plain_text("=HYPERLINK(1)"), plain_text(" two\\nlines ")
    ("'=HYPERLINK(1)", 'two lines')
    """
    if text is None or pd.isna(text):
        return ""
    line = " ".join(str(text).split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def drivers_in_words(drivers: pd.DataFrame) -> pd.DataFrame:
    """Return the two covariates that raise each account's risk the most above its own past, in words.

    Parameters
    ----------
    drivers
        One row per account and covariate: customer_id, covariate, label (what it is, with its unit where it has one),
        unit (blank for what only holds or does not), now, own_past (missing for an account without one), contribution
        (to the log hazard: now less own past).

    Returns
    -------
    DataFrame
        Indexed by customer_id: first_driver, second_driver; none that raises the hazard by less than 1%, and accounts
        that nothing drives are not there.

    Examples
    --------
    >>> late = pd.DataFrame({
    ...     "customer_id": ["a"], "covariate": ["late"], "label": ["late deliveries, %"], "unit": ["point"],
    ...     "now": [14.0], "own_past": [6.0], "contribution": [0.5],
    ... })
    >>> drivers_in_words(late).loc["a", "first_driver"]
    'late deliveries, %: 14 (own past 6)'
    """
    need_columns(drivers.columns, ["customer_id", "covariate", "label", "unit", "now", "own_past", "contribution"])
    raising = drivers[drivers["contribution"] >= _WORTH_A_LINE]
    ranked = raising.sort_values(["contribution", "covariate"], ascending=[False, True])
    place = ranked.groupby("customer_id").cumcount()
    first, second = (
        {row.customer_id: _against_past(row) for row in ranked[place == rank].itertuples()} for rank in (0, 1)
    )
    return pd.DataFrame(
        {"first_driver": pd.Series(first, dtype=object), "second_driver": pd.Series(second, dtype=object)}
    )


def _against_past(row: object) -> str:
    label, unit, now, past = (getattr(row, name) for name in ("label", "unit", "now", "own_past"))
    if not unit:
        return plain_text(label)
    before = "no past of its own yet" if pd.isna(past) else f"own past {_number(past)}"
    return f"{plain_text(label)}: {_number(now)} ({before})"


def _number(value: float) -> str:
    """Return a number with a digit after the point where that is needed to see it."""
    return format_cell(float(value), 0 if abs(value) >= 10 or round(value, 1) % 1 == 0 else 1)


def likely_cause(drivers: pd.DataFrame) -> pd.Series:
    """Return the cause whose covariates raise each account's risk the most, or that none stands out.

    Parameters
    ----------
    drivers
        customer_id, cause (blank for a covariate that speaks for none), contribution (to the log hazard).

    Returns
    -------
    Series
        By customer_id: the cause with by how much it multiplies the risk, or ``"not clear"`` when none raises it by a
        tenth or more, or none stands for half of all that raises it.

    Examples
    --------
    >>> drivers = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "cause": ["service", "price", "price"], "contribution": [0.47, 0.1, 0.05],
    ... })
    >>> likely_cause(drivers).to_dict()
    {'a': 'service (risk 1.6 times its own past)', 'b': 'not clear'}
    """
    need_columns(drivers.columns, ["customer_id", "cause", "contribution"])
    sums = drivers.assign(cause=drivers["cause"].fillna("")).pivot_table(
        index="customer_id", columns="cause", values="contribution", aggfunc="sum", fill_value=0.0
    )
    raised, named = sums.clip(lower=0).sum(axis=1), sums.drop(columns="", errors="ignore")
    if named.empty:
        return pd.Series(NOT_CLEAR, index=sums.index, dtype=object)
    largest = named.max(axis=1)
    times = largest.map(lambda added: f" (risk {exp(added):.1f} times its own past)")
    return (named.idxmax(axis=1) + times).where((largest >= _RAISES) & (largest >= _SHARE * raised), NOT_CLEAR)


def silence_in_words(silence: pd.DataFrame) -> pd.Series:
    """Return how long each account has been silent against its own rhythm, in words.

    Parameters
    ----------
    silence
        One row per account: customer_id, silent_days, usual_gap_days, silence_percentile (share of its gaps between
        orders, from 0 to 1, that are shorter).

    Examples
    --------
    >>> silence_in_words(pd.DataFrame({
    ...     "customer_id": ["a"], "silent_days": [41], "usual_gap_days": [9.2], "silence_percentile": [0.982],
    ... })).loc["a"]
    'silent for 41 days, usually 9 days between orders; longer than 98% of its gaps'
    """
    need_columns(silence.columns, ["customer_id", "silent_days", "usual_gap_days", "silence_percentile"])
    return pd.Series({row.customer_id: _silent(row) for row in silence.itertuples()}, dtype=object)


def _silent(row: object) -> str:
    silent, usual, share = (getattr(row, name) for name in ("silent_days", "usual_gap_days", "silence_percentile"))
    if pd.isna(silent):
        return "no order yet"
    if share < _WITHIN_RHYTHM:
        ordered = f"{silent:,.0f} {'day' if silent == 1 else 'days'} ago" if silent else "today"
        return f"ordered {ordered}, within its rhythm (usually {_days(usual)} between orders)"
    text = f"silent for {silent:,.0f} {'day' if silent == 1 else 'days'}"
    text += ", too few orders to tell its rhythm" if pd.isna(usual) else f", usually {_days(usual)} between orders"
    # 99.6% is not "longer than 100%": a share is only shown whole when it is.
    return text if pd.isna(share) else f"{text}; longer than {min(int(100 * share + 1e-9), 100)}% of its gaps"


def _days(days: float) -> str:
    number = format_cell(float(days), 0 if days >= _FEW_DAYS else 1)
    return f"{number} day" if days == 1 else f"{number} days"


def partners_in_words(partners: pd.DataFrame) -> pd.Series:
    """Return who on the other side of each account's lanes has left, the latest first.

    Parameters
    ----------
    partners
        customer_id, partner_id, left_on: one row per partner that has left.

    Examples
    --------
    >>> partners_in_words(pd.DataFrame({
    ...     "customer_id": ["a"], "partner_id": ["b"], "left_on": pd.to_datetime(["2025-11-02"]),
    ... })).loc["a"]
    'b (2025-11-02)'
    """
    need_columns(partners.columns, ["customer_id", "partner_id", "left_on"])
    found = {}
    ranked = partners.sort_values(["left_on", "partner_id"], ascending=[False, True])
    for customer, lost in ranked.groupby("customer_id"):
        shown = [f"{plain_text(row.partner_id)} ({format_cell(row.left_on, 0)})" for row in lost.itertuples()]
        more = [f"{len(shown) - _MOST_PARTNERS:,} more"] if len(shown) > _MOST_PARTNERS else []
        found[customer] = ", ".join(shown[:_MOST_PARTNERS] + more)
    return pd.Series(found, dtype=object)
