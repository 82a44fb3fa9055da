"""The monthly hazard of leaving: estimated from customer-months, as many as there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.churn.hazards.monthly.design import Design, design_for
from clvlab.churn.hazards.monthly.estimates import Estimates, hazard_ratios
from clvlab.churn.hazards.monthly.fit import Coefficients, MonthlyHazard
from clvlab.churn.hazards.monthly.likelihood import Likelihood, Point, dependent, maximise, one_thread_each
from clvlab.churn.hazards.monthly.panel import Overview, Panel, overview
from clvlab.churn.hazards.monthly.shrinking import shrunk
from clvlab.churn.hazards.monthly.source import rereadable
from clvlab.refusal import Refused, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.churn.hazards.monthly.source import Source
    from clvlab.churn.spells import Floats

# Peduzzi, P. et al. (1995), "Importance of events per independent variable in proportional hazards regression
# analysis II", Journal of Clinical Epidemiology 48.
_EVENTS_PER_TERM = 10
# A step that gains nothing and still moves a log hazard by this much, over the range of its column, leads to infinity.
_ENDLESS = 0.05
# A log-likelihood of 0 means that every month was foretold with certainty.
_FORETOLD = -1e-3
# The search begins where so many rows lead to: most of the way costs a fiftieth of ten million.
_SAMPLE = 200_000

# With fewer events for each parameter, robust errors rest on too few customers to be trusted alone.
_EVENTS_PER_COVARIATE = 10


def monthly_hazard(
    panel: Source,
    covariates: str | Sequence[str],
    offset: str | None = None,
    cause: str | None = None,
    season: bool = True,
    age_knots: Sequence[float] | None = None,
    shrink: bool = False,
    held: Sequence[str] = (),
    confidence: float = 0.95,
) -> MonthlyHazard:
    """Fit the hazard of leaving to customer-months: complementary log-log regression.

    Answers by how much each covariate multiplies the monthly hazard, and how likely each customer is to leave in the
    months to come. Rows are read in pieces, so that a panel may be larger than memory.

    Parameters
    ----------
    panel
        DataFrame, Ibis table, or path of a Parquet file or of a folder of them. One row per customer and month at
        risk: ``customer_id``, ``month`` (:func:`clvlab.periods.period_index`; for the season), ``entry`` and
        ``duration`` (ages in months at the beginning and end of its time at risk), ``event`` (1 when the customer left
        in it), where asked for ``cause``, and the columns named below. ``exposure``, where there is such a column,
        stands for ``duration - entry``.
    covariates
        Numeric columns (0/1 for groups), known when the row begins.
    offset
        A column with a known part of the log hazard (its coefficient is 1).
    cause
        Count only events of this cause; the others end the time at risk. The hazard is then the cause's own.
    season
        Whether the hazard follows the calendar month, as far as the events carry it.
    age_knots
        Two or more ages in months between which the baseline bends; () for a baseline that does not run with age.
        Quantiles of the ages of those who left when None, as many as the events carry.
    shrink
        Whether predictions are made with coefficients drawn towards 0 as far as the data suggest, so that they are
        neither too extreme nor too timid in months to come. ``params_`` and ``hazard_ratios_`` stay the unshrunk ones.
    held
        Covariates that shrinking leaves alone: those of which it is known beforehand that they matter.
    confidence
        Coverage of the intervals, which go by robust errors; by the larger of these and the model-based ones where
        there are fewer than ten events for each parameter.

    Raises
    ------
    Refused
        When nobody or everybody left, for a single customer, for columns that are missing or hold anything but
        numbers, for values that cannot be, and for an event in no time at risk.

    Notes
    -----
    A customer at risk for a part e of a month leaves in it with probability 1 - exp(-e exp(offset + baseline(entry) +
    season(month) + x'b)): the grouped form of the proportional hazards model, so that b are the coefficients of a Cox
    model with age as its time. The baseline is a natural cubic spline in log(1 + age), the season two waves a year or
    one level per calendar month. An event counts as happening anywhere within its row: where rows are cut at the
    event, hazards come out too high by a quarter of themselves (by 0.5% at a hazard of 2% a month); a column
    ``exposure`` with the time the customer would have been watched had it stayed removes that.

    References
    ----------
    Prentice, R. L. and Gloeckler, L. A. (1978), "Regression analysis of grouped survival data with application to
    breast cancer data", Biometrics 34(1). White, H. (1982), "Maximum likelihood estimation of misspecified models",
    Econometrica 50(1) (robust errors).

    Examples
    --------
    >>> import pandas as pd
    >>> panel = pd.DataFrame({
    ...     "customer_id": [1, 1, 2, 2, 2, 3, 3, 4, 5, 5], "entry": [0, 1, 0, 1, 2, 0, 1, 0, 0, 1],
    ...     "event": [0, 1, 0, 0, 0, 0, 1, 1, 0, 0], "late": [4, 5, 0, 2, 1, 3, 2, 3, 1, 3],
    ... }).assign(duration=lambda rows: rows["entry"] + 1)
    >>> fit = monthly_hazard(panel, "late", season=False)
    >>> round(float(fit.params_["late"]), 3), fit.remarks[-1]
    (0.651, 'Fewer than 10 leavings for each term (3 for 1): intervals are too narrow; predictions need shrink=True.')
    """
    names = [covariates] if isinstance(covariates, str) else list(covariates)
    if len(set(names)) < len(names):
        raise Refused(f"The covariates are {', '.join(names)}; name each once.")
    if not 0 < confidence < 1:
        raise Refused(f"confidence is {confidence:g}; give a share between 0 and 1, such as 0.95.")
    whole = Panel(panel, tuple(names), offset, cause, season)
    with one_thread_each(), rereadable(panel, whole.reads()) as source:
        whole = replace(whole, source=source)
        seen = overview(whole)
        _refuse_degenerate(whole, seen)
        design, remarks = design_for(seen, names, age_knots)
        read = replace(whole, covariates=design.covariates, season=design.waves > 0)
        design, start = _started(read, design, seen)
        likelihood = Likelihood(read.observed, design, seen.customers)
        point, step, converged = maximise(likelihood, start)
        point = point if point.scores.size else likelihood.at(point.at, with_scores=True)
        if point.value > _FORETOLD:
            raise Refused(
                "The covariates tell exactly which months end with leaving, so that no effect has an estimate; look for"
                " one that was filled in afterwards, and leave it out."
            )
        estimates = Estimates(design, point, _endless(design, step, seen.high - seen.low, names), names)
        robust = estimates.robust_covariance()
        predicting, settled = Coefficients(point.at, robust), True
        if shrink:
            certain = [name for name in held if np.isfinite(estimates.params()[name])]
            mean, spread, settled = shrunk(likelihood, point, design.blocks(certain))
            predicting = Coefficients(mean, spread)
    remarks += _remarks(estimates, seen, converged and settled, shrink)
    counts = {"rows": seen.rows, "customers": seen.customers, "events": seen.events}
    robust_covariance = estimates.natural(robust)
    model_covariance = estimates.natural(estimates.model_covariance())
    variance, errors = pd.Series(np.diag(robust_covariance), robust_covariance.index), "robust, by customer_id"
    if seen.events < _EVENTS_PER_COVARIATE * len(design.names):
        # A handful of scores cannot tell how much they vary.
        variance = variance.clip(lower=np.diag(model_covariance))
        errors = "the larger of robust and model-based ones"
    return MonthlyHazard(
        title=_title(counts, confidence, remarks),
        params_=estimates.params(),
        covariance_=model_covariance,
        robust_covariance_=robust_covariance,
        log_likelihood_=point.value,
        hazard_ratios_=hazard_ratios(estimates.params(), variance, names, confidence),
        diagnostics_=counts | {"errors": errors, "converged": converged and settled, "remarks": tuple(remarks)},
        confidence=confidence,
        offset=offset,
        cause=cause,
        shrunk=shrink,
        design=design,
        maximum=point,
        predicting=predicting,
    )


def _refuse_degenerate(panel: Panel, seen: Overview) -> None:
    """Refuse a panel in which nobody or everybody left, or that is of one customer."""
    if not seen.exposure:
        raise Refused("No row has any time at risk: duration equals entry in all of them.")
    known = panel.causes() if panel.cause is not None else []
    if panel.cause is not None and panel.cause not in known:
        raise Refused(
            f"No event has the cause {panel.cause!r}{nearest(panel.cause, known)}; there is"
            f" {', '.join(known) or 'none'}."
        )
    if not seen.events:
        most = -np.log(0.05) / seen.exposure
        raise Refused(
            f"Nobody left in {seen.exposure:,.0f} customer-months, so that no hazard can be estimated; it is most"
            f" likely (95%) below {most:.2%} a month."
        )
    if seen.events == seen.rows - seen.idle:
        raise Refused("Every row ends with leaving, so that there is nothing to compare; add the months of staying.")
    if seen.customers == 1:
        raise Refused(
            "Only one customer has months in which it could leave, however many are in the records, so that nothing"
            " tells customers apart; give records over more months, or of more customers."
        )


def _started(panel: Panel, design: Design, seen: Overview) -> tuple[Design, Point]:
    """Return the design without columns that say nothing of their own, and where the maximum is searched from."""
    level = np.zeros(len(design.names))
    level[0] = np.log(seen.events / seen.weighted)
    point = Likelihood(panel.observed, design, 0).at(_of_sample(panel, design, level, seen.rows))
    left_out = [design.names[place] for place in dependent(point.information)]
    if left_out:
        kept = np.isin(design.names, left_out, invert=True)
        design = replace(design, left_out=frozenset(left_out))
        point = Likelihood(panel.observed, design, 0).at(level[kept])
    return design, point


def _of_sample(panel: Panel, design: Design, level: Floats, rows: int) -> Floats:
    """Return the coefficients that a part of the rows leads to, shrunk, so that none is far off; ``level`` for few."""
    if rows <= _SAMPLE:
        return level
    months = [some.every(-(-rows // _SAMPLE)) for some in panel.observed()]
    if sum(int(some.event.sum()) for some in months) < len(level):
        return level
    sample = Likelihood(lambda: iter(months), design, 0)
    return shrunk(sample, sample.at(level), design.blocks())[0]


def _endless(design: Design, step: Floats, ranges: Floats, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which columns have a coefficient that a step, though it gains nothing, moves on."""
    moved = pd.Series(design.natural() @ step, index=design.names).reindex(names) * ranges
    endless = set(moved.index[moved.abs() > _ENDLESS])
    return np.array([name in endless for name in design.names])


def _remarks(estimates: Estimates, seen: Overview, converged: bool, shrink: bool) -> list[str]:
    """Return in sentences what a reader should know before the numbers."""
    remarks = []
    unshrunk = "" if shrink else "; predictions need shrink=True"
    if seen.idle:
        remarks.append(f"{seen.idle:,} rows without time at risk (duration equals entry) count for nothing.")
    remarks += [f"{name} says nothing beyond the terms before it." for name in sorted(estimates.design.left_out)]
    params = estimates.params()
    endless = [f"{name} ({'up' if value > 0 else 'down'})" for name, value in params[np.isinf(params)].items()]
    if endless:
        remarks.append(
            f"Those who leave and those who stay are wholly apart by {', '.join(endless)}: the hazard ratio has no"
            f" finite estimate{unshrunk}."
        )
    if not converged:
        remarks.append("The search for the maximum did not converge: do not use these numbers.")
    terms = len(estimates.design.names) - 1
    if seen.events < _EVENTS_PER_TERM * terms:
        remarks.append(
            f"Fewer than {_EVENTS_PER_TERM} leavings for each term ({seen.events} for {terms}): intervals are too"
            f" narrow{unshrunk}."
        )
    return remarks


def _title(counts: dict[str, int], confidence: float, remarks: Sequence[str]) -> str:
    """Return what was fitted, with what has to stand beside every figure."""
    counted = (
        f"Monthly hazard of {counts['customers']:,} customers with {counts['events']:,} events in {counts['rows']:,}"
        f" customer-months; {100 * confidence:g}% intervals."
    )
    return " ".join([counted, *remarks])
