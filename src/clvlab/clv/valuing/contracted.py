"""What customers under contract will buy and be worth: renewal survival times margin."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from clvlab.clv.models.nbd import NBD
from clvlab.clv.models.renewals import BetaDiscreteWeibull, ShiftedBetaGeometric
from clvlab.clv.models.stays import Stays
from clvlab.periods import to_days, to_periods
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import ArrayLike

    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.outlook import Outlook
    from clvlab.clv.models.purchases import PurchaseFit
    from clvlab.clv.models.renewals import RenewalFit

# Within a period discount factor and growth hardly bend.
_NODES = 4


def contract_value(survival: ArrayLike, margin: ArrayLike, outlook: Outlook) -> np.ndarray:
    """Return what contracts are worth: the chance that each still runs, times its margin, discounted.

    Parameters
    ----------
    survival
        Chances that a contract still runs 0, 1, 2, ... periods from now, from any model: (periods,), one curve for
        all, or (contracts, periods). What lies beyond the curve or the horizon is not counted.
    margin
        Margin per period while it runs: one number, or one per contract. May be below 0.
    outlook
        Discount rate, time unit and horizon.

    Returns
    -------
    array (contracts,)

    Raises
    ------
    Refused
        For a curve that does not begin at 1, rises or leaves 0..1.

    Notes
    -----
    Between its points a curve is taken to fall in straight lines.

    Examples
    --------
    >>> from clvlab.clv.models.outlook import Outlook
    >>> contract_value([1.0, 0.8, 0.64], 100.0, Outlook(0.0, "month", horizon=2)).round(1)
    array([162.])
    """
    curves = np.atleast_2d(np.asarray(survival, dtype=float))
    if not (np.isfinite(curves).all() and np.allclose(curves[:, 0], 1.0) and (np.diff(curves, axis=1) <= 1e-12).all()):
        raise Refused(
            "survival must begin at 1 and never rise; give the chance to be there after 0, 1, 2, ... periods."
        )
    if (curves < -1e-12).any():
        raise Refused("survival is below 0; give chances between 0 and 1.")
    return np.asarray(margin, dtype=float) * (curves @ _weights(curves.shape[1], outlook))


def _weights(points: int, outlook: Outlook) -> Array:
    """Return weights for values 0, 1, 2, ... periods from now that add up to the discounted integral."""
    begins = np.arange(points - 1.0)
    length = np.clip(outlook.end - begins, 0.0, 1.0)  # of each period, cut at the horizon
    at, weight = np.polynomial.legendre.leggauss(_NODES)
    place = (at + 1) / 2 * length[:, None]
    times = begins[:, None] + place
    counted = weight / 2 * length[:, None] * outlook.factor(times) * outlook.grown(times)
    weights = np.zeros(points)
    weights[:-1] += (counted * (1 - place)).sum(axis=1)
    weights[1:] += (counted * place).sum(axis=1)
    return weights


@dataclass(frozen=True)
class Contracted:
    """Customers under contract as a stream of purchases: how often they buy, and how long they stay.

    Attributes
    ----------
    rates
        How often they buy while under contract (:class:`~clvlab.clv.models.nbd.NBD`).
    renewals
        How long they stay, in months of their contracts' age.
    table
        frequency, recency, T under contract (weeks) and ``age`` (months): one row per customer, its index.
    afterwards
        Purchases after a contract's end relative to the rate under it, as seen in contracts that ended. They are
        taken to go on until a contract begun today would have ended.
    """

    rates: PurchaseFit
    renewals: RenewalFit
    table: pd.DataFrame
    afterwards: float
    tie: ClassVar[str] = "contract"

    def probability_alive(self) -> pd.Series:
        """Return 1 for every customer: they are under contract."""
        return self.rates.probability_alive(self.table)

    def next_purchase(self, chance: float) -> pd.Series:
        """Return the weeks until the next purchase has come with some chance."""
        return self.rates.next_purchase(self.table, chance)

    def parameter_draws(self, n: int, rng: np.random.Generator) -> list[tuple[Array, Array]]:
        """Return n draws of the parameters of rates and of renewals."""
        return list(zip(self.rates.estimate.draws(n, rng), self.renewals.estimate.draws(n, rng), strict=True))

    def discounted_purchases(self, outlook: Outlook) -> tuple[pd.Series, float]:
        """Return discounted expected purchases per customer, and the relative error of the quadrature."""
        rate = self.rates.expected_purchases(self.table, 1)
        ages, inverse = np.unique(self.table["age"].to_numpy(dtype=float), return_inverse=True)

        def present(time: float) -> Array:
            months = [to_periods(to_days(time, outlook.period), "month")]
            still = self.renewals.survival_from(ages, months)[:, 0]
            return still + self.afterwards * (1 - still) * self.renewals.survival_from([0.0], months)[:, 0]

        stay, error = outlook.purchases(present)
        return rate * stay[inverse], error

    def prepared(self, rows: slice) -> Callable[[tuple[Array, Array], np.random.Generator], list[Stays]]:
        """Return what draws the stays of some customers, under contract and after it."""
        some = self.table.iloc[rows]
        rates, age = self.rates.prepared_stays(some), some["age"].to_numpy(dtype=float)

        def draw(values: tuple[Array, Array], rng: np.random.Generator) -> list[Stays]:
            under = rates(values[0], rng)
            ends = self._drawn(age, values[1], rng)
            stays = [Stays(under.rate, under.begins, ends)]
            if self.afterwards > 0:
                more = self._drawn(np.zeros_like(age), values[1], rng)
                stays.append(Stays(self.afterwards * under.rate, ends, np.maximum(ends, more)))
            return stays

        return draw

    def _drawn(self, age: Array, values: Array, rng: np.random.Generator) -> Array:
        """Return weeks until the ends of contracts of these ages in months."""
        return to_periods(to_days(self.renewals.draw_ends(age, values, rng), "month"), "week")


def fit_contracted(under: pd.DataFrame, at_risk: pd.DataFrame) -> Contracted:
    """Return customers under contract, with rates and renewals fitted to all contracts that were seen.

    Parameters
    ----------
    under
        From :func:`clvlab.features.contract_spells.under_contract`: one row per spell.
    at_risk
        From :func:`clvlab.features.contract_spells.months_at_risk`.

    Raises
    ------
    Refused
        Where no contract runs, or contracts say too little of how long customers stay.
    """
    running = under["event"] == 0
    if not running.any():
        raise Refused("No contract is running, so there is nobody to value by renewals.")
    table = under.rename(columns={"purchases": "frequency", "weeks": "T"})[["customer_id", "frequency", "T", "age"]]
    table = table.assign(recency=table["T"].where(table["frequency"] > 0, 0.0)).set_index("customer_id")
    table.attrs["period"] = "week"
    rates = NBD().fit(table[table["T"] > 0])
    fits = [ShiftedBetaGeometric().fit_at_risk(at_risk["at_risk"], at_risk["ended"])]
    with suppress(Refused):  # it needs more than the other
        fits.append(BetaDiscreteWeibull().fit_at_risk(at_risk["at_risk"], at_risk["ended"]))
    sound = [fit for fit in fits if fit.diagnostics_["converged"]] or fits[:1]
    ended = under[~running]
    expected = float((ended["purchases"] / ended["weeks"].where(ended["weeks"] > 0) * ended["weeks_after"]).sum())
    afterwards = float(ended["purchases_after"].sum()) / expected if expected > 0 else 0.0
    return Contracted(rates, min(sound, key=lambda fit: fit.aic_), table[running.to_numpy()], afterwards)
