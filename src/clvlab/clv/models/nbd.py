"""NBD: gamma rates of purchase, and nobody leaves: for customers whose staying is modelled apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.never_dies import never_dies
from clvlab.clv.models.purchases import PurchaseModel
from clvlab.clv.models.stays import Stays

if TYPE_CHECKING:
    from clvlab.clv.models.derivatives import Derivatives
    from clvlab.clv.models.histories import Array, Histories
    from clvlab.clv.models.maximising import Optimum


class NBD(PurchaseModel):
    """NBD: customers buy at gamma-distributed rates and never leave.

    Parameters of a fit: ``r``, ``alpha`` (purchase rates are Gamma(r, alpha), in purchases per time unit).

    Notes
    -----
    For the time that a customer is known to have been there, such as the months under contract: ``frequency``
    counts every purchase in it and ``T`` is its length; ``recency`` does not matter. Assumes purchases at random
    times at a steady rate.

    References
    ----------
    Ehrenberg, A. S. C. (1959), "The pattern of consumer purchases", Applied Statistics 8(1).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> frequency = np.random.default_rng(1).poisson(np.random.default_rng(2).gamma(2.0, 3.0, 300))
    >>> under_contract = pd.DataFrame({"frequency": frequency, "recency": 0.0, "T": 52.0})
    >>> under_contract.loc[frequency > 0, "recency"] = 52.0
    >>> fit = NBD().fit(under_contract)
    >>> round(float(fit.expected_purchases(under_contract, 52).mean() / frequency.mean()), 3)
    1.0
    """

    name = "NBD"
    parameters = ("r", "alpha")
    reasons = {("r", "alpha"): "too few repeat buyers to tell how much purchase rates differ"}  # noqa: RUF012

    def starts(self, histories: Histories) -> list[Array]:
        """Return where to search from; rates in the table's unit."""
        rate = float(histories.count @ histories.frequency) / max(float(histories.count @ histories.age), 1e-300)
        return [np.array([r, r / rate]) for r in (0.5, 5.0)]

    def log_likelihood(self, histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
        """Return each history's log-likelihood with derivatives."""
        return never_dies(histories, parameters)

    def probability_alive(self, histories: Histories, parameters: tuple[Array, ...]) -> Array:
        """Return 1 for every history."""
        return np.ones(len(histories))

    def rate_if_alive(self, histories: Histories, parameters: tuple[Array, ...], time: float) -> Array:
        """Return expected purchases per period at a time ahead."""
        r, alpha = parameters
        return (r + histories.frequency) / (alpha + histories.age)

    def purchases_if_alive(self, histories: Histories, parameters: tuple[Array, ...], horizon: float | Array) -> Array:
        """Return expected purchases within the horizon."""
        return self.rate_if_alive(histories, parameters, 0.0) * horizon

    def draw_stays(self, histories: Histories, parameters: tuple[Array, ...], rng: np.random.Generator) -> Stays:
        """Return one draw of rates, of customers who stay for ever."""
        r, alpha = parameters
        rate = rng.gamma(r + histories.frequency) / (alpha + histories.age)
        return Stays(rate, np.zeros(len(rate)), np.full(len(rate), np.inf))

    def never_dies(self, histories: Histories, silent_left_out: bool = False) -> Optimum | None:
        """Return None: there is nothing to compare with itself."""
        return None
