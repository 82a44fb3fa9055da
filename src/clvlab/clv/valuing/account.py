"""One customer explained: since when, how often, still there or not, worth what, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.plots.checks import draw_account
from clvlab.clv.plots.values import Amounts
from clvlab.clv.valuing.contracted import Contracted
from clvlab.clv.valuing.doubts import alike
from clvlab.clv.valuing.spot import Spot
from clvlab.language import say
from clvlab.periods import to_days, to_periods
from clvlab.results import Result, Table

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.clv.valuing.customer_values import CustomerValues
    from clvlab.clv.valuing.valuation import Stream
    from clvlab.features.events import Purchases

_WEEK = 7
_AT_RISK = (0.2, 0.8)
_NEW_WEEKS, _FEW = 26.0, 2
_TOP = 0.2
_FIVE = 5
_YEAR = 12.0
# Silence beyond this many usual gaps is worth a word.
_LONG = 3.0
# With up to so many purchases, what one is worth leans on the other customers'.
_UNSURE = 20
_SURELY = 0.005


@dataclass(frozen=True, repr=False, eq=False)
class Account(Result):
    """One customer explained.

    Attributes
    ----------
    customer_id
        Whom it is about.
    sentences
        What there is to say, in plain words.
    finding
        The same in one line.
    frame
        See :meth:`to_frame`.
    days
        Days with a purchase.
    as_of
        The last day known.
    next_purchase, next_purchase_by
        Days on which the next purchase is as likely as not, and to 95%, to have come; missing where the customer
        has more likely left.
    """

    title: str = field()  # no default, unlike the base class
    customer_id: object
    sentences: tuple[str, ...]
    finding: str
    frame: pd.DataFrame
    days: pd.DatetimeIndex
    as_of: dt.date
    next_purchase: pd.Timestamp
    next_purchase_by: pd.Timestamp
    percent: tuple[str, ...] = ("probability_alive",)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per week and the last day: date, ``probability_alive`` as it stood, ``purchases`` so far.

        Notes
        -----
        The chance of being a customer is today's model's, from what had happened by then. Under contract it is 1,
        and missing before the contract began.
        """
        return self.frame

    def __repr__(self) -> str:
        """Return the sentences, one a line."""
        return "\n".join(map(say, [self.title, *self.sentences]))

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(say(text))}</li>" for text in self.sentences)
        return f"<p><b>{escape(say(self.title))}</b></p><ul>{items}</ul>"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the purchases, the chance of being a customer, and when the next purchase is due."""
        return draw_account(self, ax)


def account(values: CustomerValues, purchases: Purchases, customer_id: object) -> Account:
    """Return one customer explained.

    Parameters
    ----------
    values
        The base that the customer belongs to.
    purchases
        From which it was valued.
    customer_id
        Whom to explain.

    Raises
    ------
    Refused
        For a customer who is not there; the nearest code is named.

    Examples
    --------
    >>> account(study.clv, study.purchases, "C00137").sentences        # doctest: +SKIP
    """
    import pandas as pd

    row = values.customer(customer_id)
    stream = next(stream for stream in values.streams if customer_id in stream.table.index)
    days = _days(purchases, customer_id, values.as_of)
    begin, since, frame = _history(stream, stream.table.loc[customer_id], days, values.as_of)
    money = Amounts(float(row[["value", "value_lower", "value_upper"]].abs().max()), values.currency)
    low, high = (money.number(float(row[f"value_{end}"])) for end in ("lower", "upper"))
    worth = f"{money.text(float(row['value']))} ({low} to {high})"
    there = "under contract" if row["tie"] == "contract" else f"{_chance(row['probability_alive'])} likely to be there"
    sentences = [
        _beginning(stream, since, begin, days, values.as_of),
        *_rhythm(days, values.as_of),
        *_ahead(stream, row, values),
        _purchase_worth(values, customer_id, row),
        f"Brought {row['historical_value']:,.0f} {values.currency} so far ({values.meaning});"
        f" worth {row['value']:,.0f} (90% interval {row['value_lower']:,.0f} to {row['value_upper']:,.0f}) over the"
        f" next {values.horizon_months} months.",
        *_why(values, customer_id, row),
    ]
    return Account(
        title=f"Customer {customer_id} as of {values.as_of}",
        customer_id=customer_id,
        sentences=tuple(text for text in sentences if text),
        finding=f"{customer_id}: {there}, worth {worth} over {values.horizon_months} months",
        frame=frame,
        days=days,
        as_of=values.as_of,
        next_purchase=pd.Timestamp(row["next_purchase"]),
        next_purchase_by=pd.Timestamp(row["next_purchase_by"]),
    )


def five_to_explain(values: CustomerValues) -> list[object]:
    """Return five customers from whom much can be learnt; fewer where there are fewer."""
    return worth_explaining(values).to_frame()["customer_id"].tolist()


def worth_explaining(values: CustomerValues) -> Table:
    """Return the customers of :func:`five_to_explain`: customer_id, ``because``, tie, probability_alive and value.

    Notes
    -----
    One of each kind that the base has: the most valuable; the spot customer at risk who would be worth most if still
    there; of the most valuable fifth, the one with the widest interval for its value; of those worth less than 0 the
    one with most purchases; and the most valuable new one with hardly any purchases. Where a kind is missing, the next
    most valuable customers stand in.
    """
    import pandas as pd

    frame = values.frame.join(pd.concat([_seen(stream) for stream in values.streams]))
    chosen: dict[object, str] = {}
    same = alike(frame["value"])
    for because, ranking in [] if same else _kinds(frame):
        left = ranking[~ranking.index.isin(list(chosen))]
        if len(left):
            chosen[left.sort_values(ascending=False, kind="stable").index[0]] = because
    for customer in frame.index:
        if len(chosen) >= _FIVE:
            break
        chosen.setdefault(customer, "one of many worth the same" if same else "among the most valuable")
    table = frame.loc[list(chosen), ["tie", "probability_alive", "value", "value_lower", "value_upper"]]
    table.insert(0, "because", list(chosen.values()))
    title = f"Customers worth explaining, value in {values.currency}, next {values.horizon_months} months"
    return Table(table.rename_axis("customer_id").reset_index(), title, 0, ("probability_alive",), fold=False)


def _kinds(frame: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """Return each kind of customer worth explaining: why, and a rank by which the highest is taken."""
    alive, value = frame["probability_alive"], frame["value"]
    spot = frame["tie"] == "spot"
    top = frame.head(max(1, round(len(frame) * _TOP)))
    top = top[top["value"] > 0]
    new = spot & (frame["seen"] <= _NEW_WEEKS) & (frame["bought"] <= _FEW) & ~frame["before"]
    return [
        ("the most valuable", value),
        ("large, and perhaps gone", (value / alive)[spot & alive.between(*_AT_RISK) & (value > 0)]),
        (
            "the least certain of the most valuable fifth",
            (top["value_upper"] - top["value_lower"]) / top["value"],
        ),
        ("below 0 although it buys", frame["bought"][(value < 0) & (frame["bought"] > 0)]),
        ("new, with hardly any purchases", value[new]),
    ]


def _seen(stream: Stream) -> pd.DataFrame:
    """Return purchases counted, weeks watched, and whether the customer was one before the records."""
    import pandas as pd

    table = stream.table
    before = table["entry"] > 0 if "entry" in table else False
    return pd.DataFrame({"bought": table["frequency"], "seen": table["T"], "before": before}, index=table.index)


def _days(purchases: Purchases, customer_id: object, as_of: dt.date) -> pd.DatetimeIndex:
    """Return the customer's days with a purchase."""
    import pandas as pd

    orders = purchases.orders
    own = orders.filter((orders.customer_id == customer_id) & (orders.date <= as_of))
    return pd.DatetimeIndex(pd.to_datetime(own.select(day=own.date).distinct().execute()["day"])).sort_values()


def _history(
    stream: Stream, row: pd.Series, days: pd.DatetimeIndex, as_of: dt.date
) -> tuple[pd.Timestamp, pd.Timestamp, pd.DataFrame]:
    """Return where the frame begins, since when a customer (or under contract), and the frame of :meth:`to_frame`."""
    import pandas as pd

    now = pd.Timestamp(as_of)
    clock = now - pd.Timedelta(days=round(to_days(float(row["T"]), "week")))
    begin = min(clock, days[0]) if len(days) else clock
    length = (now - begin).days
    grid = np.unique(np.append(np.arange(0, length, _WEEK), length))
    dates = begin + pd.to_timedelta(grid, unit="D")
    if isinstance(stream, Spot):
        entry = float(row.get("entry", 0.0))
        since = clock - pd.Timedelta(days=round(to_days(entry, "week")))
        alive = stream.fit.probability_alive(_as_it_stood(days, clock, entry, dates)).to_numpy()
    else:
        since = now - pd.Timedelta(days=round(to_days(float(row["age"]), "month")))
        alive = np.where(dates >= since, 1.0, np.nan)
    so_far = days.searchsorted(dates, side="right")
    return begin, since, pd.DataFrame({"date": dates, "probability_alive": alive, "purchases": so_far})


def _as_it_stood(days: pd.DatetimeIndex, clock: pd.Timestamp, entry: float, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the customer's history as it stood on each date: what came before the clock's first day is its start."""
    import pandas as pd

    counted = (days - clock).days.to_numpy()
    counted = counted[counted >= 0] if entry > 0 else counted[counted > 0]
    age = (dates - clock).days.to_numpy()
    frequency = np.searchsorted(counted, age, side="right")
    last = np.append(0, counted)[frequency]
    lengths = {"recency": to_periods(last, "week"), "T": to_periods(age, "week")}
    return pd.DataFrame({"frequency": frequency, **lengths, "entry": entry})


def _beginning(stream: Stream, since: pd.Timestamp, begin: pd.Timestamp, days: pd.DatetimeIndex, as_of: dt.date) -> str:
    """Return since when the customer is one."""
    import pandas as pd

    if isinstance(stream, Contracted):
        months = to_periods((pd.Timestamp(as_of) - since).days, "month")
        first = f"; first purchase in the records on {days[0].date()}" if len(days) else ""
        return f"Under contract since {since.date()}, for {_number(months, 'month')}{first}."
    before = f", before the records begin on {begin.date()}" if since < begin else ""
    return f"A customer since {since.date()}{before}; buys without a contract."


def _rhythm(days: pd.DatetimeIndex, as_of: dt.date) -> list[str]:
    """Return how often the customer bought, and for how long it has been silent."""
    import pandas as pd

    if not len(days):
        return ["No purchase in the records yet."]
    silent = (pd.Timestamp(as_of) - days[-1]).days
    ago = f"Last purchase on {days[-1].date()}, {_number(silent, 'day')} ago"
    if len(days) == 1:
        return ["Bought on one day so far.", f"{ago}."]
    gap = float(np.median(np.diff(days.to_numpy()) / np.timedelta64(1, "D")))
    long = f": {silent / gap:,.0f} times the usual gap" if silent > _LONG * gap else ""
    return [f"Bought on {len(days):,} days in the records, usually {_number(gap, 'day')} apart.", f"{ago}{long}."]


def _ahead(stream: Stream, row: pd.Series, values: CustomerValues) -> list[str]:
    """Return whether the customer is still there, how much it will buy, and when next."""
    import pandas as pd

    there = f"Still a customer with a chance of {_chance(row['probability_alive'])}."
    if isinstance(stream, Contracted):
        age = float(stream.table.loc[row.name, "age"])
        runs = float(np.ravel(stream.renewals.survival_from([age], [_YEAR]))[0])
        there = f"There for certain while the contract runs; it still does in a year with a chance of {_chance(runs)}."
    expected = f"Expected to buy {_number(row['purchases'], 'time')} over the next {values.horizon_months} months."
    if pd.isna(row["next_purchase"]):
        return [there, expected, "No next purchase is to be expected: it has more likely left than not."]
    when = "If still there, the next" if row["probability_alive"] < 1 else "The next"
    soon, late = row["next_purchase"].date(), row["next_purchase_by"].date()
    coming = f"{when} purchase has come by {soon} as likely as not, and by {late} with a chance of 95%."
    return [there, expected, coming]


def _purchase_worth(values: CustomerValues, customer: object, row: pd.Series) -> str:
    """Return what a purchase is worth, as it was and as it is expected."""
    import pandas as pd

    known, currency = values.money.table.loc[customer], values.currency
    column = "mean_value" if "mean_value" in known else "monetary_value"
    count = int(known["valued_purchases"] if "valued_purchases" in known else known["frequency"])
    if not count or pd.isna(known[column]):
        taken = f"{row['purchase_value']:,.0f} {currency}, that of a typical customer, is taken"
        return f"What a purchase is worth is not known yet; {taken}."
    own = f"A purchase was worth {known[column]:,.0f} {currency} as the mean of {_number(count, 'purchase')}"
    pulled = ": the fewer there are, the closer to a typical customer's" if count <= _UNSURE else ""
    return f"{own}; {row['purchase_value']:,.0f} {currency} is expected of the next{pulled}."


def _why(values: CustomerValues, customer: object, row: pd.Series) -> list[str]:
    """Return why the value is what it is: its rank, what sets it apart, and what is uncertain about it."""
    frame = values.frame
    if alike(frame["value"]):
        return []
    said = []
    for name, words in (("purchases", "expected purchases"), ("purchase_value", "value of a purchase")):
        middle = float(frame[name].median())
        if middle > 0 and row[name] >= 0:
            said.append(f"{words} {_times(float(row[name]) / middle)} the middle customer's")
    rank = f"Number {frame.index.get_loc(customer) + 1:,} of {len(frame):,} by value"
    sentences = [f"{rank}: {', '.join(said)}." if said else f"{rank}."]
    if row["purchase_value"] < 0:
        sentences.append("Its purchases bring less than they and serving it cost, so each one takes from the value.")
    alive = float(row["probability_alive"])
    if alive < _AT_RISK[1] and abs(row["value"]) >= 1:
        known = f"were it known to be there, the value would be {row['value'] / alive:,.0f} {values.currency}"
        sentences.append(f"Whether it is still there weighs most: {known}, and if it has left, 0.")
    elif row["tie"] == "contract" and row["value"] > 0:
        sentences.append("How long the contract is renewed weighs most in the interval.")
    return sentences


def _chance(value: float) -> str:
    """Return a chance in percent; neither 0% nor 100% where it is only close to it."""
    if 0 < value < _SURELY or 1 - _SURELY < value < 1:
        return "under 1%" if value < _SURELY else "over 99%"
    return f"{value:.0%}"


def _times(ratio: float) -> str:
    """Return a ratio in words that follow a noun."""
    return f"{ratio:,.0f} times" if ratio >= _LONG else f"{ratio:,.1f} times" if ratio >= 1 else f"{ratio:.0%} of"


def _number(n: float, what: str) -> str:
    """Return a number with its noun, one digit after the point where it is below 10 and not whole."""
    text = f"{n:,.1f}" if n < 10 and round(n, 1) % 1 else f"{n:,.0f}"
    return f"{text} {what}" if text == "1" else f"{text} {what}s"
