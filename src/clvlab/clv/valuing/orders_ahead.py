"""What customers will order, where the records hold no money to value them by: counted in orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clvlab.clv.valuing.doubts import not_foretold
from clvlab.clv.valuing.fitted import looked_ahead
from clvlab.clv.valuing.fitted_purchases import fit_purchases
from clvlab.clv.valuing.followed import Followed
from clvlab.clv.valuing.growth import USUAL, Growth, estimate_growth
from clvlab.clv.valuing.valuation import Money, draw_values, what_comes
from clvlab.features.growth import stayers
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, Remarked, Table

if TYPE_CHECKING:
    from clvlab.assumptions import Assumptions
    from clvlab.clv.checking.backtest_result import Backtest
    from clvlab.clv.models.histories import Array
    from clvlab.clv.valuing.valuation import Stream
    from clvlab.features.events import Purchases
    from clvlab.records.records import Records

_EVERYONE = "all customers"
_NINETY = (0.05, 0.95)


@dataclass(frozen=True, repr=False, eq=False)
class OrdersAhead(Followed, Remarked):
    """What customers are expected to order, and who is still there: what can be said of them without money.

    Attributes
    ----------
    frame
        One row per customer, see :meth:`to_frame`.
    lower, upper
        90% interval of the orders of all customers together.
    as_of, horizon_months
        The day, and how far ahead orders count.
    streams
        The models of what is bought, with their customers.
    backtest
        By which the purchase model was chosen.
    remarks
        What was decided or left out on the way, in sentences.
    """

    title: str = field()  # no default, unlike the base class
    frame: pd.DataFrame
    lower: float
    upper: float
    as_of: dt.date
    horizon_months: int
    streams: Sequence[Stream]
    backtest: Backtest
    remarks: Sequence[str]
    decimals: int = 0
    percent: tuple[str, ...] = ("probability_alive",)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer, the one with most orders to come first.

        Returns
        -------
        DataFrame
            customer_id, ``tie`` (contract or spot), ``probability_alive``, ``orders`` (days with an order, expected
            within the horizon) with ``orders_lower`` and ``orders_upper``, its 90% interval, and ``next_purchase`` and
            ``next_purchase_by`` (as of :meth:`clvlab.clv.valuing.customer_values.CustomerValues.to_frame`).
        """
        return self.frame

    def headlines(self) -> Headlines:
        """Return how many orders are to come, and how many customers are still there."""
        name = f"orders to come, next {self.horizon_months} months"
        there = float(self.frame["probability_alive"].sum())
        return Headlines(
            Headline(name, float(self.frame["orders"].sum()), "orders", self.lower, self.upper,
                     note="days with an order"),
            Headline("customers expected to be there", there, "customers", note=f"of {len(self.frame):,}"),
        )  # fmt: skip

    def largest(self, most: int = 12) -> Table:
        """Return the customers with most orders to come."""
        shown = self.frame.head(most)
        title = f"Most orders to come within {self.horizon_months} months: the first {len(shown)} customers"
        return Table(shown.reset_index(), title, self.decimals, self.percent, fold=False)

    def _in_short(self) -> Table:
        return self.largest()


class Counted:
    """Takes every purchase for one, where nothing is known of its worth."""

    def expected_value(self, table: pd.DataFrame) -> pd.Series:
        """Return 1 for every customer."""
        return pd.Series(1.0, index=table.index)

    def parameter_draws(self, n: int, rng: np.random.Generator) -> list[Any]:
        """Return n times nothing: there are no parameters."""
        return [None] * n

    def arrays(self, table: pd.DataFrame) -> tuple[Array, ...]:
        """Return ones, one per customer."""
        return (np.ones(len(table)),)

    def draw_means(self, parameters: Any, arrays: tuple[Array, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Return a mean of 1 without variance for every customer."""
        return arrays[0], np.zeros_like(arrays[0])


def orders_ahead(
    records: Records, purchases: Purchases, as_of: dt.date, assumptions: Assumptions, seed: int = 1
) -> OrdersAhead:
    """Return what customers will order within the horizon of customer value, whether or not the records hold money.

    Parameters
    ----------
    records, purchases, as_of, assumptions, seed
        As :func:`~clvlab.clv.valuing.customer_base.value_base` takes them.

    Raises
    ------
    Refused
        With too few repeat buyers or too short a window for any model.
    """
    purchases = replace(purchases, table=purchases.table.cache())
    models = fit_purchases(records, purchases, as_of, seed)
    growth = _growth(purchases, as_of) if assumptions.growth_lasts_months else Growth()
    outlook = looked_ahead(assumptions, 0.0, growth.value)
    counted = Money(Counted(), pd.DataFrame(index=models.customers))
    everyone = pd.DataFrame({_EVERYONE: 1.0}, models.customers)
    missed = models.tested.missed(str(models.tested.winner))
    drawn = draw_values(models.streams, counted, (outlook,), growth, everyone, seed, missed)
    frame = pd.concat([what_comes(stream, outlook, as_of) for stream in models.streams])
    frame = frame.rename(columns={"purchases": "orders"})
    for end in ("lower", "upper"):
        frame[f"orders_{end}"] = np.concatenate([getattr(part, end)[:, 0] for part in drawn])
    lower, upper = np.quantile(np.sum([part.totals for part in drawn], axis=0)[:, 0, 0], _NINETY)
    columns = ["tie", "probability_alive", "orders", "orders_lower", "orders_upper"]
    columns += ["next_purchase", "next_purchase_by"]
    return OrdersAhead(
        f"Orders to come as of {as_of}",
        frame[columns].sort_values("orders", ascending=False, kind="stable"),
        float(lower),
        float(upper),
        as_of,
        assumptions.horizon_months,
        models.streams,
        models.tested,
        [*not_foretold(models.tested), *models.remarks],
    )


def _growth(purchases: Purchases, as_of: dt.date) -> Growth:
    """Return how the number of stayers' orders grows; none, give or take what is usual, where the records are short."""
    with suppress(Refused):
        return estimate_growth(stayers(replace(purchases, meaning=""), as_of))
    return Growth(error=USUAL)
