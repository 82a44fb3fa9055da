"""Which distribution lifetimes have, by what each would have foretold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from clvlab.churn.hazards.aft.distributions import DISTRIBUTIONS
from clvlab.churn.hazards.aft.fit import fitted, positive
from clvlab.churn.spells import arrange
from clvlab.features.tables import need_columns
from clvlab.periods import epoch_days, parse_date, to_periods
from clvlab.refusal import Refused
from clvlab.results import Table


def compare_distributions(spells: pd.DataFrame, covariates: Sequence[str], train_until: dt.date | str) -> Table:
    """Compare distributions by what each, fitted to what was known on a date, made of what followed.

    Parameters
    ----------
    spells
        With ``started_on``, the date at which age 0 was, and ages in months.
    covariates
        Their columns.
    train_until
        The last day known.

    Returns
    -------
    Table
        One row per distribution, the best first: ``distribution``; ``log_likelihood`` of what was known then;
        ``later_log_likelihood`` of what followed, given who was there; ``behind`` (by how much that is below the best)
        and ``behind_error`` (its standard error over customers: a lead smaller than twice that is not settled).

    Raises
    ------
    Refused
        When nobody left after the date, and as :func:`aft` for what was known then.
    """
    known_then, later = cut(spells, train_until)
    if not (len(later) and later["event"].sum()):
        raise Refused(
            f"Nobody left after {train_until}, so nothing tells the distributions apart; choose an earlier date."
        )
    fits = [fitted(known_then, covariates, each) for each in DISTRIBUTIONS.values()]
    ahead = positive(later)
    rows = np.array([fit.log_likelihood(ahead) for fit in fits])
    best = int(np.argmax(rows.sum(axis=1)))
    names = ahead.frame["customer_id"] if "customer_id" in ahead.frame.columns else ahead.frame.index
    by_customer = pd.DataFrame((rows[best] - rows).T).groupby(np.asarray(names)).sum()
    table = pd.DataFrame(
        {
            "distribution": [fit.distribution for fit in fits],
            "log_likelihood": [fit.log_likelihood_ for fit in fits],
            "later_log_likelihood": rows.sum(axis=1),
            "behind": by_customer.sum().to_numpy(),
            "behind_error": (np.sqrt(len(by_customer)) * by_customer.std()).to_numpy(),
        }
    )
    leavings = int(later["event"].sum())
    title = f"Distributions of lifetimes, fitted until {train_until}, scored on {leavings:,} leavings after it"
    return Table(table.sort_values("behind", ignore_index=True), title, decimals=1)


def cut(spells: pd.DataFrame, until: dt.date | str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return spells as they were known on a date, and what followed of them, entering after it.

    Parameters
    ----------
    spells
        With ``started_on``, the date at which age 0 was, and ages in months.
    until
        The last day known.

    Examples
    --------
    >>> spells = pd.DataFrame({"started_on": [pd.Timestamp("2023-01-01")], "duration": [24.0], "event": [1]})
    >>> known_then, later = cut(spells, "2024-01-01")
    >>> known_then["event"].tolist(), later["event"].tolist(), later["entry"].round(1).tolist()
    ([0], [1], [12.0])
    """
    need_columns(spells.columns, ["started_on"])
    arranged, day = arrange(spells), parse_date(until)
    if spells["started_on"].isna().any():
        raise Refused("A spell has no started_on, so its age on a date is unknown; leave it out.")
    age = to_periods(epoch_days(day) - epoch_days(spells["started_on"]), "month")
    entry, ended = np.maximum(arranged.entry, 0.0), arranged.exit <= age
    known_then = spells.assign(duration=np.minimum(arranged.exit, age), event=(arranged.event & ended).astype(int))
    later = spells.assign(entry=np.maximum(entry, age))
    return known_then[(age > entry) | ended], later[~ended]
