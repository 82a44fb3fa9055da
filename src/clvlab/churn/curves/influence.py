"""How far each customer moves a curve: variances that hold with late entry, ties and several spells per customer.

The infinitesimal jackknife. What a spell contributes to an estimate is an integral over its time at risk of a weight
against dM = dN - Y dH: what it did, less what all at risk did on average. Contributions of one customer are added up
before they are squared, so that several spells of one customer count as one observation.

References
----------
Therneau, T. M. and Grambsch, P. M. (2000), "Modeling Survival Data: Extending the Cox Model", section 2.3; Efron, B.
(1982), "The Jackknife, the Bootstrap and Other Resampling Plans", section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clvlab.churn.curves.samples import Sample
from clvlab.churn.spells import Floats


@dataclass(frozen=True)
class Contribution:
    """What each row adds to an estimate: at its end, and for each age that it was at risk.

    Attributes
    ----------
    jump
        One value per row, added at its end (0 where it ended without the event).
    drift
        What being at risk up to the first age, the second, ... takes away, cumulated, beginning with 0.
    """

    jump: Floats
    drift: Floats

    def __add__(self, other: Contribution) -> Contribution:
        """Return what rows add to the sum of two estimates."""
        return Contribution(self.jump + other.jump, self.drift + other.drift)


class Influence:
    """Rows of a sample on a grid of ages, by customer.

    Parameters
    ----------
    sample
        The spells.
    time
        Rising ages, among them all at which spells end (but pieces of a spell).
    """

    def __init__(self, sample: Sample, time: Floats) -> None:
        self._event, self._ages = sample.spells.event, len(time)
        # Positions in the grid: a row is at risk at ages begin, begin + 1, ... end - 1.
        self._begin = np.searchsorted(time, sample.spells.entry, side="right")
        self._end = np.searchsorted(time, sample.spells.exit, side="right")
        last = np.maximum(self._end - 1, 0)
        self._last = last
        # What changes, by customer and then by age: beginnings and ends, two entries per row.
        at, owner = np.stack([self._begin, last], axis=1).ravel(), np.repeat(sample.customer, 2)
        self._order = np.argsort(owner * self._ages + at, kind="stable")
        self._at, owner = at[self._order], owner[self._order]
        self._first = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
        one = np.ones(len(last))
        self._open = self._running(one, -one)

    def contribution(self, weight: Floats, hazard: Floats, chosen: NDArray[np.bool_] | None = None) -> Contribution:
        """Return the integral of a weight against dM.

        Parameters
        ----------
        weight, hazard
            One value per age.
        chosen
            Rows whose events count, such as those of one cause, whose hazard it then is; all when None.
        """
        event = self._event if chosen is None else self._event & chosen
        return Contribution(np.where(event, weight[self._last], 0.0), np.append(0.0, np.cumsum(weight * hazard)))

    def totals(self, part: Contribution) -> Floats:
        """Return one sum per row, over its whole time at risk."""
        return part.jump - (part.drift[self._end] - part.drift[self._begin])

    def variance(self, part: Contribution) -> Floats:
        """Return the variance of an estimate at each age."""
        return np.maximum(self.squares(part, part), 0.0)  # rounding can leave a sum of squares just below 0

    def squares(self, one: Contribution, other: Contribution) -> Floats:
        """Return, at each age, the sum over customers of the product of their two contributions so far.

        Notes
        -----
        At an age where a customer has m rows at risk, the contribution is Q - m D: D the drift there, Q what changes
        only where one of the customer's rows begins or ends. So the sums of Q Q', m Q and m m over customers change
        only there too, and one pass over beginnings and ends gives them for all ages.
        """
        q, r = (self._running(part.drift[self._begin], part.jump - part.drift[self._end]) for part in (one, other))
        d, e = one.drift[1:], other.drift[1:]
        m = self._open
        return self._summed(q, r) - d * self._summed(m, r) - e * self._summed(m, q) + d * e * self._summed(m, m)

    def _running(self, at_begin: Floats, at_end: Floats) -> Floats:
        """Return each customer's running sum of what its rows add where they begin and end."""
        sums = np.cumsum(np.stack([at_begin, at_end], axis=1).ravel()[self._order])
        earlier = np.concatenate([[0.0], sums])[self._first]
        return sums - np.repeat(earlier, np.diff(np.append(self._first, len(sums))))

    def _summed(self, one: Floats, other: Floats) -> Floats:
        """Return the sum over customers of the product of two running sums, at each age."""
        product = one * other
        previous = np.concatenate([[0.0], product[:-1]])
        previous[self._first] = 0.0
        return np.cumsum(np.bincount(self._at, product - previous, minlength=self._ages))
