"""How a customer stands with the provider: contract, age, volume, ties, ratings."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from clvlab.features.events import purchases
from clvlab.features.panel.covariates import UNDATED, Covariate, Family, Tables
from clvlab.features.panel.grid import Grid
from clvlab.features.panel.windows import Floats, last
from clvlab.periods import DAYS_PER_YEAR, days_per, epoch_days, to_periods

# So many orders weigh against those counted: one order less is no collapse.
_PRIOR_ORDERS = 2.0
_RECENT, _BEFORE = 3, 9
GRADES = ("a", "b", "c", "d")
MIDDLE_RISK = 3.0
# Stands for the last day of a contract that has none.
_NO_END = pd.Timestamp("2200-01-01")


def contract_states(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return whether a contract runs through the month, and whether its term ends in it.

    Past ``now`` a contract that runs today is taken to be renewed by terms of its length, since who is still there
    then has renewed.
    """
    frame = _contract_rows(tables)
    frame = frame[grid.positions(frame["customer_id"]) >= 0]
    starts, ends, ended = (epoch_days(frame[name])[:, None] for name in ("starts_on", "ends_on", "ended_on"))
    month = np.arange(grid.months)
    today = grid.openings[np.minimum(month, grid.now)]
    known, closed = starts < today, ended < today
    runs = known & ~closed & (ends >= today)
    # Closed as renewed, and its successor not yet in the records.
    renewed = known & closed & frame["renewed"].to_numpy()[:, None] & (ended >= today - days_per("month"))
    final = grid.month_of(frame["ends_on"])[:, None]
    term = np.maximum(final + 1 - grid.month_of(frame["starts_on"])[:, None], 1)
    due = (month >= final) & ((month - final) % term == 0)
    who = grid.positions(frame["customer_id"])
    term_ends = grid.by_customer((runs & due).astype(float), who) > 0
    running = grid.by_customer((runs | renewed).astype(float), who) > 0
    return (running & ~term_ends).astype(float), term_ends.astype(float)


def _contract_rows(tables: Tables) -> pd.DataFrame:
    """Return customer_id, starts_on, ends_on (as agreed), ended_on (far off while it runs) and renewed."""
    contracts = tables["contracts"]
    never = ibis.literal(_NO_END)
    ended = contracts.ended_on.cast("timestamp").fill_null(never) if "ended_on" in contracts.columns else never
    reason = contracts.end_reason.lower() if "end_reason" in contracts.columns else ibis.literal("")
    return (
        contracts.select(
            "customer_id",
            starts_on=contracts.starts_on.cast("timestamp"),
            ends_on=contracts.ends_on.cast("timestamp").fill_null(never),
            ended_on=ended,
            renewed=(reason == "renewed").fill_null(False),
        )
        .to_pyarrow()
        .to_pandas()
    )


def _tenure(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    return (np.maximum(grid.openings[:-1] - grid.came, 0) / DAYS_PER_YEAR,)


def _volume(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return the log ratio of orders in the last three months to those that the nine before would have brought."""
    orders = purchases(tables).orders
    n = grid.tally(orders, orders.date, n=ibis.literal(1))["n"]
    here = to_periods(grid.openings[:-1] - grid.seen_since, "month")
    recent, before = np.clip(here, 0, _RECENT), np.clip(here - _RECENT, 0, _BEFORE)
    expected = last(n, _BEFORE, _RECENT) * np.divide(recent, before, out=np.zeros_like(before), where=before > 0)
    trend = np.log((last(n, _RECENT) + _PRIOR_ORDERS) / (expected + _PRIOR_ORDERS))
    return (np.where(before >= _RECENT, trend, 0.0),)


def _always(values: pd.Series, grid: Grid) -> Floats:
    """Return one value per customer for all months."""
    return np.repeat(values.to_numpy(float)[:, None], grid.months, axis=1)


def _referred(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    return (_always(grid.profile(tables["customers"], "referred_by").notna(), grid),)


def _ties(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    level = grid.profile(tables["customers"], "retention_level")
    return _always(level == "social", grid), _always(level == "structural", grid)


def _industry_risk(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    risk = grid.profile(tables["customers"], "industry_risk").astype(float)
    return (_always((risk - MIDDLE_RISK).fillna(0), grid),)


def _credit(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    grade = grid.profile(tables["customers"], "credit_rating").str.strip().str.lower()
    below_best = grade.map({letter: float(rank) for rank, letter in enumerate(GRADES)})
    return _always(below_best.fillna(0), grid), _always(below_best.isna(), grid)


FAMILIES: tuple[Family, ...] = (
    Family(
        (
            Covariate("contract_running", "a contract that runs on", "", "standing", False),
            Covariate("contract_term_ends", "a contract whose term ends this month", "", "standing", True),
        ),
        {"contracts": ("starts_on", "ends_on")},
        contract_states,
        known_ahead=True,
    ),
    Family(
        (Covariate("tenure_years", "years with the provider", "year with the provider", "standing", False),),
        {},
        _tenure,
        known_ahead=True,
    ),
    Family(
        (Covariate("volume_trend", "trend of orders", "log unit of trend in orders", "volume", False),),
        {},
        _volume,
    ),
    Family(
        (Covariate("referred", "having come by referral", "", "standing", False),),
        {"customers": ("referred_by",)},
        _referred,
    ),
    Family(
        (
            Covariate("ties_social", "social ties, not financial or unknown ones", "", "standing", False, UNDATED),
            Covariate(
                "ties_structural", "structural ties, not financial or unknown ones", "", "standing", False, UNDATED
            ),
        ),
        {"customers": ("retention_level",)},
        _ties,
    ),
    Family(
        (Covariate("industry_risk", "risk of the industry", "point of industry risk", "standing", True, UNDATED),),
        {"customers": ("industry_risk",)},
        _industry_risk,
    ),
    Family(
        (
            Covariate("credit_grade", "credit below grade A", "grade of credit below A", "payment", True, UNDATED),
            Covariate("credit_unrated", "no credit grade from A to D", "", "payment", True, UNDATED),
        ),
        {"customers": ("credit_rating",)},
        _credit,
    ),
)  # fmt: skip
