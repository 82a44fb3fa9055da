"""Least squares with errors robust to several answers of one account, and the ratio of two coefficients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.satisfaction.leave_one_out import Floats


class Line(NamedTuple):
    """Coefficients of a regression, the intercept first, their covariance, and how many accounts they are from."""

    coefficients: Floats
    covariance: Floats
    accounts: int


def least_squares(y: Floats, x: Floats, accounts: NDArray[np.int64] | None = None) -> Line:
    """Regress y on the columns of x and an intercept.

    Parameters
    ----------
    y, x
        Shapes (answers,) and (answers, covariates).
    accounts
        Whose answer each is, codes from 0: errors are then the sandwich with scores summed by account. None where each
        answer is of another account: the usual errors, of one scatter for all.

    Raises
    ------
    Refused
        When the columns follow from each other, or there are no more answers (accounts) than coefficients.

    Examples
    --------
    >>> least_squares(np.array([1.0, 3.1, 4.9]), np.array([[0.0], [1.0], [2.0]])).coefficients.round(2).tolist()
    [1.05, 1.95]
    """
    design = np.column_stack([np.ones(len(y)), x])
    number, columns = design.shape
    count = number if accounts is None else int(accounts.max(initial=-1)) + 1
    if count <= columns:
        raise Refused(f"Answers of {plural(count, 'accounts')} cannot tell {columns} coefficients; ask more.")
    if np.linalg.matrix_rank(design) < columns:
        raise Refused("Answers do not vary enough to tell the slopes apart.")
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ y
    left = y - design @ coefficients
    if accounts is None:
        return Line(coefficients, inverse * float(left @ left) / (number - columns), number)
    summed = np.zeros((count, columns))
    np.add.at(summed, accounts, design * left[:, None])
    middle = summed.T @ summed * count / (count - 1) * (number - 1) / (number - columns)
    return Line(coefficients, inverse @ middle @ inverse, count)


def ratio(above: int, below: int, line: Line, reach: float) -> tuple[float, float, float]:
    """Return the ratio of two coefficients with the ends of its interval; ends are missing where it has none.

    Fieller's interval: the ratios r for which ``above`` less r times ``below`` is not told from 0. It has no ends when
    ``below`` itself is not told from 0.

    Parameters
    ----------
    above, below
        Positions of numerator and denominator.
    line
        The regression.
    reach
        How many standard errors an interval reaches to each side.

    References
    ----------
    Fieller, E. C. (1954), "Some problems in interval estimation", Journal of the Royal Statistical Society B 16(2).

    Examples
    --------
    >>> line = Line(np.array([0.0, 2.0, 1.0]), np.diag([1.0, 0.01, 0.01]), 100)
    >>> [round(end, 2) for end in ratio(1, 2, line, 1.645)]
    [2.0, 1.68, 2.43]
    """
    top, bottom, covariance = line.coefficients[above], line.coefficients[below], line.covariance * reach**2
    a = bottom**2 - covariance[below, below]
    b, c = top * bottom - covariance[above, below], top**2 - covariance[above, above]
    if not a > 0:
        return float(top / bottom), float("nan"), float("nan")
    root = np.sqrt(b**2 - a * c)
    return float(top / bottom), float((b - root) / a), float((b + root) / a)
