"""Accelerated failure time of one distribution: its fit by lifelines, and what the fit answers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.churn.curves.intervals import margin_of
from clvlab.churn.hazards.aft.distributions import DISTRIBUTIONS, Distribution, cumulative_hazard, log_likelihood
from clvlab.churn.spells import Floats, Spells, arrange, matrix
from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.results import Remarked, Table

# A standard error above this, on the log scale and per standard deviation of the covariate, says nothing: within one
# error lifetimes go up or down by a factor of 4.5.
_FLAT = 1.5
# Parameters of a fit without covariates: the intercept and the log scale.
_BASIC = 2
# Of the numerical slope of the log cumulative hazard by a parameter.
_STEP = 1e-5
# lifelines' names for location and scale, whether its scale parameter is the log of ours (1) or of its inverse (-1),
# and when it stops: its own tolerances leave log-logistic estimates right to three digits only.
_FITTERS: dict[str, tuple[str, str, str, float, Mapping[str, float]]] = {
    "weibull": ("WeibullAFTFitter", "lambda_", "rho_", -1.0, {"ftol": 1e-13}),
    "log-normal": ("LogNormalAFTFitter", "mu_", "sigma_", 1.0, {"gtol": 1e-8}),
    "log-logistic": ("LogLogisticAFTFitter", "alpha_", "beta_", -1.0, {"ftol": 1e-13}),
}


@dataclass(frozen=True, repr=False, eq=False)
class AFTFit(Remarked):
    """Lifetimes as log T = intercept + covariates + scale x error.

    Attributes
    ----------
    title
        Distribution, spells and events, and what makes the fit doubtful.
    distribution
        Of the lifetime: ``"weibull"``, ``"log-normal"`` or ``"log-logistic"``.
    params_
        ``intercept``, one per covariate, ``log_scale``; as R's survreg reports them. Missing for a covariate that is
        constant or follows from the others.
    covariance_
        Of the estimates, from the likelihood; rows of a missing one are missing.
    log_likelihood_
        At the maximum, given that spells ran when they came under observation.
    diagnostics_
        ``spells``, ``events``, ``not_identified`` (covariates whose effect the spells cannot tell).
    remarks
        What was left out or moved, in sentences.
    confidence
        What the intervals promise.
    comparison
        The distributions' scores out of time, when they were compared.
    """

    title: str = field()  # no default, unlike the base class
    distribution: str
    params_: pd.Series
    covariance_: pd.DataFrame
    log_likelihood_: float
    diagnostics_: Mapping[str, object]
    remarks: tuple[str, ...]
    confidence: float
    comparison: Table | None = None
    decimals = 2

    @property
    def standard_errors_(self) -> pd.Series:
        """Return standard errors of the parameters; spells are taken as independent."""
        return pd.Series(np.sqrt(np.diag(self.covariance_)), index=self.params_.index, name="standard_error")

    @property
    def time_ratios_(self) -> pd.DataFrame:
        """Return what one unit more of each covariate does to lifetimes.

        Returns
        -------
        DataFrame
            One row per covariate: ``covariate``, ``time_ratio`` (2: twice as long), ``lower``, ``upper``
            (interval) and ``p`` (were there no effect). Missing where the spells cannot tell.
        """
        from scipy.stats import norm

        names = list(self.params_.index[1:-1])
        doubtful = np.isin(names, list(self.diagnostics_["not_identified"]))  # type: ignore[call-overload]
        effect = np.where(doubtful, np.nan, self.params_.iloc[1:-1].to_numpy(dtype=float))
        error = self.standard_errors_.iloc[1:-1].to_numpy(dtype=float)
        margin = margin_of(self.confidence)
        return pd.DataFrame(
            {
                "covariate": names,
                "time_ratio": np.exp(effect),
                "lower": np.exp(effect - margin * error),
                "upper": np.exp(effect + margin * error),
                "p": 2 * norm.sf(np.abs(effect / error)),
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return :attr:`time_ratios_`."""
        return self.time_ratios_

    def survival(self, frame: pd.DataFrame, times: Sequence[float], age: Sequence[float] | None = None) -> pd.DataFrame:
        """Return the chance to stay for another while.

        Parameters
        ----------
        frame
            One row per customer with the covariates.
        times
            Times ahead, in the unit of the spells.
        age
            How long each customer has been there already; new ones (0) when None.

        Returns
        -------
        DataFrame
            One row per customer on ``frame``'s index, one column per time.
        """
        location, scale = self._location(frame), self._scale
        now = np.zeros(len(frame)) if age is None else np.asarray(age, dtype=float)
        if now.shape != (len(frame),) or not (now >= 0).all():
            raise Refused(f"age must hold one age of 0 or more for each of the {len(frame):,} customers.")
        if not all(time >= 0 for time in times):
            raise Refused("A time ahead is missing or negative; give times of 0 or more.")
        model = DISTRIBUTIONS[self.distribution]
        so_far = cumulative_hazard(model, now, location, scale)
        ahead = [cumulative_hazard(model, now + float(time), location, scale) - so_far for time in times]
        return pd.DataFrame(np.exp(-np.column_stack(ahead)), index=frame.index, columns=list(times))

    def new_customers(self, times: Sequence[float]) -> pd.DataFrame:
        """Return the share of new customers who stay for so long, with its interval; of a fit without covariates.

        Parameters
        ----------
        times
            In the unit of the spells, above 0.

        Returns
        -------
        DataFrame
            ``time``, ``share``, ``lower``, ``upper``: by the delta method on the log of the cumulative hazard.

        Raises
        ------
        Refused
            When the fit has covariates: then :meth:`survival` of customers who have them. For times that are not
            above 0.
        """
        if len(self.params_) > _BASIC:
            raise Refused("New customers differ in the covariates of this fit; use survival(frame, times).")
        model, at = DISTRIBUTIONS[self.distribution], np.asarray(times, dtype=float)
        if not (at > 0).all():
            raise Refused("A time ahead is missing or not above 0; give times above 0.")

        def log_hazard(parameters: Floats) -> Floats:
            location = np.full(len(at), parameters[0])
            return np.log(cumulative_hazard(model, at, location, float(np.exp(parameters[1]))))

        estimate = self.params_.to_numpy()
        steps = _STEP * np.eye(len(estimate))
        slopes = np.stack([(log_hazard(estimate + step) - log_hazard(estimate - step)) / (2 * _STEP) for step in steps])
        errors = np.sqrt(np.einsum("it,ij,jt->t", slopes, self.covariance_.to_numpy(), slopes))
        reach = margin_of(self.confidence) * errors
        hazard = log_hazard(estimate)
        ends = {"share": hazard, "lower": hazard + reach, "upper": hazard - reach}
        return pd.DataFrame({"time": at, **{name: np.exp(-np.exp(value)) for name, value in ends.items()}})

    def median(self, frame: pd.DataFrame) -> pd.Series:
        """Return the lifetime that half of new customers with these covariates outlive, in the unit of the spells."""
        middle = DISTRIBUTIONS[self.distribution].quantile(0.5)
        return pd.Series(np.exp(self._location(frame) + self._scale * middle), index=frame.index, name="median")

    @property
    def _scale(self) -> float:
        return float(np.exp(self.params_.iloc[-1]))

    def log_likelihood(self, lives: Lifetimes) -> Floats:
        """Return each spell's log-likelihood under this fit, given that it ran when it entered."""
        location = self._location(lives.frame)
        return log_likelihood(DISTRIBUTIONS[self.distribution], lives.spells, location, self._scale)

    def _location(self, frame: pd.DataFrame) -> Floats:
        """Return each row's mean log lifetime, up to the error's own mean."""
        effects = self.params_.iloc[1:-1].dropna()
        return float(self.params_.iloc[0]) + matrix(frame, list(effects.index)) @ effects.to_numpy(dtype=float)


@dataclass(frozen=True)
class Lifetimes:
    """Spells whose durations all have a logarithm, their rows, and what had to be done for that."""

    spells: Spells
    frame: pd.DataFrame
    remarks: tuple[str, ...]


def positive(frame: pd.DataFrame) -> Lifetimes:
    """Return spells with durations above 0."""
    spells = arrange(frame)
    at_zero = spells.exit == 0
    kept = ~at_zero | spells.event
    if at_zero.all():
        raise Refused("Every spell ended at age 0; lifetimes need ages above 0.")
    half = spells.exit[~at_zero].min() / 2
    remarks = []
    if (~kept).any():
        remarks.append(f"{int((~kept).sum()):,} spells whose follow-up ended at age 0 say nothing and are left out.")
    if (at_zero & kept).any():
        remarks.append(
            f"{plural(int((at_zero & kept).sum()), 'customers')} left at age 0, which has no logarithm: they count as"
            f" leaving at {half:.3g}, half the smallest age above 0."
        )
    exit_ = np.where(at_zero, half, spells.exit)
    return Lifetimes(Spells(spells.entry[kept], exit_[kept], spells.event[kept]), frame[kept], tuple(remarks))


def fitted(
    frame: pd.DataFrame, covariates: Sequence[str], distribution: Distribution, confidence: float = 0.95
) -> AFTFit:
    """Return the maximum likelihood fit of one distribution."""
    lives = positive(frame)
    values = matrix(lives.frame, covariates)
    used = _independent(values)
    _need_events(lives.spells, int(used.sum()) + 2)
    centre, spread, unit = (
        values[:, used].mean(axis=0),
        values[:, used].std(axis=0),
        float(np.median(lives.spells.exit)),
    )
    at, covariance = _maximum(lives.spells, (values[:, used] - centre) / spread, distribution.name, unit)

    # Back from standardised covariates and times in units of their median: a linear map of the estimates.
    back = np.diag(np.concatenate([[1.0], 1 / spread, [1.0]]))
    back[0, 1:-1] = -centre / spread
    names = ["intercept", *covariates, "log_scale"]
    told = np.concatenate([[True], used, [True]])
    params = pd.Series(np.nan, index=names, name="estimate")
    params[told] = back @ at + np.append(np.log(unit), np.zeros(len(at) - 1))
    full = np.full((len(names), len(names)), np.nan)
    full[np.ix_(told, told)] = back @ covariance @ back.T
    location = params.iloc[0] + values[:, used] @ params.iloc[1:-1][used].to_numpy()
    likelihood = log_likelihood(distribution, lives.spells, location, float(np.exp(params.iloc[-1])))

    flat = ~(np.sqrt(np.diag(covariance))[1:-1] < _FLAT)
    unknown = [name for name, known in zip(covariates, used, strict=True) if not known]
    doubtful = [name for name, vague in zip(np.asarray(covariates)[used], flat, strict=True) if vague]
    remarks = [*lives.remarks]
    remarks += [f"{name} is constant or follows from the covariates before it and is left out." for name in unknown]
    remarks += [f"The spells do not tell what {name} does: perhaps nobody left on one side of it." for name in doubtful]
    if "customer_id" in lives.frame.columns and lives.frame["customer_id"].duplicated().any():
        remarks.append(
            "Errors take rows of one customer as independent: right for parts of one spell, not for several."
        )
    events = int(lives.spells.event.sum())
    title = f"Accelerated failure time ({distribution.name}), {len(lives.spells):,} spells, {events:,} left"
    return AFTFit(
        title + (f" - {', '.join(map(str, doubtful))} not identified" if doubtful else ""),
        distribution.name,
        params,
        pd.DataFrame(full, index=names, columns=names),
        float(likelihood.sum()),
        {"spells": len(lives.spells), "events": events, "not_identified": [str(name) for name in doubtful]},
        tuple(remarks),
        confidence,
    )


def _independent(values: Floats) -> NDArray[np.bool_]:
    """Return which columns, from the first, are neither constant nor a sum of those before."""
    used = np.zeros(values.shape[1], dtype=bool)
    deviations = values - values.mean(axis=0)
    for place, column in enumerate(deviations.T):
        before = deviations[:, used]
        rest = column - before @ np.linalg.lstsq(before, column, rcond=None)[0] if used.any() else column
        used[place] = np.linalg.norm(rest) > 1e-8 * np.linalg.norm(values[:, place])
    return used


def _need_events(spells: Spells, parameters: int) -> None:
    """Refuse spells with fewer events than parameters, or with all events at one age."""
    events = int(spells.event.sum())
    if events < parameters:
        raise Refused(
            f"{plural(events, 'customers')} left and the model has {parameters} parameters; follow them longer or give"
            " fewer covariates."
        )
    if np.ptp(spells.exit[spells.event]) == 0:
        raise Refused("All customers who left did so at the same age, so lifetimes have no spread to estimate.")


def _maximum(spells: Spells, values: Floats, distribution: str, unit: float) -> tuple[Floats, Floats]:
    """Return intercept, effects and log scale at the maximum, with their covariance, by lifelines."""
    import lifelines
    from lifelines.exceptions import ConvergenceError

    fitter, location, ancillary, sign, options = _FITTERS[distribution]
    columns = [f"x{i}" for i in range(values.shape[1])]  # lifelines reads names as formulas
    frame = pd.DataFrame(values, columns=columns).assign(
        duration=spells.exit / unit, event=spells.event, entry=np.maximum(spells.entry, 0.0) / unit
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it warns of is looked for in the estimates
            fit = getattr(lifelines, fitter)().fit(
                frame, "duration", "event", entry_col="entry", fit_options=dict(options)
            )
    except ConvergenceError:
        raise Refused(
            f"The {distribution} model did not converge; look for covariates that tell exactly who left, and leave them"
            " out."
        ) from None
    order = [(location, "Intercept"), *((location, name) for name in columns), (ancillary, "Intercept")]
    signs = np.append(np.ones(len(order) - 1), sign)
    return fit.params_[order].to_numpy() * signs, fit.variance_matrix_.loc[order, order].to_numpy() * np.outer(
        signs, signs
    )
