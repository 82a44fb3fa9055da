"""What each customer will be worth: expected, and with an interval from draws of parameters and of the customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from clvlab.cores import on_all_cores
from clvlab.periods import to_days
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.outlook import Outlook
    from clvlab.clv.models.stays import Stays
    from clvlab.clv.valuing.growth import Growth

# The ends of a 90% interval are these draws, counted from below, of 499 or 199: an outcome from the same
# distribution as the draws lies between them with a chance of exactly 90%.
_FEW, _MANY = (499, 25, 475), (199, 10, 190)
_MANY_CUSTOMERS = 20_000
_CUSTOMERS_AT_ONCE = 8_192
_NEVER_DAYS = 36_525.0  # a date a century ahead stands for all later ones
_LIKELY, _LATE = 0.5, 0.95


class Stream(Protocol):
    """Customers with one kind of tie, and what they will buy: ``Spot`` or ``Contracted``."""

    tie: ClassVar[str]

    @property
    def table(self) -> pd.DataFrame:
        """One row per customer, with ``T``: the periods over which its purchases were counted."""

    def probability_alive(self) -> pd.Series:
        """Return each customer's probability of still being one."""

    def discounted_purchases(self, outlook: Outlook) -> tuple[pd.Series, float]:
        """Return discounted expected purchases per customer, and the relative error of the quadrature."""

    def next_purchase(self, chance: float) -> pd.Series:
        """Return the periods until the next purchase has come with some chance, if the customer is still there."""

    def parameter_draws(self, n: int, rng: np.random.Generator) -> Sequence[Any]:
        """Return n draws of the parameters."""

    def prepared(self, rows: slice) -> Callable[[Any, np.random.Generator], list[Stays]]:
        """Return what draws the stays of some customers, from parameters and a generator."""


class Worth(Protocol):
    """What a purchase is worth: a fitted ``ContributionMargin`` or ``GammaGamma``, or ``Counted``."""

    def expected_value(self, table: pd.DataFrame) -> pd.Series:
        """Return each customer's expected value of a purchase."""

    def parameter_draws(self, n: int, rng: np.random.Generator) -> Sequence[Any]:
        """Return n draws of the parameters."""

    def arrays(self, table: pd.DataFrame) -> tuple[Array, ...]:
        """Return what is known of each customer's purchases."""

    def draw_means(self, parameters: Any, arrays: tuple[Array, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Return one draw of each customer's own mean and variance of a purchase."""


@dataclass(frozen=True)
class Money:
    """What one purchase is worth to whom.

    Attributes
    ----------
    fit
        What a purchase is worth.
    table
        What it reads, one row per customer.
    """

    fit: Worth
    table: pd.DataFrame


@dataclass(frozen=True)
class Drawn:
    """Values of one stream's customers as they may come out.

    Attributes
    ----------
    lower, upper
        (customers, horizons): ends of 90% intervals.
    totals
        (draws, horizons, groups): of the customers of each group together.
    """

    lower: Array
    upper: Array
    totals: Array


def expected_purchases(stream: Stream, outlook: Outlook) -> tuple[pd.Series, float]:
    """Return each customer's expected purchases, discounted and grown, and the relative error of the quadrature."""
    found, error = stream.discounted_purchases(outlook)
    return (found * outlook.level(stream.table["T"].to_numpy())).rename("purchases"), error


def what_comes(stream: Stream, outlook: Outlook, as_of: dt.date) -> pd.DataFrame:
    """Return what a stream's customers will do: tie, probability_alive, purchases, next_purchase, next_purchase_by.

    The days of the next purchase are those on which it is as likely as not, and to 95%, to have come; missing for
    customers who have more likely left.
    """
    import pandas as pd

    alive = stream.probability_alive()
    purchases, _ = expected_purchases(stream, outlook)
    frame = pd.DataFrame({"tie": stream.tie, "probability_alive": alive, "purchases": purchases})
    for name, chance in (("next_purchase", _LIKELY), ("next_purchase_by", _LATE)):
        days = to_days(stream.next_purchase(chance), outlook.period).clip(upper=_NEVER_DAYS).round()
        frame[name] = (pd.Timestamp(as_of) + pd.to_timedelta(days, unit="D")).where(alive >= _LIKELY)
    return frame


def expected_values(stream: Stream, money: Money, outlook: Outlook) -> tuple[pd.Series, float]:
    """Return each customer's expected discounted value, and the relative error of the quadrature.

    Notes
    -----
    Expected purchases times the expected value of one: exact where, given both histories, what a customer's
    purchases are worth has nothing to do with how often they come.
    """
    purchases, error = expected_purchases(stream, outlook)
    return (purchases * money.fit.expected_value(money.table.loc[purchases.index])).rename("value"), error


def draw_values(
    streams: Sequence[Stream],
    money: Money,
    outlooks: Sequence[Outlook],
    growth: Growth,
    groups: pd.DataFrame,
    seed: int,
    missed: float = 0.0,
    draws: int | None = None,
) -> list[Drawn]:
    """Return intervals of customers' discounted values, one result per stream, and draws of their totals.

    For every draw the parameters of all models and the growth come from their sampling distributions, the same for
    all customers; then, given the history, whether each customer is still there, how often they will buy, how far
    they stray from the common growth, until when they stay, what their purchases are worth on average and how these
    vary; and at last what happens.

    Parameters
    ----------
    streams
        Disjoint groups of customers.
    money
        What a purchase is worth, for all of them.
    outlooks
        Horizons of increasing length, otherwise alike, such as three years and life; a longer one adds to what a
        shorter one brings in the same draw.
    growth
        Drawn anew for every draw; the outlooks say how long it lasts.
    groups
        One row per customer, one column per group: 1 for its members, else 0.
    missed
        How far totals were out in a backtest beyond chance (standard deviation of the log): every draw moves all
        customers alike by so much.
    draws
        199 or 499; by the number of customers when None.

    Notes
    -----
    Same seed, same customers: same numbers, on any number of processors.
    """
    if draws not in (None, _FEW[0], _MANY[0]):
        raise Refused(f"draws={draws} gives no interval of exactly 90%; give {_MANY[0]} or {_FEW[0]}.")
    customers = sum(len(stream.table) for stream in streams)
    many = draws == _MANY[0] or (draws is None and customers > _MANY_CUSTOMERS)
    n, low, high = _MANY if many else _FEW
    seeds = np.random.SeedSequence(seed).spawn(len(streams) + 1)
    common = np.random.default_rng(seeds[0])
    worth = money.fit.parameter_draws(n, common)
    growths = growth.draw_rates(n, common) if growth.error else np.full(n, growth.value)
    tides = np.exp(missed * common.standard_normal(n) - missed**2 / 2)
    ahead = [[outlook.over(growth=float(rate)) for outlook in outlooks] for rate in growths]
    found = []
    for stream, own in zip(streams, seeds[1:], strict=True):
        parameters = stream.parameter_draws(n, np.random.default_rng(own))
        several = list(zip(parameters, worth, ahead, tides, strict=True))
        chunks = list(_chunks(len(stream.table)))

        def one(part: tuple[slice, Any], stream: Stream = stream, several: list[Any] = several) -> list[Array]:
            chunk, source = part
            values = _draw_chunk(stream, money, chunk, several, growth, np.random.default_rng(source))
            totals = values @ groups.loc[stream.table.index[chunk]].to_numpy(dtype=float)
            values.partition([low - 1, high - 1], axis=1)
            return [values[:, low - 1].T, values[:, high - 1].T, totals.transpose(1, 0, 2)]

        parts = zip(chunks, own.spawn(len(chunks)), strict=True)
        lower, upper, totals = zip(*on_all_cores(one, parts, n * len(stream.table)), strict=True)
        found.append(Drawn(np.concatenate(lower), np.concatenate(upper), np.sum(totals, axis=0)))
    return found


def _chunks(customers: int) -> Iterator[slice]:
    """Return consecutive parts of that many customers."""
    for start in range(0, customers, _CUSTOMERS_AT_ONCE):
        yield slice(start, min(start + _CUSTOMERS_AT_ONCE, customers))


def _draw_chunk(
    stream: Stream, money: Money, chunk: slice, several: list[Any], growth: Growth, rng: np.random.Generator
) -> Array:
    """Return (horizons, draws, customers) values; ``several`` holds the parameters of each draw."""
    some = stream.table.iloc[chunk]
    span = some["T"].to_numpy(dtype=float)
    stays_of, arrays = stream.prepared(chunk), money.fit.arrays(money.table.loc[some.index])
    values = np.zeros((len(several[0][2]), len(several), len(some)))
    for k, (own, worth, outlooks, tide) in enumerate(several):
        mean, variance = money.fit.draw_means(worth, arrays, rng)
        scale = tide * outlooks[0].level(span) * growth.draw_scale(len(some), rng)
        for stays in stays_of(own, rng):
            begin = 0.0
            for horizon, outlook in enumerate(outlooks):
                values[horizon, k] += stays.worth(scale, mean, variance, begin, outlook, rng)
                begin = outlook.end
    return np.cumsum(values, axis=0, out=values)
