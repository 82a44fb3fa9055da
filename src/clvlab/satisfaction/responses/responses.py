"""What one point more of each service indicator does to leaving and to orders: the direct effect, in one table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.churn_definitions import Rhythm
from clvlab.features.panel.panel import FAMILIES
from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.satisfaction.responses.customer_months import CustomerMonths, Floats, customer_months
from clvlab.satisfaction.responses.kpis import CONFOUNDERS, KPIS, TERMS, Kpi, in_words
from clvlab.satisfaction.responses.latent_leaving import LeavingFit, latent_leaving
from clvlab.satisfaction.responses.order_rate import order_rate
from clvlab.shrinkage import NINETY

# Below so many leavings an effect is not told; one more confounder for every five.
_FEWEST_LEAVINGS, _LEAVINGS_EACH = 10, 5
# A point that may as well halve as double leaving (an order rate: one that may move it by a quarter) has not been told.
_TOLD_LEAVING, _TOLD_ORDERS = float(np.log(2)), 0.25
_FAILURES = ("failures_mean", "failures_recent")


class Response(NamedTuple):
    """What one unit more does: estimate and standard error; missing with the reason in ``needs``."""

    estimate: float
    error: float
    needs: str = ""

    @property
    def told(self) -> bool:
        """Whether the records tell it."""
        return not self.needs

    def draws(self, normal: Floats) -> Floats:
        """Return draws from standard normal ones; 0 where nothing is told."""
        return self.estimate + self.error * normal if self.told else np.zeros(len(normal))


@dataclass(frozen=True, repr=False, eq=False)
class ServiceResponses(Result):
    """What one point more of each service indicator does to leaving and to orders.

    A point is one percentage point of the customer's orders (complaints, enquiries) more that goes well.

    Attributes
    ----------
    leaving
        By indicator: change of the log hazard of leaving per point felt over the last six months; of complaints and
        enquiries per one fewer that was late in the last three.
    orders
        By indicator: change of the log order rate of those who stay, likewise.
    months
        Customers by months, from which they come.
    fit
        The hazard with all failures together and the confounders; None where too little is told.
    remarks
        What a reader should know.

    Notes
    -----
    The estimand is the total effect of a lasting change of level, of leaving for whatever cause and for good, given
    what was known of the customer before the month (contract, tenure, neglect, price, network, ties). The mean of six
    months' failures is the effect, with the last month held fixed against it: in a lasting change all months move
    alike, while in the records a high mean tends to come with a better last month, which takes a third of the effect
    away (measured on simulated markets). Complaints and measured satisfaction are consequences of failures, and
    not held fixed. Of the confounders in the records only; a rival that opens and is not recorded is in the error.
    """

    leaving: Mapping[str, Response]
    orders: Mapping[str, Response]
    months: CustomerMonths
    fit: LeavingFit | None
    remarks: tuple[str, ...]
    kpis: Sequence[Kpi] = field(default=KPIS)
    title: str = "What one point more that goes well, as felt, does to leaving and orders"
    decimals: int = 3

    def to_frame(self) -> pd.DataFrame:
        """Return one row per indicator.

        Returns
        -------
        DataFrame
            kpi, ``leaving`` (log hazard per unit), ``leaving_error``, ``leaving_lower``, ``leaving_upper`` (90%),
            ``orders`` (log order rate per unit) with the same, ``per`` (the unit), ``identified`` (leaving and orders,
            leaving, orders, nothing) and ``needs`` (the data that would settle what is not).
        """
        return pd.DataFrame([self._row(kpi) for kpi in self.kpis])

    def _shown(self) -> pd.DataFrame:
        return in_words(self.to_frame())

    def _row(self, kpi: Kpi) -> dict[str, object]:
        row: dict[str, object] = {"kpi": kpi.name}
        told = {"leaving": self.leaving[kpi.name], "orders": self.orders[kpi.name]}
        for name, one in told.items():
            row |= {
                name: one.estimate,
                f"{name}_error": one.error,
                f"{name}_lower": one.estimate - NINETY * one.error,
                f"{name}_upper": one.estimate + NINETY * one.error,
            }
        row["per"] = "one fewer late in 3 months" if kpi.counted else "point felt over 6 months"
        row["identified"] = " and ".join(name for name, one in told.items() if one.told) or "nothing"
        row["needs"] = "; ".join(dict.fromkeys(one.needs for one in told.values() if one.needs))
        return row


def service_responses(
    tables: Mapping[str, ir.Table],
    orders: ir.Table,
    rhythm: Rhythm,
    as_of: str | dt.date,
    window_start: str | dt.date,
) -> ServiceResponses:
    """Return what one point of each service indicator does to leaving and to orders.

    Parameters
    ----------
    tables
        Accepted tables by name, as they were known on ``as_of``.
    orders
        customer_id, date: one row per order.
    rhythm
        Of the same orders, from :func:`clvlab.features.churn_definitions.rhythm`.
    as_of, window_start
        The last day known, and the records' first.

    Returns
    -------
    ServiceResponses
        Indicators that the records cannot tell are declared, with the data that would settle them.
    """
    months = customer_months(tables, orders, rhythm, as_of, window_start, FAMILIES)
    return responses_of(months)


def responses_of(months: CustomerMonths, kpis: Sequence[Kpi] = KPIS) -> ServiceResponses:
    """Return the responses that customers by months tell; see :func:`service_responses`."""
    varying = _varying(months)
    present = [name for name in CONFOUNDERS if name in varying]
    remarks = []
    try:
        fit = _leaving(months, [], [name for name in present if name in TERMS])
        # The number of leavings is known only from a fit; it says how many confounders the next one carries.
        most = int(fit.leavings // _LEAVINGS_EACH)
        fit = _leaving(months, [name for name in _FAILURES if name in varying], present[:most], fit)
    except Refused as refusal:
        nobody = Response(np.nan, np.nan, str(refusal))
        nothing = {kpi.name: nobody for kpi in kpis}
        return ServiceResponses(nothing, nothing, months, None, (str(refusal),), kpis)
    if present[most:]:
        remarks.append(f"Too few left to hold these fixed, which are left out: {', '.join(present[most:])}.")
    remarks.append(
        f"{fit.leavings:,.0f} leavings are to be expected in the records, of {len(months.silent):,} customers;"
        " none was called."
    )
    leaving = {kpi.name: _leaving_response(months, kpi, varying, present[:most], fit) for kpi in kpis}
    ordering = {kpi.name: _order_response(months, kpi, varying, fit.there) for kpi in kpis}
    return ServiceResponses(leaving, ordering, months, fit, tuple(remarks), kpis)


def _varying(months: CustomerMonths) -> set[str]:
    """Return the names of the numeric columns that vary."""
    spread = months.frame.select_dtypes("number").std()
    return set(spread.index[spread > 0])


def _leaving(
    months: CustomerMonths, asked: Sequence[str], confounders: Sequence[str], near: LeavingFit | None = None
) -> LeavingFit:
    """Fit the hazard; what is asked for and contract terms are not drawn towards 0."""
    names = [*asked, *(name for name in confounders if name not in asked)]
    return latent_leaving(months, names, [name for name in names if name not in (*asked[:1], *TERMS)], near)


def _unknown(months: CustomerMonths, kpi: Kpi, varying: set[str]) -> str:
    """Return why the records cannot tell an indicator's effect at all; blank when they may."""
    if kpi.column not in months.frame:
        return f"{kpi.label} {months.missing.get(kpi.column, 'is not in the records')}"
    if kpi.column not in varying:
        return f"{kpi.label} never varied: records of a time or of customers for whom it differed would settle it"
    return ""


def _leaving_response(
    months: CustomerMonths, kpi: Kpi, varying: set[str], confounders: Sequence[str], near: LeavingFit
) -> Response:
    """Return what one point more that goes well does to the log hazard of leaving."""
    needs = _unknown(months, kpi, varying)
    if not needs and near.leavings < _FEWEST_LEAVINGS:
        needs = f"{near.leavings:.0f} leavings tell no effect on leaving: {_FEWEST_LEAVINGS} or more would"
    if needs:
        return Response(np.nan, np.nan, needs)
    try:
        fit = _leaving(months, [kpi.column, *(name for name in kpi.held if name in varying)], confounders, near)
    except Refused as refusal:
        return Response(np.nan, np.nan, str(refusal))
    return _told(-fit.params[kpi.column], fit.errors[kpi.column], _TOLD_LEAVING, kpi, "leavings")


def _order_response(months: CustomerMonths, kpi: Kpi, varying: set[str], there: Floats) -> Response:
    """Return what one point more that goes well does to the log order rate."""
    needs = _unknown(months, kpi, varying)
    if needs:
        return Response(np.nan, np.nan, needs)
    try:
        # Orders refused come with demand that is high: held fixed, they would take part of the effect for their own.
        fit = order_rate(months, there, [kpi.column])
    except Refused as refusal:
        return Response(np.nan, np.nan, f"{kpi.label}: {refusal}")
    return _told(-fit.params[kpi.column], fit.errors[kpi.column], _TOLD_ORDERS, kpi, "orders")


def _told(estimate: float, error: float, most: float, kpi: Kpi, what: str) -> Response:
    """Return the response, or that it is not told where its interval is wider than anything to be believed."""
    if not np.isfinite(error) or (not kpi.counted and NINETY * error > most):
        return Response(
            np.nan, np.nan, f"{kpi.label} varied too little for so few {what}: a longer record would settle it"
        )
    return Response(float(estimate), float(error))
