"""Whether the records can carry the models: what was set aside, and whether their sums agree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.periods import to_periods
from clvlab.refusal import Refused
from clvlab.results import Note, Result, Table
from clvlab.validation.check import DATA, NOT_CHECKED, Check, judged

if TYPE_CHECKING:
    from clvlab.features.events import Purchases
    from clvlab.features.margins import Margins
    from clvlab.features.reconciliation import Reconciliation
    from clvlab.records.quarantine import Quarantine
    from clvlab.records.records import Records

FAR = "far from the rest of the file"
ROWS, DATES, MONEY = "rows and values", "dates", "sums of money"
# Of what is expected of records that are to carry a decision.
MOST_SET_ASIDE = 0.01
LEAST_MONTHS = 24
MOST_DAYS_OLD = 31
MOST_UNBILLED = 0.05
# Sums of cents over years agree to this part; the rest is the order in which an engine adds.
_SAME = 1e-6
_WHERE = "report records"


def set_aside_by_rule(quarantine: Quarantine) -> Result:
    """Return what was set aside, by rule: table, column, rule, treatment, cases, share_of_rows; most cases first."""
    frame = quarantine.summary().to_frame()
    if frame.empty:
        return Note("Nothing was set aside.")
    rows_in = quarantine.sums.set_index("table")["rows_in"]
    frame["share_of_rows"] = frame["cases"] / frame["table"].map(rows_in)
    columns = ["table", "column", "rule", "treatment", "cases", "share_of_rows"]
    ordered = frame[columns].sort_values(["cases", "table", "column", "rule"], ascending=[False, True, True, True])
    return Table(ordered.reset_index(drop=True), "Set aside, by rule", percent=("share_of_rows",))


def row_checks(quarantine: Quarantine) -> list[Check]:
    """Return whether every row in was accepted or set aside, and how many were."""
    sums = quarantine.sums
    rows, accepted, aside = (int(sums[name].sum()) for name in ("rows_in", "accepted", "set_aside"))
    adds_up = bool((sums["accepted"] + sums["set_aside"] == sums["rows_in"]).all())
    cases = quarantine.to_frame()
    worst, far = _worst(quarantine), int((cases["rule"] == FAR).sum())
    most = f"at most {MOST_SET_ASIDE:.0%}"
    return [
        _check(ROWS, "rows accepted and set aside, every table", f"{accepted:,} + {aside:,} of {rows:,}",
               "all rows in", adds_up),
        _check(ROWS, "rows set aside", f"{aside / rows:.2%}", most, aside <= MOST_SET_ASIDE * rows),
        _check(ROWS, "most frequent fault, of its table's rows", f"{worst:.2%}", most, worst <= MOST_SET_ASIDE),
        _check(DATES, "dates far from the rest, set aside", f"{far:,}", most, far <= MOST_SET_ASIDE * rows),
    ]  # fmt: skip


def _worst(quarantine: Quarantine) -> float:
    """Return the largest share of a table's rows that one rule set aside."""
    found = set_aside_by_rule(quarantine)
    return 0.0 if isinstance(found, Note) else float(found.to_frame()["share_of_rows"].max())


def date_checks(records: Records, purchases: Purchases, as_of: dt.date) -> list[Check]:
    """Return whether the records are long and recent enough."""
    first = purchases.orders.date.min().execute()
    months = to_periods((pd.Timestamp(as_of) - pd.Timestamp(first)).days, "month")
    old = max((as_of - records.last_date).days, 0)
    return [
        _check(DATES, "days from the last record to the as-of day", f"{old:,}", f"at most {MOST_DAYS_OLD}",
               old <= MOST_DAYS_OLD),
        _check(DATES, "months of orders", f"{months:,.0f}", f"{LEAST_MONTHS} or more", round(months) >= LEAST_MONTHS),
    ]  # fmt: skip


def money_checks(
    margins: Callable[[], Margins],
    by_month: Callable[[], pd.DataFrame],
    purchases: Purchases,
    books: Callable[[], Reconciliation],
) -> list[Check]:
    """Return whether what customers earned adds up, in itself, over months, with their purchases and with the books.

    Parameters
    ----------
    margins, by_month
        What customers earned, over all records and by month.
    purchases
        Of the same records: added up by another road.
    books
        What was shipped against what was billed.
    """
    asked = {
        "revenue less every cost is profit": (lambda: _identities(margins())),
        "profit of all months is that of all customers": (
            lambda: (float(by_month()["profit"].sum()), float(margins().total["profit"]))
        ),
        "value of all purchases is all contribution": (
            lambda: (_value(purchases), float(margins().total["contribution"]))
        ),
    }
    return [*(_same(what, sums) for what, sums in asked.items()), _billed(books)]


def _identities(margins: Margins) -> tuple[float, float]:
    """Return the profit put together from single lines, and as it is told."""
    total = margins.total
    contribution = total["revenue"] - total["rebate"] - total["direct_cost"] - total["claims_paid"]
    costs = total.filter(like="serving_").sum() + total[["capital_cost", "expected_loss", "acquisition_cost"]].sum()
    return float(contribution - costs), float(total["profit"])


def _value(purchases: Purchases) -> float:
    """Return what all purchases are worth."""
    if purchases.value is None:
        raise Refused("The records hold no money.")
    return float(purchases.table[purchases.value].sum().execute())


def _same(what: str, sums: Callable[[], tuple[float, float]]) -> Check:
    """Return whether two sums are the same."""
    try:
        found, told = sums()
    except Refused as refusal:
        return Check(MONEY, what, DATA, "–", str(refusal), NOT_CHECKED, _WHERE)
    return _check(MONEY, what, f"{found:,.0f}", f"{told:,.0f}", abs(found - told) <= _SAME * max(abs(told), 1.0))


def _billed(books: Callable[[], Reconciliation]) -> Check:
    """Return whether what was shipped was billed."""
    what = "shipped, not billed by now"
    try:
        frame = books().to_frame()
    except Refused as refusal:
        return Check(MONEY, what, DATA, "–", str(refusal), NOT_CHECKED, _WHERE)
    share = frame["cumulative_difference"].iloc[-1] / frame["shipped"].sum()
    return _check(MONEY, what, f"{share:.1%}", f"at most {MOST_UNBILLED:.0%} of shipped", abs(share) <= MOST_UNBILLED)


def _check(about: str, what: str, figure: str, expected: str, within: bool) -> Check:
    return Check(about, what, DATA, figure, expected, judged(within), _WHERE)
