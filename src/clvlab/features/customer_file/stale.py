"""Stale profiles: not verified for long, or contradicted by the customer's own records."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.events import Purchases
from clvlab.features.tables import AnyTable
from clvlab.figures import ORANGE, SKY, new_axes, state
from clvlab.periods import days_per, parse_date
from clvlab.refusal import Refused
from clvlab.results import Remarked, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

from clvlab.features.customer_file.contradictions import Contradictions, profile_contradictions
from clvlab.features.customer_file.shared import (
    MOST_ROWS,
    Tables,
    last_year,
    managers_of,
    more_rows,
    plural,
    present,
)

_MOST_OVERDUE = 3.0  # older is not worse to act on, and must not drown what is known to be wrong


def profile_age(customers: AnyTable, as_of: str | dt.date, stale_after_months: int = 12) -> pd.DataFrame:
    """Return how long ago each profile was verified.

    Parameters
    ----------
    customers
        customer_id and profile_updated_on; onboarded_on where it is there.
    as_of
        The last day known; a later verification counts as not yet known.
    stale_after_months
        Months after which a profile is overdue.

    Returns
    -------
    DataFrame
        customer_id, months_since_verified (missing: never), never_verified, stale, months_overdue. A profile
        never verified is as old as the customer; where that day is unknown too it is stale, and months_overdue
        is missing.

    Raises
    ------
    Refused
        When the file has no profile_updated_on.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a"], "profile_updated_on": ["2023-12-31"]})
    >>> profile_age(customers, "2025-12-31").round(2).to_dict("records")[0]["months_overdue"]
    12.02
    """
    if "profile_updated_on" not in customers.columns:
        raise Refused("The age of profiles needs profile_updated_on in customers; map that column, or fill it in.")
    day = pd.Timestamp(parse_date(as_of))
    known = present(customers, "profile_updated_on", "onboarded_on")

    def months_since(name: str) -> pd.Series:
        dates = pd.to_datetime(known[name]) if name in known else pd.Series(pd.NaT, known.index)
        return (day - dates.where(dates <= day)).dt.days / days_per("month")

    verified, onboarded = months_since("profile_updated_on"), months_since("onboarded_on")
    age = verified.fillna(onboarded)
    return pd.DataFrame(
        {
            "customer_id": known.customer_id,
            "months_since_verified": verified,
            "never_verified": verified.isna(),
            "stale": age.isna() | (age > stale_after_months),
            "months_overdue": (age - stale_after_months).clip(lower=0),
        }
    )


class StaleProfiles(Remarked):
    """Customers by how doubtful their profile is, the worst first.

    Attributes
    ----------
    contradictions
        Each contradiction by itself.
    skipped
        What could not be checked, and what it would need.
    finding
        The result in one sentence, with its numbers.
    """

    decimals = 1

    def __init__(
        self, frame: pd.DataFrame, contradictions: Contradictions, skipped: tuple[str, ...], stale_after: int
    ) -> None:
        self._frame = frame
        self._stale_after = stale_after
        self.contradictions = contradictions
        self.skipped = skipped
        self.finding = self._found()
        self.title = f"{self.finding}: the most doubtful first"
        self.remarks = (*more_rows(frame), *skipped)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer.

        customer_id, account_manager where known; months_since_verified, never_verified, stale and
        months_overdue where the file tells; purchases_12_months, contradictions (how many), contradicted
        (their sentences), score.
        """
        return self._frame

    def _found(self) -> str:
        profiles = plural(len(self._frame), "profiles")
        contradicted = f"{int((self._frame.contradictions > 0).sum()):,}"
        if "stale" not in self._frame:
            return f"Records contradict {contradicted} of {profiles}"
        old = f"{int(self._frame.stale.sum()):,} of {profiles} are older than "
        judged = f"records contradict {contradicted}" if self.contradictions.checked else "none could be checked"
        return f"{old}{plural(self._stale_after, 'months')}; {judged}"

    def _shown(self) -> pd.DataFrame:
        unshown = ["stale", "months_overdue", "contradictions"]
        return self._frame.head(MOST_ROWS).drop(columns=unshown, errors="ignore")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many profiles were verified how long ago; without dates, how many break each rule."""
        from matplotlib.ticker import MaxNLocator

        ax = ax or new_axes(8.0, 3.8)
        if "stale" in self._frame:
            self._draw_ages(ax)
        else:
            rules = self.contradictions.by_rule().to_frame()
            ax.barh(np.arange(len(rules))[::-1], rules.customers, color=ORANGE)
            ax.set_yticks(np.arange(len(rules))[::-1], rules.rule)
            ax.set(xlabel="customers whose profile says otherwise")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.grid(axis="y", visible=False)
        state(ax, self.finding)
        return ax

    def _draw_ages(self, ax: Axes) -> None:
        bands = self.by_age().to_frame()
        at = np.arange(len(bands))[::-1]
        ax.barh(at, bands.uncontradicted, color=SKY, label="nothing contradicts them")
        ax.barh(at, bands.contradicted, left=bands.uncontradicted, color=ORANGE, label="records contradict them")
        for height, all_, wrong in zip(at, bands.customers, bands.contradicted, strict=True):
            ax.text(all_, height, f" {all_:,} ({wrong:,})" if wrong else f" {all_:,}", va="center", size=9)
        ax.set_yticks(at, bands.verified)
        ax.set_xlim(0, 1.18 * max(bands.customers.max(), 1))
        ax.set(xlabel="customers (in brackets: contradicted)", ylabel="last verified")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)

    def by_age(self) -> Table:
        """Return customers by how long ago their profile was verified, and how many are contradicted.

        Raises
        ------
        Refused
            When the file has no profile_updated_on.
        """
        if "stale" not in self._frame:
            raise Refused("Profiles by age need profile_updated_on in customers; map that column, or fill it in.")
        step, frame = self._stale_after, self._frame
        names = [
            f"within {plural(step, 'months')}",
            f"{step}-{2 * step} months ago",
            f"{2 * step}-{3 * step} months ago",
            f"over {3 * step} months ago",
            "never",
        ]
        months = frame.months_since_verified
        band = np.select([months.isna(), *(months <= step * k for k in (1, 2, 3))], [4, 0, 1, 2], 3)
        wrong = frame.contradictions > 0
        counts = pd.crosstab(band, wrong).reindex(index=range(5), columns=[False, True], fill_value=0)
        table = pd.DataFrame(
            {
                "verified": names,
                "customers": counts.sum(axis=1),
                "contradicted": counts[True],
                "uncontradicted": counts[False],
            }
        )
        return Table(table.reset_index(drop=True), "Customers by when their profile was last verified")


def stale_profiles(
    tables: Tables, purchases: Purchases, as_of: str | dt.date, stale_after_months: int = 12
) -> StaleProfiles:
    """Score each customer's profile by age and by contradiction with the records.

    The score is the months overdue in units of ``stale_after_months``, at most 3, plus one per contradiction:
    a contradiction weighs as much as one further term without verification. A profile never verified is
    overdue since onboarding, and by the most when that day is unknown. Among equal scores, whoever bought
    most in the last 12 months comes first. The score is an order for the work, not a probability.

    Parameters
    ----------
    tables
        Accepted tables by name; ``customers`` is needed.
    purchases
        From :func:`clvlab.features.events.purchases`.
    as_of
        The last day known.
    stale_after_months
        Months after which a profile is overdue.

    Raises
    ------
    Refused
        When there is neither profile_updated_on nor any column that the records could contradict.

    Examples
    --------
    >>> stale = stale_profiles(study.records.tables, study.purchases, study.as_of)    # doctest: +SKIP
    >>> stale.by_age(), stale.contradictions.by_rule()                                # doctest: +SKIP
    """
    until = parse_date(as_of)
    customers = tables["customers"]
    contradictions = profile_contradictions(tables, purchases, until)
    skipped = contradictions.skipped
    if "profile_updated_on" in customers.columns:
        frame = profile_age(customers, until, stale_after_months)
        overdue = (frame.months_overdue / stale_after_months).clip(upper=_MOST_OVERDUE).fillna(_MOST_OVERDUE)
    elif contradictions.checked:
        frame = present(customers)
        overdue = pd.Series(0.0, frame.index)
        skipped = ("Age not scored: needs profile_updated_on in customers.", *skipped)
    else:
        raise Refused(
            "Stale profiles need profile_updated_on in customers, or columns that shipments and invoices can "
            "contradict (onboarded_on, region, size_class, payment_terms_days, account_manager); map them."
        )
    found = contradictions.to_frame().groupby("customer_id").contradiction
    bought = last_year(purchases, until).set_index("customer_id").purchases
    frame["purchases_12_months"] = frame.customer_id.map(bought).fillna(0).astype("int64")
    frame["contradictions"] = frame.customer_id.map(found.size()).fillna(0).astype("int64")
    frame["contradicted"] = frame.customer_id.map(found.agg("; ".join)).fillna("")
    frame["score"] = overdue + frame.contradictions
    if "account_manager" in customers.columns:
        frame.insert(1, "account_manager", frame.customer_id.map(managers_of(customers)))
    frame = frame.sort_values(
        ["score", "purchases_12_months", "customer_id"], ascending=[False, False, True], ignore_index=True
    )
    return StaleProfiles(frame, contradictions, skipped, stale_after_months)
