"""What the purchase models share: a fit from distinct histories, and what it says of each customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.covariates import Logs, at_rows, moved_parameters, on_logs, search
from clvlab.clv.models.estimates import Estimate, Fit, Reasons, checked, starting_point, titled
from clvlab.clv.models.histories import Histories, distinct, read_histories, refuse_few_repeat_buyers, refuse_rows
from clvlab.clv.models.late_entry import given_a_purchase
from clvlab.clv.models.never_dies import never_dies
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.models.derivatives import Derivatives
    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.maximising import Optimum
    from clvlab.clv.models.outlook import Outlook
    from clvlab.clv.models.stays import Stays


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
    # Whether there is a form for customers who were there before the records begin.
    late_entry: bool = False
    # Rows whose likelihood is evaluated at once, so that what is needed for them stays in the processor's cache.
    rows_at_once: int = 4_096

    def fit(
        self,
        table: pd.DataFrame,
        weights: str | None = None,
        covariates: Sequence[str] = (),
        start: Mapping[str, float] | None = None,
        entry: str | None = None,
        silent_left_out: bool = False,
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
        entry
            Pareto/NBD only: a column with how long each had been a customer when the window of the records began, in
            the unit of T. 0 for a customer whose first purchase is in the window. For any other ``frequency`` is all
            purchases in the window, ``recency`` the time from its start to the last of them (0 without any), and
            ``T`` the time from its start on, as :func:`~clvlab.features.purchase_histories` gives them.
        silent_left_out
            Whether the table holds customers with ``entry`` above 0 only where they bought in the window, as
            purchase_histories leaves them. The likelihood is then that of their histories given a purchase.

        Returns
        -------
        PurchaseFit

        Raises
        ------
        Refused
            For rows that cannot be (negative, missing, recency above T, not numeric), for fewer than 10 repeat
            buyers, and for ``entry`` or covariates where the model has no form for them.
        """
        if entry and not self.late_entry:
            raise Refused(
                f"{self.name} has no form for customers who were there before the records begin; use ParetoNBD or "
                "leave those customers out."
            )
        if covariates and self.link is None:
            raise Refused(f"{self.name} takes no covariates; leave them out or choose Pareto/NBD, BG/NBD or MBG/NBD.")
        histories = read_histories(table, weights, covariates, self.opportunities, entry)
        refuse_few_repeat_buyers(float(histories.count @ (histories.frequency > 0)))
        if not histories.age.any():
            raise Refused(
                "T is 0 in all rows, so nothing was observed after the first purchases; give a later as-of date."
            )
        _refuse_constant(histories, covariates)
        if silent_left_out:
            silent = ((histories.entry > 0) & (histories.frequency == 0))[histories.inverse]
            remedy = "leave these customers out, or fit without silent_left_out"
            refuse_rows(silent, histories.index, "frequency", "is 0 where entry is above 0", remedy)
        starts = self.starts(histories) if start is None else [starting_point(start, self.parameters)]
        link = self.link if covariates and self.link else Logs(())
        likelihood = given_a_purchase(self.log_likelihood) if silent_left_out else self.log_likelihood
        found = search(likelihood, link, histories, starts, self.rows_at_once)
        optimum = on_logs(link, found, len(self.parameters))
        effects = tuple(f"{part}_{name}" for part in ("purchase", "dropout") for name in covariates)
        flags = (True,) * len(self.parameters) + (False,) * len(effects)
        estimate = Estimate(self.parameters + effects, flags, optimum)
        customers = float(histories.count.sum())
        checks = checked(estimate, customers, self.reasons) | _dropout(
            estimate, self.never_dies(histories, silent_left_out)
        )
        title = titled(self.name, customers, checks)
        return PurchaseFit(title, estimate, customers, checks, self, tuple(covariates), histories.period, entry)

    def starts(self, histories: Histories) -> list[Array]:
        """Return starting points, most likely first."""
        raise NotImplementedError

    def log_likelihood(self, histories: Histories, parameters: tuple[Array, ...]) -> Derivatives:
        """Return each history's log-likelihood with derivatives with respect to the parameters."""
        raise NotImplementedError

    def probability_alive(self, histories: Histories, parameters: tuple[Array, ...]) -> Array:
        """Return each history's probability of being alive at T."""
        raise NotImplementedError

    def purchases_if_alive(self, histories: Histories, parameters: tuple[Array, ...], horizon: float | Array) -> Array:
        """Return expected purchases within the horizon (one, or one per row) of customers who are alive at T."""
        raise NotImplementedError

    def rate_if_alive(self, histories: Histories, parameters: tuple[Array, ...], time: float) -> Array:
        """Return expected purchases per period at a time ahead of customers who are alive at T."""
        raise NotImplementedError

    def draw_stays(self, histories: Histories, parameters: tuple[Array, ...], rng: np.random.Generator) -> Stays:
        """Return one draw per row of how fast a customer who is alive at T will buy, and until when."""
        raise NotImplementedError

    def draw_purchases(
        self, histories: Histories, parameters: tuple[Array, ...], horizon: float | Array, rng: np.random.Generator
    ) -> Array:
        """Return one draw of purchases within the horizon (one, or one per row), of customers who are alive at T."""
        return self.draw_stays(histories, parameters, rng).purchases(horizon, rng)

    def never_dies(self, histories: Histories, silent_left_out: bool = False) -> Optimum | None:
        """Return the fit of the same purchases without dropout; None where the comparison means nothing."""
        # When the last purchase was does not matter here: fewer histories are distinct.
        first, inverse = distinct([histories.frequency, histories.age, histories.entry, *histories.covariates.T])
        histories = replace(histories.rows(first), count=np.bincount(inverse, histories.count).astype(float))
        rate = float(histories.count @ histories.frequency) / max(float(histories.count @ histories.age), 1e-300)
        link = Logs(((1, -1.0),)) if histories.covariates.shape[1] else Logs(())
        starts = [np.array([r, r / rate]) for r in (0.5, 5.0)]
        likelihood = given_a_purchase(never_dies) if silent_left_out else never_dies
        return search(likelihood, link, histories, starts, self.rows_at_once)


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
    entry
        The column that says how long each had been a customer when the records began; None when none was given.
    diagnostics_
        As in every fit, and for the models in time: ``never_dies_log_likelihood``, ``never_dies_aic_gain`` (by
        how much dropout lowers Akaike's criterion) and ``dropout`` (the same in words).
    """

    model: PurchaseModel
    covariates: tuple[str, ...]
    period: str | None
    entry: str | None = None

    def probability_alive(self, table: pd.DataFrame) -> pd.Series:
        """Return each customer's probability of being alive at T.

        Parameters
        ----------
        table
            ``frequency``, ``recency``, ``T`` in the unit of the fit, and the columns it was given as ``covariates``
            and ``entry``; any index.
        """
        histories = self._histories(table)
        alive = self.model.probability_alive(histories, self._parameters(histories))
        return _series(alive, histories, "probability_alive")

    def expected_purchases(self, table: pd.DataFrame, horizon: float) -> pd.Series:
        """Return each customer's expected purchases from T on, given the history.

        Parameters
        ----------
        table
            As in :meth:`probability_alive`. A new customer has frequency, recency and T (and entry) of 0.
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

    def expected_from_beginning(self, table: pd.DataFrame, ahead: np.ndarray) -> pd.Series:
        """Return expected purchases of customers of whom nothing is known but that they are there.

        Parameters
        ----------
        table
            As in :meth:`probability_alive`; of it only ``entry`` and covariates are used.
        ahead
            How far from the beginning of each customer's clock, one length per row, in the unit of the fit.
        """
        beginnings = self._beginnings(table)
        parameters = self._parameters(beginnings)
        stayed = self.model.probability_alive(beginnings, parameters)  # not all may outlive their first purchase
        bought = self.model.purchases_if_alive(beginnings, parameters, ahead)
        return _series(stayed * bought, beginnings, "expected_purchases")

    def draws_from_beginning(self, table: pd.DataFrame, ahead: np.ndarray, n: int, seed: int = 1) -> np.ndarray:
        """Return (n, customers) random purchases of such customers, from the estimates."""
        beginnings, rng = self._beginnings(table), np.random.default_rng(seed)
        parameters = self._parameters(beginnings)
        stayed = self.model.probability_alive(beginnings, parameters)
        draws = [self.model.draw_purchases(beginnings, parameters, ahead, rng) for _ in range(n)]
        return np.stack(draws) * (rng.random((n, len(stayed))) < stayed)

    def _beginnings(self, table: pd.DataFrame) -> Histories:
        """Return one history per row in which nothing has happened yet."""
        self._refuse_opportunities()
        everyone = self._histories(table)
        everyone = everyone.rows(everyone.inverse)
        nothing = np.zeros(len(everyone))
        return replace(
            everyone, frequency=nothing, recency=nothing, age=nothing, inverse=np.arange(len(everyone), dtype=np.intp)
        )

    def _refuse_opportunities(self) -> None:
        """Refuse what needs time, of a model that counts opportunities."""
        if self.model.opportunities:
            raise Refused(f"{self.model.name} counts opportunities, which have no length; choose a model in time.")

    def discounted_purchases(self, table: pd.DataFrame, outlook: Outlook) -> tuple[pd.Series, float]:
        """Return each customer's expected purchases from T on, discounted, and the quadrature's relative error.

        Parameters
        ----------
        table
            As in :meth:`probability_alive`.
        outlook
            Discount rate and horizon, in the unit of the fit.
        """
        self._refuse_opportunities()
        histories = self._histories(table)
        if histories.period and outlook.period != histories.period:
            raise Refused(f"The table is in {histories.period}s; discount in {histories.period}s too.")
        alive = self.model.probability_alive(histories, self._parameters(histories))
        # When the last purchase was does not matter to a customer who is alive: fewer histories are distinct then.
        first, inverse = distinct([histories.frequency, histories.age, histories.entry, *histories.covariates.T])
        present = histories.rows(first)
        parameters = self._parameters(present)
        found, error = outlook.purchases(lambda time: self.model.rate_if_alive(present, parameters, time))
        return _series(alive * found[inverse], histories, "discounted_purchases"), error

    def prepared_stays(self, table: pd.DataFrame) -> Callable[[Array, np.random.Generator], Stays]:
        """Return what draws the stays of the table's customers, from parameters and a generator.

        Whoever is drawn as gone by T buys at a rate of 0.
        """
        histories = self._histories(table)
        everyone = histories.rows(histories.inverse)

        def draw(values: Array, rng: np.random.Generator) -> Stays:
            alive = self.model.probability_alive(histories, self._parameters(histories, values))[histories.inverse]
            stays = self.model.draw_stays(everyone, self._parameters(everyone, values), rng)
            return stays.only(rng.random(len(alive)) < alive)

        return draw

    def next_purchase(self, table: pd.DataFrame, chance: float) -> pd.Series:
        """Return the time from T until the next purchase has come with some chance, if the customer is still there.

        Notes
        -----
        Rates given the history are Gamma(r + frequency, alpha + T), whatever the model of leaving; that a customer
        leaves before is not taken into account.
        """
        self._refuse_opportunities()
        histories = self._histories(table)
        r, alpha = self._parameters(histories)[:2]
        waits = (alpha + histories.age) * np.expm1(-np.log1p(-chance) / (r + histories.frequency))
        return _series(waits, histories, "next_purchase")

    def _parameters(self, histories: Histories, values: Array | None = None) -> tuple[Array, ...]:
        """Return parameters as the model takes them: the estimates, or ``values`` in their place."""
        link = self.model.link or Logs(())
        return moved_parameters(link, self.estimate.values() if values is None else values, histories.covariates)

    def _histories(self, table: pd.DataFrame) -> Histories:
        """Return the table's histories, in the unit of the fit."""
        histories = read_histories(
            table, covariates=self.covariates, opportunities=self.model.opportunities, entry=self.entry
        )
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
