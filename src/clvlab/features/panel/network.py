"""Who else left: partners on the other side of a customer's lanes, and accounts of the region lost to rivals."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd

from clvlab.features.events import purchases
from clvlab.features.panel.covariates import Covariate, Family, Tables
from clvlab.features.panel.grid import Grid
from clvlab.features.panel.standing import contract_states
from clvlab.features.panel.windows import Floats, carried_on, lagged, last, mean_of, so_far, usual
from clvlab.periods import parse_date, period_index, to_periods
from clvlab.refusal import Refused

LOST_FOR = 6  # months for which a loss is felt
# Silent for at least so many months, in which at least so many orders were to be expected: of customers who stay and
# order at random, 1 in 20 (e to the -3) is silent for so long.
SILENT_MONTHS = 3
SILENT_ORDERS = 3
_ENDINGS = {"ended_on", "end_reason"}
_TO_A_RIVAL = "rival|competitor"
# The usual rating weighs as much as so many answers of a region.
_PRIOR_ANSWERS = 10.0
PERCENT, SCALE = 100, 10
REGION = "the region is undated: taken as it stands in the file"


def known_gone(tables: Tables, grid: Grid) -> Floats:
    """Return who was known to be gone when each month opened, shape (customers, months), 0 or 1.

    Gone is whose contract ended without renewal and who has not ordered since, and who has been silent for three
    months in which their own rate of ordering had promised three orders. No spell is asked: its end is dated at the
    last order, which nobody knew then to be the last.
    """
    orders = purchases(tables).orders
    counted = grid.tally(orders, orders.date, n=ibis.literal(1))["n"]
    latest = grid.latest(orders, orders.date)
    first = np.argmax(counted > 0, axis=1)[:, None]
    newest = carried_on(np.where(counted > 0, np.arange(grid.months), np.nan))
    rate = so_far(counted) / np.fmax(newest - first + 1, 1)
    silent = np.where(rate > 0, to_periods(grid.openings[:-1] - latest, "month"), 0)
    closed = _contract_closed(tables, grid)
    by_silence = (silent >= SILENT_MONTHS) & (silent * rate >= SILENT_ORDERS)
    return (by_silence | ((closed >= latest) & (closed > -np.inf))).astype(float)


def _contract_closed(tables: Tables, grid: Grid) -> Floats:
    """Return the day on which the last contract was known to have ended without renewal; -inf for none."""
    if not _ENDINGS.issubset(_columns(tables, "contracts")):
        return np.full((len(grid.customers), grid.months), -np.inf)
    contracts = tables["contracts"]
    left = contracts.filter(contracts.ended_on.notnull(), (contracts.end_reason.lower() != "renewed").fill_null(True))
    return grid.latest(left, left.ended_on)


def _columns(tables: Tables, name: str) -> tuple[str, ...]:
    """Return the columns of a table, none when it is absent."""
    return tables[name].columns if name in tables else ()


def _pairs(tables: Tables, grid: Grid) -> pd.DataFrame:
    """Return pairs of customers who ship to each other: since which month (position), how often and until when."""
    shipments = tables["shipments"]
    rows = shipments.filter(shipments.consignee_id.notnull(), shipments.consignee_id != shipments.customer_id)
    rows = rows.select(
        "customer_id", partner_id=rows.consignee_id, month=grid.month_of(rows.booked_at), day=rows.booked_at.date()
    )
    rows = rows.filter(rows.month < grid.now)
    pairs = rows.group_by("customer_id", "partner_id").agg(
        month=rows.month.min(), shipments=rows.count(), last_shipment=rows.day.max()
    )
    frame = pairs.to_pyarrow().to_pandas()
    return frame[(grid.positions(frame["customer_id"]) >= 0) & (grid.positions(frame["partner_id"]) >= 0)]


def _partners_lost(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return how many customers on the other side of the lanes were found to be gone in the last six months."""
    gone = known_gone(tables, grid)
    lost = gone * (1 - lagged(gone, LOST_FOR))
    pairs = _pairs(tables, grid)
    one, other = grid.positions(pairs["customer_id"]), grid.positions(pairs["partner_id"])
    ties = pd.DataFrame({"one": np.r_[one, other], "other": np.r_[other, one], "month": np.tile(pairs["month"], 2)})
    ties = ties.groupby(["one", "other"], as_index=False)["month"].min()
    known = ties["month"].to_numpy()[:, None] < np.arange(grid.months)
    return (grid.by_customer(lost[ties["other"]] * known, ties["one"].to_numpy()),)


def partners(tables: Tables, as_of: str | dt.date, window_start: str | dt.date) -> pd.DataFrame:
    """Return which customers on the other side of each customer's lanes are known to be gone.

    Parameters
    ----------
    tables
        Accepted tables by name, with customers and consignee_id in shipments.
    as_of
        The last day known.
    window_start
        The records' first day.

    Returns
    -------
    DataFrame
        One row per customer and lost partner: ``customer_id``, ``partner_id``, ``side`` ("ships to" the partner or
        "receives from" it), ``shipments`` (how many there were between them) and ``last_shipment``.

    Raises
    ------
    Refused
        When consignee_id or the customers are absent.
    """
    if "customers" not in tables or "consignee_id" not in _columns(tables, "shipments"):
        raise Refused("Partners need the table customers and consignee_id in shipments.")
    tomorrow, begin = parse_date(as_of) + dt.timedelta(days=1), parse_date(window_start)
    customers = pd.Index(tables["customers"].customer_id.to_pyarrow().to_pandas())
    first, now = period_index(begin, "month"), period_index(tomorrow, "month")
    nobody = np.full((len(customers), now - first + 1), np.nan)
    grid = Grid(customers, first, now - first + 1, now - first, begin, nobody, nobody[:, :1], tomorrow.day - 1)
    gone = known_gone(tables, grid)[:, -1]
    pairs = _pairs(tables, grid).drop(columns="month")
    back = pairs.rename(columns={"customer_id": "partner_id", "partner_id": "customer_id"})
    ties = pd.concat([pairs.assign(side="ships to"), back.assign(side="receives from")], ignore_index=True)
    lost = ties[gone[grid.positions(ties["partner_id"])] > 0]
    columns = ["customer_id", "partner_id", "side", "shipments", "last_shipment"]
    return lost[columns].sort_values(columns[:3], ignore_index=True)


def _lost_to_rivals(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return contracts of the customer's region lost to a rival in six months, in percent of those that run."""
    contracts = tables["contracts"]
    lost = contracts.filter(contracts.end_reason.lower().re_search(_TO_A_RIVAL))
    losses = last(grid.tally(lost, lost.ended_on, n=ibis.literal(1))["n"], LOST_FOR)
    running, term_ends = contract_states(tables, grid)
    lost_there = _by_region(tables, grid, losses)
    ran_there = _by_region(tables, grid, losses + running + term_ends)
    return (PERCENT * mean_of(lost_there, ran_there, nothing=0.0),)


def _rivals_rated(tables: Tables, grid: Grid) -> tuple[Floats, ...]:
    """Return how the region's customers rated rivals in six months, above the usual rating, in points of ten."""
    surveys = tables["surveys"]
    answers = surveys.filter(surveys.rival_perception.notnull(), surveys.scale_max > 0)
    points = SCALE * answers.rival_perception / answers.scale_max
    sums = grid.tally(answers, answers.answered_on, points=points, n=ibis.literal(1))
    points_there, n_there = (_by_region(tables, grid, last(sums[name], LOST_FOR)) for name in ("points", "n"))
    return ((points_there - n_there * usual(sums["points"], sums["n"])) / (n_there + _PRIOR_ANSWERS),)


def _by_region(tables: Tables, grid: Grid, values: Floats) -> Floats:
    """Return for each customer the sum over all customers of the same region; 0 where the region is unknown."""
    region, names = pd.factorize(grid.profile(tables["customers"], "region"))
    sums = np.zeros((len(names) + 1, grid.months))  # the last row takes customers without a region
    np.add.at(sums, region, values)
    sums[-1] = 0.0
    return sums[region]


FAMILIES: tuple[Family, ...] = (
    Family(
        (Covariate("partners_lost", "partners lost in 6 months", "partner lost", "network", True),),
        {"shipments": ("consignee_id",)},
        _partners_lost,
    ),
    Family(
        (
            Covariate(
                "lost_to_rivals", "contracts of the region lost to rivals in 6 months",
                "percent of the region's contracts lost to rivals", "rival", True, REGION,
            ),
        ),
        {"contracts": ("ended_on", "end_reason"), "customers": ("region",)},
        _lost_to_rivals,
    ),
    Family(
        (
            Covariate(
                "rivals_rated", "rivals as the region rated them in 6 months", "point of ten for rivals in the region",
                "rival", True, REGION,
            ),
        ),
        {"surveys": ("answered_on", "rival_perception", "scale_max"), "customers": ("region",)},
        _rivals_rated,
    ),
)  # fmt: skip
