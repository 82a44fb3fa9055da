"""The likelihood of customer-months under a monthly hazard, added up piece by piece, and its maximum."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Protocol

import numpy as np
from threadpoolctl import ThreadpoolController

from clvlab.churn.hazards.monthly.panel import Months
from clvlab.churn.spells import Floats

# Beyond these the exponential is 0 or infinite to a machine.
_LOWEST, _HIGHEST = -700.0, 700.0
_STEPS = 50
_HALVINGS = 30
# Gain in log-likelihood that the last step promises: it moves estimates by at most 1/200000 of their errors.
_TOLERANCE = 1e-11
_ROUNDING = 1e-13
# After a step that promised less than this the search most likely ends: customers' scores are added up on the way.
_NEARLY = 0.1
# Share of the information about a column, beside the other columns, below which it is one of their sums.
_DEPENDENT = 1e-10
# Eigenvalue of the information, scaled to a diagonal of 1, that stands for those that are 0 to a machine.
_LEAST = 1e-15


class Columns(Protocol):
    """What a likelihood needs of a design."""

    def columns(self, months: Months) -> Floats:
        """Return the columns of the linear predictor, of shape (columns, rows)."""


@dataclass(frozen=True)
class Point:
    """The likelihood at one set of parameters.

    Attributes
    ----------
    at
        The parameters.
    value, gradient, information
        Log-likelihood, its slope, and the expected (Fisher's) information.
    scores
        Slope by customer, of shape (columns, customers); empty when not asked for.
    """

    at: Floats
    value: float
    gradient: Floats
    information: Floats
    scores: Floats = field(default_factory=lambda: np.empty((0, 0)))


def one_thread_each() -> AbstractContextManager[Any]:
    """Keep linear algebra to one thread: pieces share the cores, and threads of threads would wait for each other."""
    return _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries() -> ThreadpoolController:
    """Return the libraries of linear algebra in use."""
    return ThreadpoolController()


@dataclass(frozen=True)
class Likelihood:
    """The likelihood of a panel; every call reads it from beginning to end.

    Attributes
    ----------
    months
        Begins a pass over the customer-months.
    design
        Gives the columns of the linear predictor.
    customers
        How many there are.

    Notes
    -----
    With mu = exposure exp(offset + x'b) a customer leaves within the row with probability 1 - exp(-mu). The slope of
    the log-likelihood by x'b is mu / (exp(mu) - 1) for a row with an event and -mu for one without; the expected
    information about x'b is mu**2 / (exp(mu) - 1).
    """

    months: Callable[[], Iterator[Months]]
    design: Columns
    customers: int

    def at(self, parameters: Floats, with_scores: bool = False) -> Point:
        """Return the likelihood at these parameters."""
        size = len(parameters)
        value, gradient, information = 0.0, np.zeros(size), np.zeros((size, size))
        scores = np.zeros((size, self.customers)) if with_scores else np.empty((0, 0))
        for part, months, slopes in _in_parallel(lambda some: self._piece(some, parameters), self.months()):
            value, gradient, information = value + part.value, gradient + part.gradient, information + part.information
            if with_scores:
                for column, slope in zip(scores, slopes, strict=True):
                    np.add.at(column, months.customer, slope)
        return Point(parameters, value, gradient, information, scores)

    def _piece(self, months: Months, parameters: Floats) -> tuple[Point, Months, Floats]:
        """Return what one piece adds to value, slope and information, and the slope by row."""
        columns = self.design.columns(months)
        with np.errstate(divide="ignore", over="ignore"):
            log_mean = np.clip(np.log(months.exposure) + months.offset + parameters @ columns, _LOWEST, _HIGHEST)
            mean = np.exp(log_mean)
            shrinks = mean / np.expm1(mean)
        value = float(np.log(-np.expm1(-mean[months.event])).sum() - mean[~months.event].sum())
        score = np.where(months.event, shrinks, -mean)
        weighted = columns * np.sqrt(mean * shrinks)
        columns *= score
        return Point(parameters, value, columns.sum(axis=1), weighted @ weighted.T), months, columns


def maximise(likelihood: Likelihood, point: Point) -> tuple[Point, Floats, bool]:
    """Return the maximum from a point on, the last step, and whether it promised nothing any more.

    Notes
    -----
    Fisher's scoring, which is iteratively reweighted least squares; the log-likelihood has one maximum at most.
    A step is halved until the likelihood rises.
    """
    for _ in range(_STEPS):
        step = covariance(point.information) @ point.gradient
        promised = float(point.gradient @ step) / 2
        if promised < _TOLERANCE:
            return replace(point, at=point.at + step), step, True  # nothing else changes by more than that
        risen = _rise(likelihood, point, step, promised)
        if risen is None:
            break
        point = risen
    return point, step, False


def _rise(likelihood: Likelihood, point: Point, step: Floats, promised: float) -> Point | None:
    """Return the first point along a step that is higher, None when there is none."""
    for halving in range(_HALVINGS):
        found = likelihood.at(point.at + step / 2**halving, with_scores=promised < _NEARLY)
        if found.value >= point.value - _ROUNDING * abs(point.value):
            return found
    return None


def covariance(information: Floats) -> Floats:
    """Return the inverse of an information matrix; directions without information get a variance without end.

    Notes
    -----
    Scaled to a diagonal of 1 first, where an eigenvalue below 1e-15 cannot be told from 0.
    """
    size = np.sqrt(np.diag(information))
    size = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(information / size[:, None] / size)
    return (vectors / np.maximum(values, _LEAST)) @ vectors.T / size[:, None] / size


def dependent(information: Floats) -> list[int]:
    """Return the columns that are sums of multiples of earlier ones.

    Examples
    --------
    >>> columns = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    >>> dependent(columns @ columns.T)
    [2]
    """
    kept: list[int] = []
    found: list[int] = []
    for place in range(len(information)):
        across = information[kept, place]
        own = information[place, place] - across @ covariance(information[np.ix_(kept, kept)]) @ across
        (kept if own > _DEPENDENT * information[place, place] else found).append(place)
    return found


def _in_parallel(work: Callable[[Months], Any], pieces: Iterator[Months]) -> Iterator[Any]:
    """Yield the results of ``work`` in the order of the pieces, with a few pieces in memory at a time."""
    workers = os.cpu_count() or 1
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
