"""What each customer really earned: from revenue down to profit, line by line, and everything adding up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.cores import on_all_cores
from clvlab.features.cost_to_serve import SERVING
from clvlab.features.events import INVOICED, MARGIN, REVENUE
from clvlab.features.ledger import DIGITS, Ledger
from clvlab.features.margin_lines import (
    ACQUISITION,
    CAMPAIGN,
    CREDIT,
    EARNED,
    SQUARES,
    acquisition,
    add_up,
    as_told,
    by_month,
    has_value,
    margin_lines,
    with_sizes,
)
from clvlab.periods import epoch_days, period_start
from clvlab.refusal import Refused
from clvlab.results import Note, Result

if TYPE_CHECKING:
    from clvlab.features.waterfall import Waterfall
    from clvlab.features.whale import WhaleCurve

MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True, repr=False, eq=False)
class Margins(Result):
    """What each customer earned over some time.

    Parameters
    ----------
    frame
        One row per customer, indexed by customer_id, in currency: revenue (before rebate), rebate, direct_cost,
        claims_paid, contribution; ``serving_<activity>`` for each activity costed, and cost_to_serve, their sum;
        capital_cost and expected_loss, and credit_cost, their sum; acquisition_cost; profit, which is contribution less
        cost_to_serve, credit_cost and acquisition_cost. referred_value, the profit of those whom the customer
        referred, stands beside and is in no sum. A cost that the records do not hold is 0 throughout, as ``remarks``
        say.
    running
        By customer, of the running business (contribution less the cost of orders, complaints and contacts): profit,
        its single gains and costs added up, gained and lost, and their squares, gained_squares and lost_squares.
    meaning
        What ``contribution`` is: "contribution margin", "revenue" where direct cost is unknown, or "amount invoiced".
    first, last
        The days between which rows count; first is None for all there are.
    currency
        Unit of the amounts.
    remarks
        What a reader must know, in sentences.
    """

    frame: pd.DataFrame
    running: pd.DataFrame
    meaning: str
    first: dt.date | None
    last: dt.date
    currency: str
    remarks: tuple[str, ...]

    @property
    def total(self) -> pd.Series:
        """The sum of every line over all customers."""
        return self.frame.sum()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer: customer_id and every line."""
        return self.frame.reset_index()

    def waterfall(self, customer_id: str | None = None) -> Waterfall:
        """Return the steps from revenue to profit of one customer, or of all when None."""
        from clvlab.features.waterfall import waterfall

        return waterfall(self, customer_id)

    def whale(self) -> WhaleCurve:
        """Return cumulative profit against customers ranked by profit."""
        return self._whale

    @cached_property
    def _whale(self) -> WhaleCurve:
        from clvlab.features.whale import whale_curve

        return whale_curve(self)

    def __repr__(self) -> str:
        """Return the base's steps from revenue to profit as text, remarks below."""
        return "\n".join([repr(self.waterfall()), *self.remarks])

    def _repr_html_(self) -> str:
        return self.waterfall()._repr_html_() + (Note(*self.remarks)._repr_html_() if self.remarks else "")


def customer_margins(ledger: Ledger, assumptions: Assumptions, since: dt.date | None = None) -> Margins:
    """Add up what each customer earned and cost, line by line.

    Parameters
    ----------
    ledger
        The records up to a day, as they were known on it.
    assumptions
        For unit costs, the cost of capital, and the currency.
    since
        The first day that counts; all there is when None.

    Returns
    -------
    Margins
        One row for everyone in the customer file.

    Raises
    ------
    Refused
        When the records hold no revenue, or rows of customers who are not in the file.

    Notes
    -----
    A shipment counts on the day it was booked, an invoice's credit on the day it was issued, everything else on its
    own day, so that months add up to years. A shipment refused by us earns nothing, and one without revenue or direct
    cost yet is left out of money altogether, as in :func:`~clvlab.features.events.purchases`; both still cost their
    handling. The cost of winning a customer counts when the customer was onboarded within the time, not spread over
    the years.

    Examples
    --------
    >>> import ibis
    >>> tables = {
    ...     "customers": ibis.memtable({"customer_id": ["a"]}),
    ...     "shipments": ibis.memtable(pd.DataFrame({
    ...         "customer_id": ["a", "a"], "booked_at": pd.to_datetime(["2025-03-01", "2025-04-01"]),
    ...         "revenue": [900.0, 100.0], "direct_cost": [700.0, 80.0],
    ...     })),
    ... }
    >>> ledger = Ledger(tables, dt.date(2025, 12, 31))
    >>> found = customer_margins(ledger, Assumptions(unit_costs={"order": 20.0}))
    >>> found.frame.loc["a", ["contribution", "cost_to_serve", "profit"]].to_list()
    [220.0, 40.0, 180.0]
    """
    return margins_since(ledger, assumptions, [since])[0]


def margins_since(ledger: Ledger, assumptions: Assumptions, starts: Sequence[dt.date | None]) -> list[Margins]:
    """Add up what each customer earned and cost from several first days on, costing every row once.

    Parameters
    ----------
    ledger, assumptions
        As for :func:`customer_margins`.
    starts
        The first days; None for all there is.

    Raises
    ------
    Refused
        As for :func:`customer_margins`.
    """
    meaning = _meaning(ledger)
    parts, remarks = margin_lines(ledger, assumptions, meaning)
    referrals, of_referring = ledger.referrals, _unknown_referrers(ledger)

    def of_start(summed: tuple[dt.date | None, pd.DataFrame]) -> Margins:
        since, sums = summed
        won, of_winning = acquisition(ledger, since)
        sums[ACQUISITION] = won.total(won[ACQUISITION]).round(DIGITS)
        frame = _with_sums(sums)
        frame["referred_value"] = referrals.total(frame["profit"].to_numpy()[referrals["referred"].astype("int64")])
        said = (*_not_costed(ledger, meaning, since), *remarks, *of_winning, *of_referring)
        return Margins(frame, _running(frame, sums), meaning, since, ledger.as_of, assumptions.currency, said)

    sums = add_up([with_sizes(part) for part in parts], starts)
    return on_all_cores(of_start, zip(starts, sums, strict=True), len(ledger.customers))


def _running(frame: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """Return what the running business brought, with the sizes of its gains and costs."""
    once = frame[CAMPAIGN] if CAMPAIGN in frame.columns else 0.0
    profit = (frame["contribution"] - frame["cost_to_serve"] + once).round(DIGITS)
    # Where no row cost anything, what is left of the difference is rounding.
    lost = (sums["gained"] - profit).clip(lower=0.0).round(DIGITS).where(sums["lost_squares"] > 0, 0.0)
    sizes = {name: sums[name] for name in ("gained", *SQUARES)}
    return pd.DataFrame(sizes | {"profit": profit, "lost": lost}, copy=False)


def margins_by_period(ledger: Ledger, assumptions: Assumptions, by: str = "month") -> pd.DataFrame:
    """Add up what each customer earned and cost by calendar month or year.

    Parameters
    ----------
    ledger, assumptions
        As for :func:`customer_margins`.
    by
        ``"month"`` or ``"year"``.

    Returns
    -------
    DataFrame
        Indexed by customer_id and period (``2025-03``, ``2025``), sorted, with the lines of :class:`Margins`
        except referred_value; no row for a period in which nothing of a customer is recorded.

    Raises
    ------
    Refused
        When the records hold no revenue, or ``by`` is neither month nor year.
    """
    if by not in MONTHS:
        raise Refused(f"by={by!r} is not known; choose one of {', '.join(MONTHS)}.")
    parts, _ = margin_lines(ledger, assumptions, _meaning(ledger))
    won, _ = acquisition(ledger, None)
    rows, periods = by_month([*parts, as_told(won)], MONTHS[by])
    frame = _with_sums(add_up(rows)[0])
    starts = [period_start(number * MONTHS[by], "month") for number in periods]
    labels = [f"{start:%Y}" if by == "year" else f"{start:%Y-%m}" for start in starts]
    frame.index = frame.index.set_levels([ledger.customers[frame.index.levels[0]], labels], level=[0, 1])
    return frame


def _meaning(ledger: Ledger) -> str:
    """Return what the contribution is, refusing records without revenue."""
    if ledger.has("shipments", "revenue"):
        return MARGIN if ledger.has("shipments", "direct_cost") else REVENUE
    if "invoices" in ledger.tables:
        return INVOICED
    raise Refused("What customers earned needs revenue in shipments, or invoices; the records hold neither.")


def _with_sums(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the lines in the order in which they lead from revenue to profit, with their sums."""
    nothing = pd.Series(0.0, lines.index)
    found = {name: lines.get(name, nothing) for name in EARNED}
    found["contribution"] = found["revenue"] - found["rebate"] - found["direct_cost"] - found["claims_paid"]
    activities = {str(name): lines[name] for name in lines.columns if name.startswith(SERVING)}
    found |= activities | {"cost_to_serve": sum(activities.values(), nothing)}
    found |= {name: lines.get(name, nothing) for name in CREDIT}
    found["credit_cost"] = found["capital_cost"] + found["expected_loss"]
    found[ACQUISITION] = lines.get(ACQUISITION, nothing)
    costs = found["cost_to_serve"] + found["credit_cost"] + found[ACQUISITION]
    found["profit"] = (found["contribution"] - costs).round(DIGITS)
    return pd.DataFrame(found, copy=False)


def _unknown_referrers(ledger: Ledger) -> list[str]:
    """Say how many customers were referred by someone else than a customer."""
    unknown = int(ledger.file("referred_by").notna().sum()) - len(ledger.referrals)
    return [f"{unknown:,} customers were referred by someone who is not in the records."] if unknown else []


def _not_costed(ledger: Ledger, meaning: str, since: dt.date | None) -> list[str]:
    """Say when the contribution is no margin, and which shipments are in no sum of money yet."""
    shown = "revenue (amount invoiced)" if meaning == INVOICED else meaning
    remarks = [] if meaning == MARGIN else [f"Direct cost is not recorded: what is shown is {shown}, not margin."]
    if meaning != INVOICED:
        rows = ledger.carried_out
        waiting = ~has_value(rows, meaning)
        missing = int((waiting if since is None else waiting & (rows["day"] >= epoch_days(since))).sum())
        if missing:
            remarks.append(f"{missing:,} shipments have no {meaning} yet (not costed or priced); sums leave them out.")
    return remarks
