"""Where each customer stands in its life with us, month by month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvlab.features.by_customer import first_label
from clvlab.features.ledger import Ledger
from clvlab.features.rows import as_one
from clvlab.periods import epoch_date, epoch_months, parse_date, period_index, period_start
from clvlab.refusal import Refused

PROSPECT, NEW, SATISFIED, RETAINED, LONG_STANDING = "prospect", "new", "satisfied", "retained", "long-standing"
DORMANT, LOST, RETURNED, NOT_WON = "dormant", "lost", "returned", "not won"
# The state of a customer known before the records begin, as long as they don't tell for how long.
BEFORE = "known before"
# The kinds of stays, as numbers.
_NEW, _RETURNED, _SATISFIED, _BEFORE = range(4)
# So many different rows at most are counted with a counter for each, which takes no sorting.
_COUNTERS = 2**22
# The moves that the stages allow, in the order of a customer's life.
POSSIBLE = {
    PROSPECT: (PROSPECT, NEW, NOT_WON),
    NEW: (NEW, SATISFIED, DORMANT),
    SATISFIED: (SATISFIED, RETAINED, DORMANT),
    RETAINED: (RETAINED, LONG_STANDING, DORMANT),
    LONG_STANDING: (LONG_STANDING, DORMANT),
    DORMANT: (DORMANT, LOST, RETURNED),
    LOST: (LOST, RETURNED),
    RETURNED: (RETURNED, SATISFIED, DORMANT),
}


@dataclass(frozen=True)
class Stages:
    """The numbers that part the stages of a customer's life, in calendar months.

    Attributes
    ----------
    dormant_after, lost_after
        Months without an order after which a customer is dormant, and lost.
    retained_after, long_standing_after
        Months since the stay began after which a customer is retained, and long-standing. A stay is a run of orders
        without dormancy.
    """

    dormant_after: int = 3
    lost_after: int = 12
    retained_after: int = 12
    long_standing_after: int = 36

    def __post_init__(self) -> None:
        """Refuse stages out of order."""
        if not 1 <= self.dormant_after < min(self.lost_after, self.retained_after):
            raise Refused(
                f"dormant_after = {self.dormant_after} months must be 1 or more and less than lost_after ="
                f" {self.lost_after} and retained_after = {self.retained_after}."
            )
        if not self.retained_after < self.long_standing_after:
            raise Refused(
                f"long_standing_after = {self.long_standing_after} months must be more than retained_after ="
                f" {self.retained_after}."
            )


@dataclass(frozen=True)
class LifecycleMonths:
    """States of customers by month.

    Attributes
    ----------
    today
        One row per customer with an order, by customer_id: ``state``, and ``months`` since the stay, or the silence,
        began.
    moves
        From each whole month to the next: ``state``, ``months`` (as above), ``following`` (state) and ``n`` customers;
        months and moves whose stage is not known are left out.
    months
        How many whole months the records hold.
    known_before
        Customers whose stay began before the records and nothing tells when.
    """

    today: pd.DataFrame
    moves: pd.DataFrame
    months: int
    known_before: int


def lifecycle_months(
    ledger: Ledger, stages: Stages | None = None, records_begin: str | dt.date | None = None
) -> LifecycleMonths:
    """Follow every customer from state to state, month by month.

    Parameters
    ----------
    ledger
        The records up to a day. onboarded_on in its customer file tells since when customers are known whom the records
        find there.
    stages
        The numbers of the rules.
    records_begin
        Since when orders are recorded; the first order's day when None. Give an earlier date when nobody was a customer
        before (a cohort, a start-up): then everyone is new once.

    Returns
    -------
    LifecycleMonths

    Raises
    ------
    Refused
        Without an order up to the day, and for a start after the first order.

    Notes
    -----
    The state of a month, by whole calendar months: ``new``: ordered for the first time, and in no later month yet;
    ``satisfied``: ordered again in a later month; ``retained`` and ``long-standing``: the stay has gone on for so many
    months; ``dormant`` and ``lost``: no order for so many months; ``returned``: ordered again after dormancy, and in no
    later month yet, from where it goes on as after new. A month that is not over counts for those only who ordered
    in it.

    An order again is what records show of satisfaction: every customer is seen by it, a survey sees a few.

    A customer whose first order lies within the first ``dormant_after`` months may be an old one (left truncation).
    Its onboarding tells: a stay then began in that month, taken to be unbroken since. Without, its stage is not known
    until the records alone make it long-standing, or it falls dormant. Who was onboarded before the records and
    ordered later than these months had been silent, and counts as returned.

    Examples
    --------
    >>> import ibis
    >>> days = pd.to_datetime(["2024-01-10", "2024-02-10", "2024-02-11"])
    >>> shipments = ibis.memtable({"customer_id": ["a", "a", "b"], "booked_at": days})
    >>> ledger = Ledger({"shipments": shipments}, dt.date(2024, 6, 30))
    >>> found = lifecycle_months(ledger, records_begin="2020-01-01")
    >>> found.today.reset_index()
      customer_id    state  months
    0           a  dormant       4
    1           b  dormant       4
    """
    stages, until = stages or Stages(), ledger.as_of
    if not len(ledger.order_days):
        raise Refused(f"There is no order up to {until}; give a later day.")
    first_day = epoch_date(ledger.order_days["day"].min())
    begin = first_day if records_begin is None else parse_date(records_begin)
    if begin > first_day:
        raise Refused(f"records_begin is {begin}, but there is an order on {first_day}; give the earlier day.")
    start, this = period_index(begin, "month"), period_index(until, "month")
    whole = this if period_start(this + 1, "month") - until == dt.timedelta(days=1) else this - 1
    active, codes = _active_months(ledger, start, stages.dormant_after)
    today = _today(active, codes, whole, stages)
    counts = _counted(active)
    # The first month is whole only when records are known to begin before it or on its first day.
    first = period_index(first_day, "month") + int(begin > period_start(period_index(first_day, "month"), "month"))
    moves = _moves(counts, first, whole, stages)
    before = int((counts["n"] * ((counts["kind"] == _BEFORE) & (counts["month"] == counts["since"]))).sum())
    return LifecycleMonths(today, moves, max(whole - first + 1, 0), before)


def _active_months(ledger: Ledger, start: int, dormant_after: int) -> tuple[pd.DataFrame, pd.Index]:
    """Return one row per customer and month with an order, in order, and the codes of those who ordered.

    Columns: ``month``, ``following`` (next active month; its own where none is), ``since`` (the stay's first month)
    and ``kind`` of the stay: :data:`_NEW`, :data:`_RETURNED` (after dormancy), :data:`_SATISFIED` (begun before the
    records, known since when) or :data:`_BEFORE`.
    """
    whose, month = ledger.order_days.place, epoch_months(ledger.order_days["day"]).astype("int32")
    another = _changes(whose) | _changes(month)
    whose, month = whose[another], month[another]
    joins = _changes(whose)
    begins = joins | np.append(True, month[1:] - month[:-1] > dormant_after)
    following = np.where(np.append(joins[1:], True), month, np.roll(month, -1))
    joined = month[joins]
    came = np.full(len(joined), np.nan)
    if ledger.has("customers", "onboarded_on"):
        onboarded = ledger.onboarded.first("day").to_numpy()[whose[joins]]
        told = ~np.isnan(onboarded)
        came[told] = epoch_months(onboarded[told])
    there, old, untold = joined - start < dormant_after, came < start, np.isnan(came)
    kinds = [there & old, there & untold, ~there & old]
    # A stay that began before the records has its onboarding for a beginning.
    since, first_stays = month[begins], joins[begins]
    since[first_stays] = np.where(kinds[0], came, joined)
    kind = np.full(len(since), _RETURNED, dtype="int8")
    kind[first_stays] = np.select(kinds, [_SATISFIED, _BEFORE, _RETURNED], _NEW)
    stay = begins.cumsum(dtype="int32")
    stay -= 1
    columns = {"month": month, "following": following, "since": since[stay], "kind": kind[stay]}
    return pd.DataFrame(columns, copy=False), ledger.customers[whose[joins]].rename("customer_id")


def _changes(numbers: np.ndarray) -> np.ndarray:
    """Return where numbers are others than before them; the first are."""
    return np.append(True, numbers[1:] != numbers[:-1])


def _counted(active: pd.DataFrame) -> pd.DataFrame:
    """Return each different row once, in order, and how many there are of it as ``n``.

    Each row is counted as one number: to group by four columns takes several times as long.
    """
    least = active.min()
    span = active.max() - least + 1
    numbers = np.zeros(len(active), dtype="int64")
    for name in active:
        numbers = as_one(numbers, active[name].to_numpy() - least[name], int(span[name]))
    if span.prod() <= _COUNTERS:
        of_each = np.bincount(numbers)
        numbers = np.flatnonzero(of_each)
        n = of_each[numbers]
    else:
        numbers, n = np.unique(numbers, return_counts=True)
    columns = np.unravel_index(numbers, tuple(span))
    rows = {name: column + least[name] for name, column in zip(active, columns, strict=True)}
    return pd.DataFrame(rows | {"n": n})


def _today(active: pd.DataFrame, codes: pd.Index, whole: int, stages: Stages) -> pd.DataFrame:
    """Return each customer's state after the last whole month, or in the month that runs if it ordered in it."""
    last = active[active["following"] == active["month"]]
    state, months = _state(last, np.maximum(last["month"].to_numpy("int64"), whole), stages)
    return pd.DataFrame({"state": state, "months": months}, index=codes)


def _state(stays: pd.DataFrame, now: np.ndarray, stages: Stages) -> tuple[np.ndarray, np.ndarray]:
    """Return the state in the months ``now``, and the months since the stay or the silence began.

    ``stays`` holds the last active month up to then, since when its stay runs, and the kind of the stay.
    """
    month, since, kind = (stays[name].to_numpy() for name in ("month", "since", "kind"))
    silent, stayed, once = now - month, now - since, month == since
    asleep = silent >= stages.dormant_after
    rules = {
        LOST: silent >= stages.lost_after,
        DORMANT: asleep,
        LONG_STANDING: stayed >= stages.long_standing_after,
        BEFORE: kind == _BEFORE,
        NEW: once & (kind == _NEW),
        RETURNED: once & (kind == _RETURNED),
        RETAINED: stayed >= stages.retained_after,
    }
    return first_label([*rules.values()], [*rules], SATISFIED), np.where(asleep, silent, stayed)


def _moves(counts: pd.DataFrame, first: int, whole: int, stages: Stages) -> pd.DataFrame:
    """Return how many customers moved from state to state, by months since the stay or the silence began.

    Each row of ``counts`` stands for the months from its own to the next active one, or to the last whole one.
    """
    following = counts["following"].to_numpy()
    month = counts["month"].to_numpy()
    following = np.where(following == month, whole + 1, following)
    lasts = np.maximum(np.minimum(following, whole) - month, 0)
    rows = np.repeat(np.arange(len(counts)), lasts)
    ahead = np.arange(len(rows)) - np.repeat(lasts.cumsum() - lasts, lasts)
    stays, orders_next = counts.iloc[rows].reset_index(drop=True), following[rows]
    now = stays["month"].to_numpy("int64") + ahead
    state, months = _state(stays, now, stages)
    orders = orders_next == now + 1
    back = orders & (orders_next - stays["month"] > stages.dormant_after)
    then = stays.assign(
        month=stays["month"].mask(orders, now + 1),
        since=stays["since"].mask(back, now + 1),
        kind=stays["kind"].mask(back, _RETURNED),
    )
    after, _ = _state(then, now + 1, stages)
    found = pd.DataFrame({"state": state, "months": months, "following": after, "n": stays["n"]})
    known = (now >= first) & (state != BEFORE) & (after != BEFORE)
    return found[known].groupby(["state", "months", "following"], as_index=False)["n"].sum()
