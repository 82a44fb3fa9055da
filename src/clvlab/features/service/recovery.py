"""After a complaint: whether another follows, and how satisfied customers are after good and bad recovery."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from scipy.stats import t

from clvlab.features.indicators import end_of
from clvlab.features.service.asked import Asked, Tables
from clvlab.features.service.complaints import SETTLED_WITHIN_DAYS, complaints_with
from clvlab.features.tables import day_of
from clvlab.features.waiting_times import ACCOUNT, Waiting, WaitingTimes, waiting_times
from clvlab.periods import days_per, parse_date
from clvlab.refusal import Refused
from clvlab.results import Table

ANOTHER = Waiting("settled complaints", "followed by another", "days", 90, "not yet")
GOOD = f"good: settled within {SETTLED_WITHIN_DAYS} days"
BAD = f"bad: not settled within {SETTLED_WITHIN_DAYS} days"
NONE = "no complaint"
ASKED_WITHIN_MONTHS = 6
_SETTLED_WITHIN = pd.Timedelta(days=SETTLED_WITHIN_DAYS)
_ASKED_WITHIN = pd.Timedelta(days=round(ASKED_WITHIN_MONTHS * days_per("month")))
_MINUTE = pd.Timedelta(minutes=1)
# Fewer accounts give no error that can be relied on.
_FEWEST_ACCOUNTS = 5
_POINTS = 10


def recurrence(tables: Tables, as_of: str | dt.date) -> WaitingTimes:
    """Say how often a customer complains again within 90 days of a complaint's settlement, by how it was recovered.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``: complaints with resolved_at.
    as_of
        The last day known: a complaint not yet followed by another counts as long as that has been seen.

    Returns
    -------
    WaitingTimes
        recovery, settled complaints, not_yet, median, p90 (days) and within_90_days, with 90% intervals (that of the
        share robust to accounts).

    Raises
    ------
    Refused
        When no complaint is settled, or a column is missing.

    Notes
    -----
    The next complaint need not be about the same matter, and one opened before settlement is none. Each settled
    complaint counts, so that accounts with many orders weigh most; a customer that left cannot complain, and counts as
    one that has not complained yet.

    Examples
    --------
    >>> import ibis
    >>> complaints = ibis.memtable({
    ...     "customer_id": ["a", "a", "b"],
    ...     "opened_at": [dt.datetime(2025, 1, 1), dt.datetime(2025, 3, 1), dt.datetime(2025, 1, 1)],
    ...     "resolved_at": [dt.datetime(2025, 1, 5), None, dt.datetime(2025, 1, 30)],
    ... })
    >>> recurrence({"complaints": complaints}, "2025-12-31").to_frame()[["recovery", "within_90_days"]]
                             recovery  within_90_days
    0  bad: not settled within 7 days             0.0
    1     good: settled within 7 days             1.0
    """
    day = parse_date(as_of)
    complaints = _complaints(tables, day)
    settled = complaints.dropna(subset="resolved_at").sort_values("resolved_at", ignore_index=True)
    if settled.empty:
        raise Refused(f"No complaint was settled up to {day}, so that none can come again after it.")
    following = complaints[[ACCOUNT, "opened_at"]].rename(columns={"opened_at": "next_at"})
    found = pd.merge_asof(
        settled, following, by=ACCOUNT, left_on="resolved_at", right_on="next_at", direction="forward",
        allow_exact_matches=False,
    )  # fmt: skip
    until = found.next_at.fillna(pd.Timestamp(end_of(day)))
    waits = pd.DataFrame({
        ACCOUNT: found[ACCOUNT], "recovery": np.where(_well_settled(found), GOOD, BAD),
        "minutes": (until - found.resolved_at) // _MINUTE, "done": found.next_at.notna(), "n": 1,
    })  # fmt: skip
    most = waits[ACCOUNT].value_counts()
    remarks = [f"One account, {most.index[0]}, has {most.iloc[0]:,} of the {len(waits):,} settled complaints."]
    return waiting_times(waits, ["recovery"], ANOTHER, remarks)


def satisfaction_after_recovery(tables: Tables, as_of: str | dt.date) -> Table:
    """Compare satisfaction after good and after bad recovery with that of customers without a complaint.

    Parameters
    ----------
    tables
        Accepted tables by name, cut at ``as_of``: complaints, and surveys with answered_on, overall and scale_max.
    as_of
        The last day known.

    Returns
    -------
    Table
        recovery, answers, customers, satisfaction (mean, points of ten), difference (to customers without a complaint)
        and difference_same_customers, each with its 90% interval, robust to accounts. An interval is missing with
        fewer than five accounts.

    Raises
    ------
    Refused
        When complaints or answers are missing, or nobody was asked after a complaint.

    Notes
    -----
    A complaint counts for the next day on which its customer answers, from 7 days (when good and bad can be told apart)
    to 6 months after it was opened; of several, one bad makes the recovery bad. No complaint means none opened in the 6
    months before the answer. Answers that are neither are left out.

    The difference is no effect of the recovery: those who complain are the larger accounts and those that were served
    badly, and who was served badly is less satisfied without complaining too. The last column compares answers of the
    same customers with each other (fixed effects), which takes out what is lasting about who complains, not the failure
    complained of. Good against bad recovery comes closest to a fair comparison. Only those who answer count.

    Examples
    --------
    >>> import ibis
    >>> complaints = ibis.memtable({
    ...     "customer_id": ["a"], "opened_at": [dt.datetime(2025, 1, 1)], "resolved_at": [dt.datetime(2025, 1, 30)],
    ... })
    >>> surveys = ibis.memtable({
    ...     "customer_id": ["a", "b"], "answered_on": [dt.date(2025, 3, 1)] * 2, "overall": [5, 9], "scale_max": 10,
    ... })
    >>> found = satisfaction_after_recovery({"complaints": complaints, "surveys": surveys}, "2025-12-31").to_frame()
    >>> found[["recovery", "answers", "satisfaction", "difference"]]
                             recovery  answers  satisfaction  difference
    0                    no complaint        1           9.0         NaN
    1  bad: not settled within 7 days        1           5.0        -4.0
    """
    day = parse_date(as_of)
    answers, complaints = _answers(tables, day), _complaints(tables, day)
    answers = answers.assign(recovery=_recovery(answers, complaints)).dropna(subset="recovery")
    found = [name for name in (NONE, GOOD, BAD) if (answers.recovery == name).any()]
    if found in ([], [NONE]):
        raise Refused(f"Nobody answered a survey within {ASKED_WITHIN_MONTHS} months after a complaint.")
    rows = []
    for name in found:
        part = answers[answers.recovery == name]
        row = {"recovery": name, "answers": len(part), "customers": part[ACCOUNT].nunique()}
        row["satisfaction"] = part.points.mean()
        compared = answers[answers.recovery.isin([NONE, name])]
        if name != NONE and NONE in found:
            row |= _difference(compared, name, "difference", same_customers=False)
            row |= _difference(compared, name, "difference_same_customers", same_customers=True)
        rows.append(row)
    frame = pd.DataFrame(rows)
    told = [f"{row.satisfaction:.1f} after {row.recovery.split(':')[0]} recovery (n = {row.answers:,})"
            for row in frame[frame.recovery != NONE].itertuples()]  # fmt: skip
    against = f", against {frame.satisfaction[0]:.1f} without a complaint" if NONE in found else ""
    caution = "differences are no effect of recovery, as those served badly complain"
    title = f"Satisfaction, points of ten: {' and '.join(told)}{against}; {caution}"
    return Table(frame, title, decimals=2)


def _complaints(tables: Tables, day: dt.date) -> pd.DataFrame:
    """Return customer_id, opened_at and resolved_at of every complaint up to a day, by opening."""
    rows = Asked(day).rows(complaints_with(tables, ["resolved_at"]), "opened_at")
    stamps = {name: rows[name].cast("timestamp") for name in ("opened_at", "resolved_at")}
    frame = rows.select(ACCOUNT, **stamps).to_pandas()
    return frame.astype(dict.fromkeys(stamps, "datetime64[ns]")).sort_values("opened_at", ignore_index=True)


def _well_settled(complaints: pd.DataFrame) -> pd.Series:
    """Return which complaints were settled in time."""
    return complaints.resolved_at - complaints.opened_at <= _SETTLED_WITHIN


def _answers(tables: Tables, day: dt.date) -> pd.DataFrame:
    """Return customer_id, day and satisfaction (points of ten) of every answer, by day."""
    if "surveys" not in tables:
        raise Refused("Satisfaction after a complaint needs the table surveys.")
    surveys = tables["surveys"]
    lacking = [name for name in ("answered_on", "overall", "scale_max") if name not in surveys.columns]
    if lacking:
        raise Refused(f"Satisfaction after a complaint needs {' and '.join(lacking)} in surveys.")
    rows = surveys.filter(surveys.overall.notnull(), surveys.overall <= surveys.scale_max)
    rows = Asked(day).rows(rows, "answered_on")
    points = _POINTS * rows.overall.cast("float64") / rows.scale_max
    frame = rows.select(ACCOUNT, day=day_of(rows, "answered_on").cast("timestamp"), points=points).to_pandas()
    if frame.empty:
        raise Refused(f"Nobody answered a survey up to {day}.")
    return frame.astype({"day": "datetime64[ns]"}).sort_values("day", ignore_index=True)


def _recovery(answers: pd.DataFrame, complaints: pd.DataFrame) -> pd.Series:
    """Return what recovery each answer follows; missing where a complaint was made and it is not the next after."""
    told = complaints.assign(told_at=complaints.opened_at + _SETTLED_WITHIN, bad=~_well_settled(complaints))
    days = answers[[ACCOUNT, "day"]].drop_duplicates().sort_values("day")
    met = pd.merge_asof(
        told, days, by=ACCOUNT, left_on="told_at", right_on="day", direction="forward",
        tolerance=_ASKED_WITHIN - _SETTLED_WITHIN,
    )  # fmt: skip
    bad = met.dropna(subset="day").groupby([ACCOUNT, "day"]).bad.any()
    follows = answers[[ACCOUNT, "day"]].merge(bad.rename("bad").reset_index(), how="left").bad
    last = pd.merge_asof(answers, complaints[[ACCOUNT, "opened_at"]], by=ACCOUNT, left_on="day", right_on="opened_at")
    free = ~(last.day - last.opened_at <= _ASKED_WITHIN)
    named = follows.map({True: BAD, False: GOOD}).where(~free, NONE)
    return pd.Series(named.to_numpy(), answers.index)


def _difference(answers: pd.DataFrame, name: str, column: str, same_customers: bool) -> dict[str, float]:
    """Return the difference in satisfaction between answers after a recovery and without a complaint.

    Least squares on deviations from the mean: of all, or of each customer's own answers.
    """
    accounts = answers[ACCOUNT]
    both = pd.DataFrame({"points": answers.points, "after": (answers.recovery == name).astype(float)})
    off = both - (both.groupby(accounts).transform("mean") if same_customers else both.mean())
    weight = float((off.after**2).sum())
    if not weight:
        return {column: float("nan")}
    slope = float((off.after * off.points).sum()) / weight
    found = {column: slope}
    after = accounts[(both.after > 0) & (off.after != 0)].nunique()
    if after >= _FEWEST_ACCOUNTS:
        scores = (off.after * (off.points - slope * off.after)).groupby(accounts).sum()
        number = len(scores)
        error = np.sqrt(float((scores**2).sum()) * number / (number - 1)) / weight
        reach = float(t.isf(0.05, after - 1)) * error
        found |= {f"{column}_lower": slope - reach, f"{column}_upper": slope + reach}
    return found
