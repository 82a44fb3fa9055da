"""Estimated parameters: errors, intervals, draws, and what the data could not tell, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.maximising import EDGE, Optimum
from clvlab.refusal import Refused
from clvlab.results import Result

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.models.histories import Array

# Standard normal quantile of 95%: the end of a 90% interval.
_NINETY = 1.6448536269514722
# A direction of log parameters with a standard error above this is called flat: within one error the
# parameters go up or down by a factor of 4.5.
_FLAT = 1.5
# What takes part in a flat direction, and how alike shares must be to call it a ratio.
_TAKES_PART = 0.3
# Draws along a flat direction have this standard deviation at most: e**3 is a factor of 20.
_WIDEST = 3.0

Reasons = Mapping[tuple[str, ...], str]


@dataclass(frozen=True)
class Estimate:
    """Parameters at their maximum, searched on a scale where errors are closest to normal.

    Attributes
    ----------
    names
        As in the source.
    logged
        One flag per parameter: whether it was searched on its log scale (all positive ones), or as it is.
    optimum
        Where the search ended, on that scale.
    powers
        Of logged parameters, the power whose errors are closest to symmetric, where it is not the log (0): intervals
        are drawn on it.
    """

    names: tuple[str, ...]
    logged: tuple[bool, ...]
    optimum: Optimum
    powers: tuple[float, ...] = ()

    def values(self) -> Array:
        """Return the parameters on their own scale."""
        return self.natural(self.optimum.at)

    def natural(self, at: Array) -> Array:
        """Return points (..., parameters) of the search scale on the parameters' own."""
        return np.where(self.logged, np.exp(np.where(self.logged, at, 0.0)), at)

    def search_covariance(self) -> Array:
        """Return the inverse of the information matrix on the search scale; missing when it has none."""
        values, vectors = np.linalg.eigh(self.optimum.information)
        if values[0] <= 1e-14 * abs(values[-1]):
            return np.full_like(vectors, np.nan)
        return (vectors / values) @ vectors.T

    def covariance(self) -> Array:
        """Return the covariance of the parameters on their own scale, by the delta method.

        At a maximum this equals the inverse information of the parameters themselves: the reparameterisation
        adds a term with the gradient, which is 0 there.
        """
        slope = np.where(self.logged, self.values(), 1.0)
        return self.search_covariance() * slope[:, None] * slope[None]

    def intervals(self) -> tuple[Array, Array]:
        """Return 90% intervals, symmetric on the search scale or the parameter's power; positive ones stay above 0.

        Missing for a parameter that ran to the edge: an error says nothing there.
        """
        margin = _NINETY * np.sqrt(np.diag(self.search_covariance()))
        with np.errstate(over="ignore", divide="ignore"):
            lower, upper = self.natural(self.optimum.at - margin), self.natural(self.optimum.at + margin)
            for place, power in enumerate(self.powers):
                if power:
                    ends = np.maximum(1 + power * margin[place] * np.array([-1.0, 1.0]), 0.0) ** (1 / power)
                    lower[place], upper[place] = self.values()[place] * np.sort(ends)
        edge = np.where(self.logged, np.abs(self.optimum.at) >= EDGE / 2, False)
        return np.where(edge, np.nan, lower), np.where(edge, np.nan, upper)

    def draws(self, n: int, rng: np.random.Generator) -> Array:
        """Return (n, parameters) draws from the estimates' approximate sampling distribution.

        Normal on the search scale. A direction in which the likelihood is flat is drawn with a standard
        deviation of 3 there (a factor of 20): wide, but without numbers that no machine can hold.
        """
        values, vectors = np.linalg.eigh(self.optimum.information)
        steps = rng.standard_normal((n, len(values))) / np.sqrt(np.maximum(values, 1 / _WIDEST**2))
        flat = values <= 1 / _FLAT**2
        known, along = steps[:, ~flat] @ vectors[:, ~flat].T, steps[:, flat] @ vectors[:, flat].T
        # A step along a flat direction ends where the first parameter meets its edge: cut one by one, parameters
        # would leave the direction, and with it the data.
        room = np.where(self.logged, np.maximum(EDGE - np.sign(along) * self.optimum.at, 0.0), np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(along == 0, 1.0, room / np.abs(along)).min(axis=1, initial=1.0)
        return self.natural(self.optimum.at + known + share[:, None] * along)

    def condition_number(self) -> float:
        """Return the largest over the smallest eigenvalue of the information matrix on the search scale."""
        values = np.linalg.eigvalsh(self.optimum.information)
        return float(values[-1] / values[0]) if values[0] > 0 else float("inf")

    def flat_direction(self, reasons: Reasons) -> str:
        """Return in words what the data do not tell apart, and why; blank when they tell everything.

        Parameters
        ----------
        reasons
            What is missing in the data when these parameters are not identified.
        """
        values, vectors = np.linalg.eigh(self.optimum.information)
        edge = [name for name, at in zip(self.names, self.optimum.at, strict=True) if abs(at) >= EDGE / 2]
        if values[0] > 1 / _FLAT**2 and not edge:
            return ""
        share = vectors[:, 0]
        parts = tuple(name for name, part in zip(self.names, share, strict=True) if abs(part) > _TAKES_PART)
        parts = parts if values[0] <= 1 / _FLAT**2 else tuple(edge)
        reason = next((text for named, text in reasons.items() if set(named) & set(parts)), "too few customers")
        if len(parts) == 1:
            return f"{parts[0]} not identified: {reason}"
        own = share[[self.names.index(name) for name in parts]]
        together = np.all(own > 0) or np.all(own < 0)
        how = "only identified through their ratio" if together and len(parts) == 2 else "not identified apart"
        return f"{', '.join(parts[:-1])} and {parts[-1]} {how}: {reason}"


def starting_point(start: Mapping[str, float], names: Sequence[str]) -> Array:
    """Return where to search from, in the order of ``names``, refusing a start that lacks one."""
    missing = [name for name in names if not start.get(name, 0) > 0]
    if missing:
        raise Refused(f"start needs a value above 0 for {', '.join(missing)}.")
    return np.array([float(start[name]) for name in names])


def checked(estimate: Estimate, customers: float, reasons: Reasons) -> dict[str, object]:
    """Return what every fit's ``diagnostics_`` begin with; ``reasons`` as in :meth:`Estimate.flat_direction`."""
    return {
        "converged": estimate.optimum.converged,
        "gradient_norm": float(np.linalg.norm(estimate.optimum.gradient)) / max(customers, 1.0),
        "condition_number": estimate.condition_number(),
        "flat_direction": estimate.flat_direction(reasons),
    }


def titled(name: str, customers: float, checks: Mapping[str, object]) -> str:
    """Return a fit's title, with what has to stand beside every figure of one that cannot be trusted."""
    said = "" if checks["converged"] else " - did not converge"
    flat = f" - {checks['flat_direction']}" if checks["flat_direction"] else ""
    return f"{name}, {customers:,.0f} customers{said}{flat}"


@dataclass(frozen=True, repr=False, eq=False)
class Fit(Result):
    """What every fit returns: estimates with errors, and whether they can be trusted.

    Attributes
    ----------
    title
        Model, customers, and what makes the fit doubtful.
    estimate
        The parameters.
    customers
        How many customers (repeat buyers, contracts) the likelihood is over.
    diagnostics_
        ``converged``, ``gradient_norm`` (per customer, on the search scale), ``condition_number`` (of the
        information matrix there), ``flat_direction`` (in words, blank when there is none), and what else a
        model checks.
    """

    title: str = field()  # no default, unlike the base class
    estimate: Estimate
    customers: float
    diagnostics_: Mapping[str, object]

    @property
    def params_(self) -> pd.Series:
        """Return the estimates under their names in the source."""
        return self._series(self.estimate.values(), "estimate")

    @property
    def standard_errors_(self) -> pd.Series:
        """Return standard errors of the parameters; missing where the information matrix has no inverse."""
        return self._series(np.sqrt(np.diag(self.estimate.covariance())), "standard_error")

    @property
    def covariance_(self) -> pd.DataFrame:
        """Return the full covariance of the parameters, on their own scale."""
        import pandas as pd

        names = list(self.estimate.names)
        return pd.DataFrame(self.estimate.covariance(), index=names, columns=names)

    @property
    def log_likelihood_(self) -> float:
        """Return the maximum on the data's own scale, with the constants that the source includes."""
        return self.estimate.optimum.log_likelihood

    @property
    def aic_(self) -> float:
        """Return Akaike's criterion: 2 per parameter less twice the log-likelihood."""
        return 2 * len(self.estimate.names) - 2 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Return Schwarz's criterion: log(customers) per parameter less twice the log-likelihood."""
        return float(np.log(self.customers)) * len(self.estimate.names) - 2 * self.log_likelihood_

    def to_frame(self) -> pd.DataFrame:
        """Return one row per parameter: estimate, standard_error, and the ends of its 90% interval."""
        import pandas as pd

        lower, upper = self.estimate.intervals()
        return pd.DataFrame(
            {
                "parameter": list(self.estimate.names),
                "estimate": self.estimate.values(),
                "standard_error": self.standard_errors_.to_numpy(),
                "lower": lower,
                "upper": upper,
            }
        )

    def _series(self, values: Array, name: str) -> pd.Series:
        import pandas as pd

        return pd.Series(values, index=list(self.estimate.names), name=name)
