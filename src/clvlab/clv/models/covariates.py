"""How parameters and covariates enter a likelihood: the scales they are searched on, and the derivatives there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from clvlab.clv.models.derivatives import Derivatives
from clvlab.clv.models.histories import Histories
from clvlab.clv.models.maximising import Optimum, best_of

if TYPE_CHECKING:
    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.maximising import Objective

RowLikelihood: TypeAlias = "Callable[[Histories, tuple[Array, ...]], Derivatives]"

# With more than twice as many distinct histories the search begins on about this many of them.
_THINNED = (2_000, 20_000, 200_000)


@dataclass(frozen=True)
class Logs:
    """Parameters searched on their log scale, where covariates multiply them.

    Attributes
    ----------
    moved
        Position and sign of each parameter that covariates move: its log changes by sign times covariates times
        coefficients. One set of coefficients per entry.
    """

    moved: tuple[tuple[int, float], ...]

    def inward(self, parameters: Array) -> Array:
        """Return the search scale's numbers for the parameters."""
        return np.log(parameters)

    def outward(self, inner: Array) -> tuple[Array, ...]:
        """Return the parameters for numbers (parameters[, rows]) of the search scale."""
        return tuple(np.exp(inner))

    def chain(self, rows: Derivatives, parameters: tuple[Array, ...]) -> Derivatives:
        """Return derivatives on the search scale from those by the parameters."""
        scale = np.stack(np.broadcast_arrays(*parameters, rows.value)[:-1])
        gradient = rows.gradient * scale
        hessian = rows.hessian * scale[:, None] * scale[None]
        for i in range(len(scale)):
            hessian[i, i] += gradient[i]
        return Derivatives(rows.value, gradient, hessian)

    def to_logs(self, at: Array) -> Array:
        """Return the matrix of derivatives of the parameters' logs by the search scale, at (parameters,)."""
        return np.eye(len(at))


@dataclass(frozen=True)
class MeanDropout(Logs):
    """r, alpha, a, b searched as log r, log alpha, the logit of mean dropout a / (a + b), and log(a + b).

    Covariates move the purchase rate and mean dropout. Moving a and b alike would move neither mean: customers
    would only differ more or less, and coefficients run away.
    """

    def inward(self, parameters: Array) -> Array:
        """Return the search scale's numbers for the parameters."""
        r, alpha, a, b = parameters
        return np.array([np.log(r), np.log(alpha), np.log(a / b), np.log(a + b)])

    def outward(self, inner: Array) -> tuple[Array, ...]:
        """Return the parameters for numbers (parameters[, rows]) of the search scale."""
        from scipy.special import expit

        r, alpha, size = np.exp(inner[0]), np.exp(inner[1]), np.exp(inner[3])
        return r, alpha, size * expit(inner[2]), size * expit(-inner[2])

    def chain(self, rows: Derivatives, parameters: tuple[Array, ...]) -> Derivatives:
        """Return derivatives on the search scale from those by the parameters."""
        logs = super().chain(rows, parameters)
        a, b = np.broadcast_arrays(*parameters[2:], rows.value)[:2]
        mean = a / (a + b)
        slopes = np.zeros_like(logs.hessian)
        for i in (0, 1):
            slopes[i, i] = 1.0
        slopes[2, 2], slopes[3, 2], slopes[2:, 3] = 1 - mean, -mean, 1.0
        gradient = np.einsum("ijn,in->jn", slopes, logs.gradient)
        hessian = np.einsum("ijn,iln,lmn->jmn", slopes, logs.hessian, slopes, optimize=True)
        hessian[2, 2] -= (logs.gradient[2] + logs.gradient[3]) * mean * (1 - mean)
        return Derivatives(logs.value, gradient, hessian)

    def to_logs(self, at: Array) -> Array:
        """Return the matrix of derivatives of the parameters' logs by the search scale, at (parameters,)."""
        from scipy.special import expit

        mean = float(expit(at[2]))
        slopes = np.eye(4)
        slopes[2:, 2:] = [[1 - mean, 1.0], [-mean, 1.0]]
        return slopes


def moved_parameters(link: Logs, values: Array, covariates: Array) -> tuple[Array, ...]:
    """Return parameters per row, moved by its covariates; plain numbers without any.

    Parameters
    ----------
    link
        The scale on which covariates move them.
    values
        The parameters at covariates of 0, then the coefficients.
    covariates
        (rows, covariates)
    """
    width = covariates.shape[1]
    k = len(values) - width * len(link.moved)
    if width == 0:
        return tuple(values)
    inner = np.repeat(link.inward(values[:k])[:, None], len(covariates), axis=1)
    return link.outward(_shift(link, inner, values[k:], covariates))


def at_rows(parameters: tuple[Array, ...], rows: slice | np.ndarray) -> tuple[Array, ...]:
    """Return the parameters of some rows; a number is the same for all."""
    return tuple(value if np.ndim(value) == 0 else value[rows] for value in parameters)


def search(
    likelihood: RowLikelihood, link: Logs, histories: Histories, starts: Sequence[Array], rows_at_once: int
) -> Optimum:
    """Return the maximum over parameters (on the link's scale) and coefficients.

    With many distinct histories the search begins on some of them: from there the rest takes a few steps.

    Parameters
    ----------
    likelihood
        Log-likelihood per history, with derivatives by the parameters.
    starts
        Parameters without coefficients; those start at 0.
    """
    zeros = np.zeros(histories.covariates.shape[1] * len(link.moved))
    inner = [np.concatenate([link.inward(start), zeros]) for start in starts]
    for size in _THINNED:
        if len(histories) > 2 * size:
            some = histories.rows(np.arange(0, len(histories), len(histories) // size))
            near = best_of(_objective(likelihood, link, some, rows_at_once), inner)
            inner = [near.at, *inner] if near.converged else inner
    return best_of(_objective(likelihood, link, histories, rows_at_once), inner)


def on_logs(link: Logs, optimum: Optimum, k: int) -> Optimum:
    """Return the optimum of k positive parameters (then coefficients) on the parameters' own logs."""
    slopes = np.eye(len(optimum.at))
    slopes[:k, :k] = link.to_logs(optimum.at[:k])
    back = np.linalg.inv(slopes)
    at = np.concatenate([np.log(np.array(link.outward(optimum.at[:k]))), optimum.at[k:]])
    return Optimum(
        at, optimum.log_likelihood, back.T @ optimum.gradient, back.T @ optimum.information @ back, optimum.converged
    )


def _shift(link: Logs, inner: Array, coefficients: Array, covariates: Array) -> Array:
    """Return the search scale's numbers (parameters, rows), moved by the covariates."""
    for (place, sign), effects in zip(link.moved, coefficients.reshape(len(link.moved), -1), strict=True):
        inner[place] += sign * (covariates @ effects)
    return inner


def _objective(likelihood: RowLikelihood, link: Logs, histories: Histories, rows_at_once: int) -> Objective:
    """Return the weighted log-likelihood as a function of the search scale, with gradient and Hessian."""
    parts = [histories.rows(slice(at, at + rows_at_once)) for at in range(0, len(histories), rows_at_once)]
    evaluate = _alike if histories.covariates.shape[1] == 0 else _moved

    def objective(at: Array) -> tuple[float, Array, Array]:
        with np.errstate(all="ignore"):
            return evaluate(likelihood, link, parts, at)

    return objective


def _alike(likelihood: RowLikelihood, link: Logs, parts: Sequence[Histories], at: Array) -> tuple[float, Array, Array]:
    """Return value, gradient and Hessian where all rows share their parameters: the scale changes once, at the end."""
    k, parameters = len(at), link.outward(at)
    total = Derivatives(np.zeros(1), np.zeros((k, 1)), np.zeros((k, k, 1)))
    for part in parts:
        rows = likelihood(part, parameters)
        total.value += rows.value @ part.count
        total.gradient[:, 0] += rows.gradient @ part.count
        total.hessian[..., 0] += rows.hessian @ part.count
    total = link.chain(total, parameters)
    return float(total.value[0]), total.gradient[:, 0], total.hessian[..., 0]


def _moved(likelihood: RowLikelihood, link: Logs, parts: Sequence[Histories], at: Array) -> tuple[float, Array, Array]:
    """Return value, gradient and Hessian where covariates move the parameters of every row."""
    width = parts[0].covariates.shape[1]
    k = len(at) - width * len(link.moved)
    owner = np.array([*range(k), *(place for place, _ in link.moved for _ in range(width))])
    value, gradient, hessian = 0.0, np.zeros(len(at)), np.zeros((len(at), len(at)))
    for part in parts:
        inner = _shift(link, np.repeat(at[:k, None], len(part), axis=1), at[k:], part.covariates)
        parameters = link.outward(inner)
        rows = link.chain(likelihood(part, parameters), parameters)
        columns = np.vstack([np.ones((k, len(part))), *(sign * part.covariates.T for _, sign in link.moved)])
        value += float(rows.value @ part.count)
        gradient += (rows.gradient[owner] * columns) @ part.count
        for i, column in enumerate(columns):
            hessian[i] += (rows.hessian[owner[i]][owner] * columns) @ (part.count * column)
    return value, gradient, hessian
