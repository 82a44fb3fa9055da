"""What the purchase models share: a fit from distinct histories, and what it says of each customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.covariates import Logs, at_rows, moved_parameters, on_logs, search
from clvlab.clv.estimates import Estimate, Fit, Reasons, checked, starting_point, titled
from clvlab.clv.histories import Histories, read_histories, refuse_few_repeat_buyers
from clvlab.clv.never_dies import never_dies
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.derivatives import Derivatives
    from clvlab.clv.histories import Array
    from clvlab.clv.maximising import Optimum


class PurchaseModel:
    """A model of purchases with dropout; it holds no data and no estimates.

    A subclass names its ``parameters`` and gives the log-likelihood of a history, the probability of being
    alive at its end, and expected and random purchases from there on of a customer who is.
    """

    name: str
    parameters: tuple[str, ...]
    reasons: Reasons
    # How covariates enter; None where the model takes none.
    link: Logs | None = None
    opportunities: bool = False
    # Rows whose likelihood is evaluated at once, so that what is needed for them stays in the processor's cache.
    rows_at_once: int = 4_096

    def fit(
        self,
        table: pd.DataFrame,
        weights: str | None = None,
        covariates: Sequence[str] = (),
        start: Mapping[str, float] | None = None,
    ) -> PurchaseFit:
        """Return the maximum likelihood fit.

        Parameters
        ----------
        table
            One row per customer: ``frequency`` (repeat purchases), ``recency`` (time of the last one since the
            first purchase) and ``T`` (time since the first purchase), the times in one unit. The unit's name is
            read from ``table.attrs["period"]``, where :func:`~clvlab.features.transaction_summary` leaves it.
        weights
            A column that says how many customers a row stands for.
        covariates
            Numeric columns that do not change with time (0/1 for groups). Each gets two coefficients:
            ``purchase_...`` on the log of the mean purchase rate and ``dropout_...`` on dropout (Pareto/NBD: the
            log of the mean dropout rate; BG/NBD and MBG/NBD: the logit of the mean chance to leave). The other
            parameters are then those at covariates of 0.
        start
            Where to search from: every parameter by name, without coefficients. The model's own points when None.

        Returns
        -------
        PurchaseFit

        Raises
        ------
        Refused
            For rows that cannot be (negative, missing, recency above T, not numeric) and for fewer than 10
            repeat buyers.
        """
        if covariates and self.link is None:
            raise Refused(f"{self.name} takes no covariates; leave them out or choose Pareto/NBD, BG/NBD or MBG/NBD.")
        histories = read_histories(table, weights, covariates, self.opportunities)
        refuse_few_repeat_buyers(float(histories.count @ (histories.frequency > 0)))
        if not histories.age.any():
            raise Refused(
                "T is 0 in all rows, so nothing was observed after the first purchases; give a later as-of date."
            )
        _refuse_constant(histories, covariates)
        starts = self.starts(histories) if start is None else [starting_point(start, self.parameters)]
        link = self.link if covariates and self.link else Logs(())
        found = search(self.log_likelihood, link, histories, starts, self.rows_at_once)
        optimum = on_logs(link, found, len(self.parameters))
        effects = tuple(f"{part}_{name}" for part in ("purchase", "dropout") for name in covariates)
        flags = (True,) * len(self.parameters) + (False,) * len(effects)
        estimate = Estimate(self.parameters + effects, flags, optimum)
        customers = float(histories.count.sum())
        checks = checked(estimate, customers, self.reasons) | _dropout(estimate, self.never_dies(histories))
        title = titled(self.name, customers, checks)
        return PurchaseFit(title, estimate, customers, checks, self, tuple(covariates), histories.period)

    def starts(self, histories: Histories) -> list[Array]:
        """Return starting points, most likely first."""
        raise NotImplementedError

    def log_likelihood(self, histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
        """Return each history's log-likelihood with derivatives with respect to the parameters."""
        raise NotImplementedError

    def probability_alive(self, histories: Histories, parameters: tuple[Array, ...]) -> Array:
        """Return each history's probability of being alive at T."""
        raise NotImplementedError

    def purchases_if_alive(self, histories: Histories, parameters: tuple[Array, ...], horizon: float) -> Array:
        """Return expected purchases within the horizon of customers who are alive at T."""
        raise NotImplementedError

    def draw_purchases(
        self, histories: Histories, parameters: tuple[Array, ...], horizon: float, rng: np.random.Generator
    ) -> Array:
        """Return one draw of purchases within the horizon per row, of customers who are alive at T."""
        raise NotImplementedError

    def never_dies(self, histories: Histories) -> Optimum | None:
        """Return the fit of the same purchases without dropout; None where the comparison means nothing."""
        rate = float(histories.count @ histories.frequency) / max(float(histories.count @ histories.age), 1e-300)
        link = Logs(((1, -1.0),)) if histories.covariates.shape[1] else Logs(())
        starts = [np.array([r, r / rate]) for r in (0.5, 5.0)]
        return search(never_dies, link, histories, starts, self.rows_at_once)


@dataclass(frozen=True, repr=False, eq=False)
class PurchaseFit(Fit):
    """A fitted purchase model.

    Attributes
    ----------
    model
        The model that was fitted.
    covariates
        The columns that move its parameters.
    period
        The time unit of the table it was fitted to, where the table says it; a table in another unit is refused.
    diagnostics_
        As in every fit, and for the models in time: ``never_dies_log_likelihood``, ``never_dies_aic_gain`` (by
        how much dropout lowers Akaike's criterion) and ``dropout`` (the same in words).
    """

    model: PurchaseModel
    covariates: tuple[str, ...]
    period: str | None

    def probability_alive(self, table: pd.DataFrame) -> pd.Series:
        """Return each customer's probability of being alive at T.

        Parameters
        ----------
        table
            ``frequency``, ``recency``, ``T`` in the unit of the fit; any index.
        """
        histories = self._histories(table)
        alive = self.model.probability_alive(histories, self._parameters(histories))
        return _series(alive, histories, "probability_alive")

    def expected_purchases(self, table: pd.DataFrame, horizon: float) -> pd.Series:
        """Return each customer's expected purchases from T on, given the history.

        Parameters
        ----------
        table
            As in :meth:`probability_alive`. A new customer has frequency, recency and T of 0.
        horizon
            How far ahead, in the unit of the fit (BG/BB: opportunities).
        """
        histories = self._histories(table)
        parameters = self._parameters(histories)
        alive = self.model.probability_alive(histories, parameters)
        bought = self.model.purchases_if_alive(histories, parameters, self._checked(horizon))
        return _series(alive * bought, histories, "expected_purchases")

    def draws(self, table: pd.DataFrame, horizon: float, n: int = 1000, seed: int = 1) -> np.ndarray:
        """Return random purchases from T on, with the uncertainty of the parameters and of each customer.

        For every draw the parameters come from their sampling distribution; then, given the history, whether
        the customer is still alive, the customer's own rates, and what happens.

        Parameters
        ----------
        table, horizon
            As in :meth:`expected_purchases`.
        n
            How many draws.
        seed
            Of the random generator.

        Returns
        -------
        array of int32, (n, customers)
            In the table's order. All customers of one draw share its parameters, so that a row's sum is a draw
            of the total.
        """
        horizon = self._checked(horizon)
        histories = self._histories(table)
        rng = np.random.default_rng(seed)
        inverse = histories.inverse
        result = np.zeros((n, len(inverse)), dtype=np.int32)
        for row, values in zip(result, self.estimate.draws(n, rng), strict=True):
            parameters = self._parameters(histories, values)
            alive = self.model.probability_alive(histories, parameters)[inverse]
            living = np.flatnonzero(rng.random(len(inverse)) < alive)
            whose = inverse[living]
            row[living] = self.model.draw_purchases(histories.rows(whose), at_rows(parameters, whose), horizon, rng)
        return result

    def _parameters(self, histories: Histories, values: Array | None = None) -> tuple[Array, ...]:
        """Return parameters as the model takes them: the estimates, or ``values`` in their place."""
        link = self.model.link or Logs(())
        return moved_parameters(link, self.estimate.values() if values is None else values, histories.covariates)

    def _histories(self, table: pd.DataFrame) -> Histories:
        """Return the table's histories, in the unit of the fit."""
        histories = read_histories(table, covariates=self.covariates, opportunities=self.model.opportunities)
        if self.period and histories.period and histories.period != self.period:
            raise Refused(
                f"The table is in {histories.period}s and the fit in {self.period}s; summarise both by one period."
            )
        return histories

    def _checked(self, horizon: float) -> float:
        """Return the horizon, refusing one that is none."""
        if not (np.isfinite(horizon) and horizon >= 0):
            raise Refused(f"horizon={horizon} is no length of time; give a number of periods from 0 on.")
        if self.model.opportunities and horizon != int(horizon):
            raise Refused(f"horizon={horizon} is not whole; give a number of purchase opportunities.")
        return float(horizon)


def _series(values: Array, histories: Histories, name: str) -> pd.Series:
    """Return one figure per distinct history as a Series on the table's index."""
    import pandas as pd

    return pd.Series(values[histories.inverse], index=histories.index, name=name)


def _dropout(estimate: Estimate, steady: Optimum | None) -> dict[str, object]:
    """Return by how much leaving explains the purchases better than the NBD that never dies."""
    if steady is None:
        return {}
    gain = 2 * (len(steady.at) - len(estimate.names)) + 2 * (estimate.optimum.log_likelihood - steady.log_likelihood)
    verdict = f"improves on the NBD that never dies: AIC falls by {gain:,.1f}"
    if gain <= 0:
        verdict = f"explains nothing more than the NBD that never dies: AIC rises by {-gain:,.1f}"
    return {
        "never_dies_log_likelihood": steady.log_likelihood,
        "never_dies_aic_gain": gain,
        "dropout": f"letting customers leave {verdict}",
    }


def _refuse_constant(histories: Histories, covariates: Sequence[str]) -> None:
    """Refuse covariates that tell no customers apart, alone or together."""
    for name, column in zip(covariates, histories.covariates.T, strict=True):
        if np.all(column == column[0]):
            raise Refused(f"{name} is the same in all rows, so it explains nothing; leave it out.")
    whole = np.column_stack([np.ones(len(histories)), histories.covariates])
    if np.linalg.matrix_rank(whole / np.abs(whole).max(axis=0)) < whole.shape[1]:
        raise Refused(f"The columns {', '.join(covariates)} say the same thing together; leave one of them out.")
