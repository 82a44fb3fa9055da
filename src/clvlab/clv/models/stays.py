"""One draw of what customers will do: how fast each buys, from when to when, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.outlook import Outlook


@dataclass(frozen=True)
class Stays:
    """Customers' stays, one draw.

    Attributes
    ----------
    rate
        Purchases per period while there, as of today.
    begins, ends
        Periods from now.
    parting
        Which customers buy once more on leaving; None for nobody.
    """

    rate: Array
    begins: Array
    ends: Array
    parting: NDArray[np.bool_] | None = None

    def only(self, there: NDArray[np.bool_]) -> Stays:
        """Return the same with only some of the customers there."""
        parting = None if self.parting is None else self.parting & there
        return Stays(self.rate * there, self.begins, self.ends, parting)

    def purchases(self, horizon: float | Array, rng: np.random.Generator) -> Array:
        """Return one draw of the number of purchases within the horizon, at today's rates."""
        active = np.minimum(self.ends, horizon) - np.minimum(self.begins, horizon)
        bought = rng.poisson(self.rate * active).astype(float)
        return bought if self.parting is None else bought + (self.parting & (self.ends <= horizon))

    def worth(
        self, scale: Array, mean: Array, variance: Array, begin: float, outlook: Outlook, rng: np.random.Generator
    ) -> Array:
        """Return one draw of the discounted value of the purchases from ``begin`` to the horizon.

        Parameters
        ----------
        scale
            Factor on each customer's rate.
        mean, variance
            Of the value of one purchase, per customer.

        Notes
        -----
        Purchases come at random, so the sum of their discounted values is compound Poisson. In its stead stands a
        number of purchases that all count alike, so many and so much that mean and variance are exactly right.
        """
        begins, ends = np.maximum(self.begins, begin), np.maximum(self.ends, begin)
        once, twice = outlook.time(begins, ends, 1), outlook.time(begins, ends, 2)
        each = np.divide(twice, once, out=np.zeros_like(once), where=once > 0)
        number = np.divide(once, each, out=np.zeros_like(once), where=each > 0)
        count = rng.poisson(self.rate * scale * number).astype(float)
        if self.parting is None:
            squares, value = each**2 * count, each * count * mean
        else:
            last = self.parting & (self.ends > begin) & (self.ends <= outlook.end)
            ends = np.minimum(self.ends, outlook.end)
            final = np.where(last, scale * outlook.grown(ends) * outlook.factor(ends), 0.0)
            squares, value = each**2 * count + final**2, (each * count + final) * mean
        return value + np.sqrt(squares * variance) * rng.standard_normal(len(once))
