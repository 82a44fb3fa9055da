"""The customer-month panel: covariates as they were known when each month opened, and months ahead of today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.panel import contact, money, network, service, standing, voice
from clvlab.features.panel.covariates import Covariate, Family, Tables
from clvlab.features.panel.grid import Grid
from clvlab.features.panel.months import rows_ahead, rows_at_risk
from clvlab.features.panel.windows import Floats
from clvlab.periods import epoch_days, parse_date, period_index
from clvlab.refusal import Refused, nearest
from clvlab.results import Result

FAMILIES: tuple[Family, ...] = (
    *service.FAMILIES, *voice.FAMILIES, *contact.FAMILIES, *money.FAMILIES, *network.FAMILIES, *standing.FAMILIES,
)  # fmt: skip
_FAMILY_OF = {one.name: family for family in FAMILIES for one in family.covariates}
_COVARIATES = {one.name: one for family in FAMILIES for one in family.covariates}
# Windows look back a year at most.
_LOOK_BACK = 12


class Panel(Result):
    """One row per customer and month at risk, with covariates known before the month opened.

    Attributes
    ----------
    frame
        customer_id, spell (number), month (``clvlab.periods.period_index``), from, until (first and last day at risk
        in it), entry, duration (age at their beginning and end, in months of 365.25/12 days), event (1 in the row in
        which the customer left), cause, months_recorded (whole months of records before the month; below 6 the
        covariates have less to go by) and the covariates. Rows follow one another by spell and month.
    covariates
        By name: what each is, in words, with unit, reason and expected direction.
    missing
        Covariates that are switched off, with what they would need.
    """

    title = "Covariates, as known before each month"

    def __init__(self, frame: pd.DataFrame, covariates: Mapping[str, Covariate], missing: Mapping[str, str]) -> None:
        self.frame = frame
        self.covariates = dict(covariates)
        self.missing = dict(missing)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per covariate: covariate, what it is, unit, reason, expected, mean, least, most, needs."""
        return pd.DataFrame(
            [
                {
                    "covariate": name,
                    "what it is": one.label,
                    "unit": one.unit,
                    "reason": one.reason,
                    "expected": "raises the risk" if one.raises else "lowers the risk",
                    "mean": self.frame[name].mean(),
                    "least": self.frame[name].min(),
                    "most": self.frame[name].max(),
                    "needs": _FAMILY_OF[name].need,
                    "note": one.note,
                }
                for name, one in self.covariates.items()
            ]
        )

    @property
    def known_ahead(self) -> set[str]:
        """Names of the covariates whose values for months to come follow from what is known today."""
        return {name for name in self.covariates if _FAMILY_OF[name].known_ahead}

    @property
    def labels(self) -> dict[str, str]:
        """Each covariate as the subject of a sentence, by name."""
        return {name: one.label for name, one in self.covariates.items()}

    @property
    def units(self) -> dict[str, str]:
        """What one more of each covariate is, by name; blank for what only holds or does not."""
        return {name: one.unit for name, one in self.covariates.items()}

    def names(self, *reasons: str) -> list[str]:
        """Return the names of all covariates, or of those that speak for the given reasons.

        Raises
        ------
        Refused
            For a reason that no covariate speaks for.
        """
        known = {one.reason for family in FAMILIES for one in family.covariates}
        for reason in reasons:
            if reason not in known:
                raise Refused(f"No covariate speaks for {reason!r}{nearest(reason, known)}.")
        return [name for name, one in self.covariates.items() if not reasons or one.reason in reasons]


def panel(
    tables: Mapping[str, ir.Table],
    spells: pd.DataFrame,
    as_of: str | dt.date,
    window_start: str | dt.date,
    families: Sequence[Family] = (),
) -> Panel:
    """Return what was known of every customer at risk when each month opened.

    Answers which covariates a hazard model may use: everything is dated by when it became known, never by when it
    happened. A late delivery counts from the moment its due time passed, a complaint from its opening, its slow
    handling once it has been open for seven days, an unpaid invoice from its due date on, a survey from its answer, a
    contract's end from the day it was closed. Months open at midnight of their first day; rows recorded later, and
    values that became known later, change nothing in them.

    Silence against a customer's own rhythm is no covariate: who leaves by falling silent is dated at the last order,
    so that silence only begins where the time at risk has ended. It belongs to the definition of the event.

    Parameters
    ----------
    tables
        Accepted tables by name; what is absent switches covariates off (see ``missing``).
    spells
        One row per spell: customer_id, spell (number), started_on, at_risk_from, at_risk_to (first and last day at
        risk within the records), event, cause.
    as_of
        The last day known.
    window_start
        The records' first day.
    families
        Which covariates; when (), all but failures by KPI, which stand in where the records cannot tell all failures
        together.

    Returns
    -------
    Panel
        Shares and means are drawn towards the provider's usual figure, or the customer's own, by a few observations;
        what is unknown is the usual, that is 0.

    Raises
    ------
    Refused
        When there is no spell, or a column of ``spells`` is missing.

    Notes
    -----
    Undated columns of the customers (ratings, ties, region) are taken as they stand; their covariates say so in
    ``note``.

    Examples
    --------
    >>> import ibis
    >>> tables = {"shipments": ibis.memtable(pd.DataFrame({
    ...     "customer_id": ["a", "a"], "booked_at": pd.to_datetime(["2024-01-03", "2024-02-01"]),
    ...     "delivery_due_at": pd.to_datetime(["2024-01-05", "2024-02-03"]),
    ...     "delivered_at": pd.to_datetime(["2024-01-04", "2024-02-09"]),
    ... }))}
    >>> spells = pd.DataFrame({
    ...     "customer_id": ["a"], "spell": [1], "started_on": pd.to_datetime(["2024-01-03"]), "event": [0],
    ...     "at_risk_from": pd.to_datetime(["2024-01-03"]), "at_risk_to": pd.to_datetime(["2024-03-20"]),
    ...     "cause": [None],
    ... })
    >>> months = panel(tables, spells, "2024-03-31", "2024-01-03", service.FAMILIES).frame
    >>> months[["month", "event", "late_delivery_mean", "late_delivery_recent"]].round(1)
       month  event  late_delivery_mean  late_delivery_recent
    0    648      0                 0.0                   0.0
    1    649      0                 0.0                   0.0
    2    650      0                 0.0                  10.0
    """
    rows, today = _known_rows(spells, as_of), parse_date(as_of)
    grid = _grid(tables, spells, rows, parse_date(window_start), period_index(today, "month"), ahead=0, shift=0)
    return _values(tables, grid, families).of(rows)


def panel_ahead(
    tables: Mapping[str, ir.Table],
    spells: pd.DataFrame,
    running: pd.DataFrame,
    as_of: str | dt.date,
    window_start: str | dt.date,
    months: int = 12,
) -> Panel:
    """Return the months after ``as_of`` of every customer still there, for a model to forecast.

    Parameters
    ----------
    tables, spells, as_of, window_start
        As in :func:`panel`.
    running
        One row per customer still there: customer_id, spell, started_on of its spell.
    months
        How many months ahead, 1 or more.

    Returns
    -------
    Panel
        The same columns without event and cause. Months count from the day after ``as_of`` (``month`` is the calendar
        month in which each opens). What is known ahead is rolled on: age, tenure, the contract's term (renewed by
        terms of its length, since who is still there has renewed) and how long a campaign counts. All else stays as it
        was known on ``as_of``.

    Raises
    ------
    Refused
        As :func:`panel`; when ``months`` is below 1 or nobody is there any more.
    """
    rows, tomorrow = _coming_rows(running, as_of, months)
    begin, now = parse_date(window_start), period_index(tomorrow, "month")
    grid = _grid(tables, spells, rows, begin, now, ahead=months, shift=tomorrow.day - 1)
    return _values(tables, grid).of(rows)


def panel_and_ahead(
    tables: Mapping[str, ir.Table],
    spells: pd.DataFrame,
    running: pd.DataFrame,
    as_of: str | dt.date,
    window_start: str | dt.date,
    months: int = 12,
) -> tuple[Panel, Panel]:
    """Return :func:`panel` and :func:`panel_ahead`, read from the records once where ``as_of`` ends a month."""
    coming, tomorrow = _coming_rows(running, as_of, months)
    if tomorrow.day > 1:
        ahead = panel_ahead(tables, spells, running, as_of, window_start, months)
        return panel(tables, spells, as_of, window_start), ahead
    rows = _known_rows(spells, as_of)
    now = period_index(tomorrow, "month")
    grid = _grid(tables, spells, pd.concat([rows, coming]), parse_date(window_start), now, ahead=months, shift=0)
    values = _values(tables, grid)
    return values.of(rows), values.of(coming)


def _known_rows(spells: pd.DataFrame, as_of: str | dt.date) -> pd.DataFrame:
    """Return the months at risk, refusing those after ``as_of``."""
    rows, today = rows_at_risk(spells), parse_date(as_of)
    last = rows["until"].max()
    if last > pd.Timestamp(today):
        raise Refused(f"Spells are at risk until {last.date()}, after {today}; make them as of that day.")
    return rows


def _coming_rows(running: pd.DataFrame, as_of: str | dt.date, months: int) -> tuple[pd.DataFrame, dt.date]:
    """Return the months ahead and the day they begin."""
    if months < 1:
        raise Refused(f"months = {months} looks nowhere ahead; give 1 or more.")
    tomorrow = parse_date(as_of) + dt.timedelta(days=1)
    rows = rows_ahead(running, tomorrow, months)
    if rows.empty:
        raise Refused(f"No customer is left on {as_of}; there is nobody to look ahead for.")
    return rows, tomorrow


def _grid(
    tables: Tables, spells: pd.DataFrame, rows: pd.DataFrame, records_begin: dt.date, now: int, ahead: int, shift: int
) -> Grid:
    """Return the grid of all customers, from a year before the records to the last month asked for."""
    first = min(period_index(records_begin, "month"), int(rows["month"].min())) - _LOOK_BACK
    codes = rows["customer_id"].unique()
    if "customers" in tables:  # who has no spell is a partner, or one of a region, all the same
        codes = np.union1d(codes, tables["customers"].customer_id.to_pyarrow().to_pandas())
    customers = pd.Index(codes)
    length = now - first + max(ahead, 1)
    started = np.full((len(customers), length), np.nan)
    started[customers.get_indexer(pd.Index(rows["customer_id"])), rows["month"] - first] = rows["started"]
    first_spells = pd.Series(epoch_days(spells["started_on"]), pd.Index(spells["customer_id"]))
    came = pd.concat([first_spells, rows.set_index("customer_id")["started"]]).groupby(level=0).min()
    days = came.reindex(customers).to_numpy(float)[:, None]
    return Grid(customers, first, length, now - first, records_begin, started, days, shift)


@dataclass(frozen=True)
class _Values:
    """Covariates of all customers and months of a grid, and what is missing."""

    grid: Grid
    columns: Mapping[str, Floats]
    missing: Mapping[str, str]

    def of(self, rows: pd.DataFrame) -> Panel:
        """Return the panel of some of the months; what is not known ahead stays as it is known now."""
        grid = self.grid
        who, month = grid.positions(rows["customer_id"]), rows["month"].to_numpy() - grid.first
        known = np.minimum(month, grid.now)
        columns = {
            name: values[who, month if _FAMILY_OF[name].known_ahead else known] for name, values in self.columns.items()
        }
        months_recorded = np.maximum(rows["month"] - period_index(grid.records_begin, "month"), 0)
        frame = rows.drop(columns="started").assign(months_recorded=months_recorded, **columns)
        return Panel(frame, {name: _COVARIATES[name] for name in columns}, self.missing)


def _values(tables: Tables, grid: Grid, families: Sequence[Family] = ()) -> _Values:
    """Return every covariate that the records allow."""
    by_kpi = bool(service.ALL_FAILURES.lacking(tables))
    missing: dict[str, str] = {}
    columns: dict[str, Floats] = {}
    for family in families or [family for family in FAMILIES if by_kpi or not family.detail]:
        lacking = family.lacking(tables)
        if lacking:
            missing |= {one.name: lacking for one in family.covariates}
        else:
            names = [one.name for one in family.covariates]
            columns |= dict(zip(names, family.values(tables, grid), strict=True))
    return _Values(grid, columns, missing)
