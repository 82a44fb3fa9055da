"""What customers have been and will be worth: one row each, and the whole base with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.values import draw_equity, draw_holders
from clvlab.clv.valuing.doubts import doubts, not_foretold
from clvlab.clv.valuing.equity import Segments
from clvlab.clv.valuing.followed import Followed
from clvlab.clv.valuing.valuation import draw_values
from clvlab.refusal import Refused, nearest
from clvlab.results import Headline, Headlines, Note, Result, Table

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.clv.checking.backtest_result import Backtest
    from clvlab.clv.models.outlook import Outlook
    from clvlab.clv.valuing.equity import Sensitivity
    from clvlab.clv.valuing.growth import Growth
    from clvlab.clv.valuing.valuation import Money, Stream

EVERYONE = "all customers"
_FIVE, _NINETY_FIVE = 0.05, 0.95


@dataclass(frozen=True, repr=False, eq=False)
class CustomerValues(Followed, Result):
    """What each customer has been worth and will be, and what the base is worth.

    Attributes
    ----------
    frame
        One row per customer, see :meth:`to_frame`.
    totals
        Draws of what groups of customers are worth together: columns (segmentation, segment, horizon), horizon
        ``"value"`` or ``"life_value"``.
    sensitivity
        From :func:`clvlab.clv.valuing.equity.sensitivity`.
    as_of, currency, meaning
        The day, the money, and what value means: contribution margin, revenue or amount invoiced.
    horizon_months, annual_rate
        How far ahead ``value`` counts, and the discount rate.
    outlook
        The same as the models take it, with the growth.
    streams
        The models by which customers are valued, with their customers.
    money, growth
        What a purchase is worth, and how what stayers buy grows.
    backtest
        By which the purchase model was chosen.
    remarks
        What was decided or left out on the way, in sentences.
    error
        Largest relative error of the quadrature behind expected values.
    """

    title: str = field()  # no default, unlike the base class
    frame: pd.DataFrame
    totals: pd.DataFrame
    sensitivity: Sensitivity
    as_of: dt.date
    currency: str
    meaning: str
    horizon_months: int
    annual_rate: float
    outlook: Outlook
    streams: Sequence[Stream]
    money: Money
    growth: Growth
    backtest: Backtest
    remarks: tuple[str, ...]
    error: float
    decimals: int = 0
    percent: tuple[str, ...] = ("probability_alive",)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer, the most valuable first.

        Returns
        -------
        DataFrame
            customer_id, ``tie`` (contract or spot), ``probability_alive``, ``purchases`` (expected within the
            horizon), ``next_purchase`` and ``next_purchase_by`` (days on which the next one is as likely as not, and
            to 95%, to have come, if the customer is still there; missing where that is less likely than not),
            ``purchase_value`` (expected, of one purchase), ``historical_value`` (so far, less recorded costs and the
            cost of winning the customer), ``value`` (discounted, within the horizon) and ``life_value`` (for life),
            ``total_value`` (historical plus for life); each of the last three with ``_lower`` and ``_upper``, its 90%
            interval.
        """
        return self.frame

    def __repr__(self) -> str:
        """Return the base's worth and the largest customers as text."""
        return "\n".join([repr(self.headlines()), repr(self.largest()), *self.doubts, *self.remarks])

    def _repr_html_(self) -> str:
        said = Note(*self.doubts, *self.remarks)
        return self.headlines()._repr_html_() + self.largest()._repr_html_() + said._repr_html_()

    @property
    def doubts(self) -> list[str]:
        """What speaks against these values, in sentences; every result that rests on them says so."""
        return [*not_foretold(self.backtest), *doubts(self.streams, self.money, self.frame)]

    def interval(
        self, horizon: str = "value", segmentation: str = EVERYONE, segment: str = EVERYONE
    ) -> tuple[float, float]:
        """Return the 90% interval of what a group of customers is worth together."""
        drawn = self.totals[segmentation, segment, horizon].to_numpy()
        low, high = np.quantile(drawn, [_FIVE, _NINETY_FIVE])
        return float(low), float(high)

    def together(self, customers: pd.Index, seed: int) -> tuple[float, float]:
        """Return the 90% interval of what some customers are worth together within the horizon.

        Parameters
        ----------
        customers
            Of any number; those who are not valued count for nothing.
        seed
            With which all were valued: the customers of a segment then have the interval of the segment.
        """
        import pandas as pd

        everyone = pd.Index([customer for stream in self.streams for customer in stream.table.index])
        member = pd.DataFrame({"member": everyone.isin(customers).astype(float)}, everyone)
        outlooks = self.outlook, self.outlook.over(horizon=float("inf"))
        missed = self.backtest.missed(str(self.backtest.winner))
        drawn = draw_values(self.streams, self.money, outlooks, self.growth, member, seed, missed)
        low, high = np.quantile(np.sum([part.totals for part in drawn], axis=0)[:, 0, 0], [_FIVE, _NINETY_FIVE])
        return float(low), float(high)

    def headlines(self) -> Headlines:
        """Return the worth of the base within the horizon and for life, and what it rests on."""
        largest = self.frame["value"].clip(lower=0).nlargest(max(1, round(len(self.frame) / 5))).sum()
        above = float(self.frame["value"].clip(lower=0).sum())
        share = 100 * float(largest) / above if above > 0 else None
        how = f"{self.meaning}, discounted at {self.annual_rate:.0%} a year"
        how = f"{how}; doubtful, see below" if self.doubts else how
        return Headlines(
            Headline(f"customer equity, next {self.horizon_months} months", float(self.frame["value"].sum()),
                     self.currency, *self.interval(), note=how),
            Headline("customer equity, for life", float(self.frame["life_value"].sum()), self.currency,
                     *self.interval("life_value"), note="extrapolates far beyond the records"),
            Headline("brought so far", float(self.frame["historical_value"].sum()), self.currency,
                     note="within the records"),
            Headline("customers expected to be there", float(self.frame["probability_alive"].sum()), "customers",
                     note=f"of {len(self.frame):,}"),
            Headline("held by the most valuable fifth", share, "%", decimals=1,
                     note="of all value above 0, within the horizon"),
        )  # fmt: skip

    def largest(self, most: int = 12) -> Table:
        """Return the customers with the highest value, with their intervals."""
        shown = self.frame.head(most)
        return self._listed(shown, f"The {len(shown)} most valuable customers")

    def listed(self, customers: Sequence[object]) -> Table:
        """Return some customers as a table.

        Raises
        ------
        Refused
            For a customer who is not there; the nearest code is named.
        """
        for customer in customers:
            self.customer(customer)
        return self._listed(self.frame.loc[list(customers)], "These customers")

    def _listed(self, shown: pd.DataFrame, which: str) -> Table:
        """Return rows of the frame as a table."""
        columns = ["tie", "probability_alive", "value", "value_lower", "value_upper", "historical_value"]
        title = f"{which}: {self.meaning}, {self.currency}, next {self.horizon_months} months"
        return Table(shown[[*columns, "next_purchase"]].reset_index(), title, 0, self.percent, fold=False)

    def customer(self, customer: object) -> pd.Series:
        """Return one customer's row.

        Raises
        ------
        Refused
            For a customer who is not there; the nearest code is named.
        """
        if customer not in self.frame.index:
            near = nearest(str(customer), [str(code) for code in self.frame.index])
            raise Refused(f"There is no customer {customer!r}{near}.")
        return self.frame.loc[customer]

    def segmentations(self) -> list[str]:
        """Return the names under which customers are grouped, such as industry."""
        return [name for name in self.totals.columns.unique(0) if name != EVERYONE]

    def by_segment(self, segmentation: str) -> Segments:
        """Return what each segment is worth.

        Raises
        ------
        Refused
            For a segmentation that the records do not have.
        """
        if segmentation not in self.segmentations():
            near = nearest(segmentation, self.segmentations())
            raise Refused(
                f"Customers are not grouped by {segmentation!r}{near}; there is {', '.join(self.segmentations())}."
            )
        return Segments(self, segmentation)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the equity within the horizon, by tie, and for life, each with its interval."""
        return draw_equity(self, ax)

    def plot_holders(self, ax: Axes | None = None) -> Axes:
        """Draw how value is spread over customers."""
        return draw_holders(self, ax)
