"""Heavy, moderate and light users by how often each customer usually orders."""

from __future__ import annotations

import pandas as pd

from clvlab.features.by_customer import first_label
from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import need_columns
from clvlab.periods import DAYS_PER_YEAR, days_per
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes
from clvlab.tiers.classes.shares import one_amount_each

HEAVY, MODERATE, LIGHT = "heavy", "moderate", "light"
# Share of heavy users in the source of the three classes, a restaurant chain.
STATED_HEAVY = (0.30, 0.40)
_HALF_YEAR = DAYS_PER_YEAR / 2


def usage_classes(rhythm: pd.DataFrame) -> Classes:
    """Class customers as heavy (重度, weekly), moderate (中度, monthly) and light users (轻度, half-yearly).

    Parameters
    ----------
    rhythm
        By customer_id: ``order_days``, ``usual_gap_days`` (from one order day to the next) and ``silent_days``, as
        :func:`clvlab.features.totals.order_gaps` counts them and ``rhythm(...).customers`` of
        :mod:`clvlab.features.churn_definitions.rhythm` estimates them. Give those who are still customers, and the
        shares are of today's users.

    Returns
    -------
    Classes
        ``values`` holds the three columns. Who ordered on fewer than two days has shown no rhythm: not known.

    Raises
    ------
    Refused
        When a column is missing, there is no customer, or a customer has two rows.

    Notes
    -----
    Heavy users usually order again within a week, moderate ones within a month (30.4 days), light ones later; the
    source knows no users rarer than half-yearly, who are counted with the light ones and told. The class tells how
    often a customer orders while it does: it stays that of a customer who went silent.

    Examples
    --------
    >>> codes = pd.Index(["a", "b", "c", "d"], name="customer_id")
    >>> rhythm = pd.DataFrame({"order_days": [9, 5, 3, 1], "usual_gap_days": [7.0, 20.0, 90.0, None]}, codes)
    >>> usage_classes(rhythm.assign(silent_days=3)).labels.to_dict()
    {'a': 'heavy', 'b': 'moderate', 'c': 'light', 'd': 'not known'}
    """
    need_columns(rhythm.columns, ["order_days", "usual_gap_days", "silent_days"])
    gap = one_amount_each(rhythm["usual_gap_days"], "usual_gap_days").where(rhythm["order_days"] > 1)
    week, month = days_per("week"), days_per("month")
    heavy = gap <= week
    chosen = [gap.isna(), heavy, gap <= month]
    labels = pd.Series(first_label(chosen, [NOT_KNOWN, HEAVY, MODERATE], LIGHT), gap.index)
    rules = {
        HEAVY: f"usually order again within {week:.0f} days",
        MODERATE: f"usually order again within {month:.0f} days",
        LIGHT: f"usually order again after more than {month:.0f} days",
    }
    return Classes("Users by their own rhythm", labels, rules, rhythm, remarks=_remarks(rhythm, gap, heavy))


def _remarks(rhythm: pd.DataFrame, gap: pd.Series, heavy: pd.Series) -> tuple[str, ...]:
    remarks = []
    known = int(gap.notna().sum())
    if known:
        low, high = STATED_HEAVY
        share = float(heavy.sum() / known)
        place = "within" if low <= share <= high else "above" if share > high else "below"
        remarks.append(f"Of {plural(known, 'customers')} with a rhythm {share:.0%} are heavy users, {place} the"
                       f" {low:.0%} to {high:.0%} of the restaurant chain that the classes come from.")  # fmt: skip
    rare = int((gap > _HALF_YEAR).sum())
    if rare:
        remarks.append(f"{rare:,} of the light users usually order less than once in half a year.")
    silent = int(((rhythm["silent_days"] > _HALF_YEAR) & heavy).sum())
    if silent:
        remarks.append(f"{silent:,} of the heavy users have been silent for more than half a year: the class is of the"
                       " time when they ordered.")  # fmt: skip
    if known < len(gap):
        remarks.append(f"{plural(len(gap) - known, 'customers')} with fewer than two order days: no rhythm is known.")
    return tuple(remarks)
