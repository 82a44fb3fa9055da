"""The likelihood of customers who were there before the records begin and are seen because they bought."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.covariates import at_rows

if TYPE_CHECKING:
    from clvlab.clv.models.covariates import RowLikelihood
    from clvlab.clv.models.derivatives import Derivatives
    from clvlab.clv.models.histories import Array, Histories


def given_a_purchase(likelihood: RowLikelihood) -> RowLikelihood:
    """Return the log-likelihood given at least one purchase in the window, for histories with entry above 0.

    Whoever bought in the window was a customer when it began, so this needs no assumption about that.
    """

    def conditional(histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
        rows = likelihood(histories, parameters)
        late = np.flatnonzero(histories.entry > 0)
        if late.size == 0:
            return rows
        nothing = np.zeros(late.size)
        silent = replace(histories.rows(late), frequency=nothing, recency=nothing)
        none = likelihood(silent, at_rows(parameters, late))
        odds = 1 / np.expm1(-none.value)  # of no purchase
        slopes = none.gradient[:, None] * none.gradient[None]
        rows.value[late] -= np.log(-np.expm1(none.value))
        rows.gradient[:, late] += odds * none.gradient
        rows.hessian[..., late] += odds * none.hessian + odds * (1 + odds) * slopes
        return rows

    return conditional
