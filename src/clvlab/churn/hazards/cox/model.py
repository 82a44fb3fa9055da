"""The Cox model: what raises the hazard of leaving, whatever its course over a customer's life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from clvlab.churn.hazards.cox.design import Design, Fitted
from clvlab.churn.hazards.cox.estimates import covariances_of, global_tests, hazard_ratios, params, unscaled
from clvlab.churn.hazards.cox.fit import CoxFit
from clvlab.churn.hazards.cox.maximum import maximise, redundant
from clvlab.churn.hazards.cox.partial_likelihood import Integers, PartialLikelihood, RiskSets
from clvlab.churn.hazards.cox.remarks import remarks_on
from clvlab.churn.spells import Spells, arrange
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused, nearest


def cox(
    spells: pd.DataFrame,
    covariates: str | Sequence[str],
    strata: str | Sequence[str] = (),
    cluster: str | None = None,
    offset: str | None = None,
    cause: str | None = None,
    confidence: float = 0.95,
) -> CoxFit:
    """Fit a Cox model by partial likelihood, with Efron's ties.

    Answers by how much each covariate multiplies the hazard of leaving at any age, all others alike.

    Parameters
    ----------
    spells
        ``duration`` (age at exit), ``event`` (0 or 1) and where they apply ``entry`` (age at entry), ``customer_id``,
        ``cause`` and the columns named below. A customer may have several rows: pieces of a spell that follow each
        other with covariates as of each, or several spells.
    covariates
        Numeric columns (0/1 for groups).
    strata
        Columns whose combinations have baseline hazards of their own.
    cluster
        The column whose rows depend on each other; ``customer_id`` where there is one, else each row by itself.
    offset
        A column with a known part of the log hazard (its coefficient is 1).
    cause
        Count only events of this cause; the others end follow-up. The hazard is then the cause's own.
    confidence
        Coverage of the intervals. They go by robust errors where ``cluster`` is given or customers left more than
        once, else by model-based ones: pieces of one spell do not depend on each other, however many rows they are.

    Raises
    ------
    Refused
        When there is no event, when nobody ever stayed where others left, for columns that are missing or have missing
        values, for known log hazards too far apart, and for spells as in :func:`clvlab.churn.spells.arrange`.

    References
    ----------
    Cox, D. R. (1972), "Regression models and life-tables", JRSS B 34. Efron, B. (1977), JASA 72 (ties). Lin, D. Y. and
    Wei, L. J. (1989), JASA 84 (robust errors).

    Examples
    --------
    >>> spells = pd.DataFrame({"duration": [2, 3, 5, 7, 8, 9], "event": [1, 1, 1, 0, 1, 0], "late": [4, 6, 1, 2, 3, 0]})
    >>> fit = cox(spells, "late")
    >>> round(float(fit.params_["late"]), 4), round(float(fit.log_likelihood_), 4)
    (0.52, -4.0056)
    """
    names = _listed(covariates)
    if not names or len(set(names)) < len(names):
        raise Refused(f"The covariates are {', '.join(names) or 'none'}; name at least one, and each once.")
    if not 0 < confidence < 1:
        raise Refused(f"confidence is {confidence:g}; give a share between 0 and 1, such as 0.95.")
    arranged = _of_cause(spells, cause)
    design = Design.of(spells, names, offset, _listed(strata))
    clusters, errors = _clusters(spells, cluster, arranged)
    # Those at risk together lie together in memory: a million rows take half the time.
    order = np.argsort(arranged.exit, kind="stable")
    arranged = Spells(arranged.entry[order], arranged.exit[order], arranged.event[order])
    x, known = design.scaled(spells)[order], design.known(spells)[order]
    stratum, clusters = design.stratum(spells)[order], clusters[order]

    likelihood = PartialLikelihood(_risk_sets(arranged, stratum), x, known, stratum)
    null = likelihood.at(np.zeros(len(names)))
    if not np.isfinite(null.log_likelihood):
        raise Refused(f"The log hazards in column {offset!r} lie too far apart to compute with; are they logs?")
    dropped = redundant(null)
    kept = np.array([column not in dropped for column in range(len(names))])
    if dropped:
        likelihood = replace(likelihood, x=likelihood.x[:, kept])
        null = likelihood.at(np.zeros(kept.sum()))
    fitted = Fitted(design, arranged, kept, likelihood, maximise(likelihood, np.zeros(kept.sum())))

    covariances = covariances_of(fitted, clusters)
    remarks = remarks_on(fitted, dropped, covariances, errors)
    counts = {
        "rows": len(spells),
        "customers": spells["customer_id"].nunique() if "customer_id" in spells.columns else None,
        "events": int(arranged.event.sum()),
    }
    return CoxFit(
        params_=params(fitted),
        covariance_=unscaled(fitted, covariances.model),
        robust_covariance_=unscaled(fitted, covariances.robust),
        log_likelihood_=fitted.maximum.evaluation.log_likelihood,
        log_likelihood_null_=null.log_likelihood,
        tests_=global_tests(fitted, null, covariances, clusters),
        hazard_ratios_=hazard_ratios(fitted, covariances, bool(errors), confidence),
        diagnostics_=counts
        | {
            "errors": errors or "model-based",
            "iterations": fitted.maximum.iterations,
            "converged": fitted.maximum.converged,
            "remarks": remarks,
        },
        confidence=confidence,
        title=_title(counts, errors, confidence, remarks),
        fitted=fitted,
        scaled_covariance=covariances.robust if errors else covariances.model,
    )


def _listed(names: str | Sequence[str]) -> list[str]:
    """Return names as a list; a name by itself is one."""
    return [names] if isinstance(names, str) else list(names)


def _of_cause(spells: pd.DataFrame, cause: str | None) -> Spells:
    """Return the spells, with only events of the cause named when there is one."""
    arranged = arrange(spells)
    if cause is None:
        return arranged
    need_columns(spells.columns, ["cause"])
    of_it = (spells["cause"] == cause).to_numpy(dtype=bool, na_value=False)
    if not (arranged.event & of_it).any():
        known = sorted(set(spells["cause"][arranged.event].dropna().astype(str)))
        raise Refused(f"No event has the cause {cause!r}{nearest(cause, known)}; there are {known}.")
    return replace(arranged, event=arranged.event & of_it)


def _risk_sets(spells: Spells, stratum: Integers) -> RiskSets:
    """Return who is at risk at each event, refusing spells that leave nothing to compare."""
    if not spells.event.any():
        raise Refused("There are no events, so nothing tells what raises the hazard; wait for some, or widen the rows.")
    risk = RiskSets.of(spells, stratum)
    if (risk.at_risk(np.ones(len(spells))) < risk.events + 0.5).all():
        raise Refused(
            "Whenever customers left, everybody at risk did, so there is nobody to compare them with; add customers who"
            " were there and stayed."
        )
    return risk


def _clusters(spells: pd.DataFrame, cluster: str | None, arranged: Spells) -> tuple[Integers, str]:
    """Return each row's cluster, and the name of robust errors where intervals go by them."""
    column = cluster or ("customer_id" if "customer_id" in spells.columns else None)
    if column is None:
        return np.arange(len(spells)), ""
    need_columns(spells.columns, [column])
    codes, _ = pd.factorize(spells[column])
    if (codes < 0).any():
        raise Refused(f"Column {column!r} of the clusters has missing values; say whose rows these are.")
    several = np.bincount(codes[arranged.event]).max(initial=0) > 1
    return codes, f"robust, by {column}" if cluster or several else ""


def _title(counts: dict[str, int | None], errors: str, confidence: float, remarks: Sequence[str]) -> str:
    whose = "rows" if counts["customers"] is None else "customers"
    return " ".join(
        [
            f"Cox model of {counts[whose]:,} {whose} with {counts['events']:,} events;"
            f" {100 * confidence:g}% intervals ({errors or 'model-based errors'}).",
            *remarks,
        ]
    )
