"""Customer equity taken apart: by segment, by what would move it, and between two days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clvlab.clv.valuing.valuation import expected_values
from clvlab.refusal import Refused
from clvlab.results import Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.clv.models.outlook import Outlook
    from clvlab.clv.valuing.customer_values import CustomerValues
    from clvlab.clv.valuing.spot import Spot
    from clvlab.clv.valuing.valuation import Money, Stream

HUNDREDTH = 1.01
_HALF = 0.5


@dataclass(frozen=True)
class Intake:
    """What a year's new customers are, and what winning them costs.

    Attributes
    ----------
    customers
        New customers in the last year.
    cost
        Mean cost of winning one; None where the records do not tell.
    purchase_value
        Mean expected value of a purchase of these customers.
    """

    customers: float
    cost: float | None
    purchase_value: float

    def worth(self, spot: Spot, outlook: Outlook) -> float:
        """Return what the next year's new customers bring, before what winning them costs.

        A new customer's first purchase counts too.
        """
        if not self.customers:
            return 0.0
        return self.customers * (1 + spot.newcomer(outlook)) * self.purchase_value

    @property
    def spent(self) -> float:
        """What winning them costs."""
        return self.customers * (self.cost or 0.0)


def sensitivity(
    streams: Sequence[Stream], money: Money, outlook: Outlook, life: Outlook, spot: Spot, intake: Intake
) -> Sensitivity:
    """Return by how much customer equity moves when something gets a hundredth higher.

    Parameters
    ----------
    streams, money
        Customers with their models.
    outlook, life
        The horizon, and life.
    spot
        By whose model new customers are valued.
    intake
        A year's new customers.

    Returns
    -------
    Sensitivity
        a_hundredth_more, ``equity`` and ``life_equity`` (changes, in percent, of the worth of today's customers within
        the horizon and for life), ``with_intake`` and ``life_with_intake`` (of today's and the next year's new
        customers together).

    Notes
    -----
    A hundredth of each: a yearly retention of 80% becomes 80.8%, a discount rate of 10% becomes 10.1%. Yearly
    retention rises for everybody, and nobody stays with a chance above 1. Acquisition cost moves only what new
    customers are worth; for today's customers it is spent.

    References
    ----------
    Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004), "Valuing customers", Journal of Marketing Research 41(1).
    """
    import pandas as pd

    columns = {}
    for name, at in (("equity", outlook), ("life_equity", life)):
        changes = (at, at.over(retention=HUNDREDTH), at.over(annual_rate=at.annual_rate * HUNDREDTH))
        today = [sum(float(expected_values(stream, money, one)[0].sum()) for stream in streams) for one in changes]
        to_come = [intake.worth(spot, one) for one in changes]
        base, whole = today[0], today[0] + to_come[0] - intake.spent
        retained, dearer = (today[i] - base for i in (1, 2))
        columns[name] = [100 * retained / base, 100 * (HUNDREDTH - 1), 100 * dearer / base, 0.0]
        more = (retained + to_come[1] - to_come[0], (HUNDREDTH - 1) * (base + to_come[0]))
        less = (dearer + to_come[2] - to_come[0], (1 - HUNDREDTH) * intake.spent)
        columns[name.replace("equity", "with_intake")] = [100 * change / whole for change in (*more, *less)]
    frame = pd.DataFrame({"a_hundredth_more": ["retention", "margin", "discount rate", "acquisition cost"]} | columns)
    names = ["equity", *(["with_intake"] * bool(intake.customers)), "life_equity"]
    names += ["life_with_intake"] * bool(intake.customers)
    if intake.cost is None:
        frame = frame[frame["a_hundredth_more"] != "acquisition cost"].reset_index(drop=True)
    return Sensitivity(frame[["a_hundredth_more", *names]])


class Sensitivity(Result):
    """By how much customer equity moves when something gets a hundredth higher.

    Parameters
    ----------
    frame
        As :func:`sensitivity` describes it.
    """

    title = "Change of customer equity, in percent of it, when one thing is a hundredth higher"
    decimals = 2

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per thing that may change; the changes in percent."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the changes as bars, the largest first."""
        from clvlab.clv.plots.values import draw_sensitivity

        return draw_sensitivity(self._frame, ax)


class Segments(Result):
    """What segments of customers are worth.

    Parameters
    ----------
    values
        The base.
    segmentation
        One of its segmentations.
    """

    percent = ("share",)
    decimals = 0

    def __init__(self, values: CustomerValues, segmentation: str) -> None:
        self._values, self.segmentation = values, segmentation
        self.title = (
            f"Customer equity by {segmentation.replace('_', ' ')}, {values.currency}, {values.horizon_months} months"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per segment, the most valuable first.

        Returns
        -------
        DataFrame
            segment, customers, ``value`` and its 90% interval ``lower``, ``upper``, ``share`` of the base's value,
            ``value_per_customer``.
        """
        import pandas as pd

        values = self._values
        by = values.frame.groupby(values.frame[f"segment_{self.segmentation}"])["value"]
        frame = pd.DataFrame({"customers": by.size(), "value": by.sum()})
        ends = [values.interval("value", self.segmentation, str(name)) for name in frame.index]
        frame["lower"], frame["upper"] = zip(*ends, strict=True)
        frame["share"] = frame["value"] / frame["value"].sum()
        frame["value_per_customer"] = frame["value"] / frame["customers"]
        return frame.rename_axis("segment").sort_values("value", ascending=False).reset_index()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each segment's value with its interval."""
        from clvlab.clv.plots.values import draw_segments

        return draw_segments(self.to_frame(), self.segmentation, self._values, ax)


class Waterfall(Result):
    """How customer equity came from one day to another.

    Parameters
    ----------
    before, after
        The same base valued on two days, over the same horizon.

    Raises
    ------
    Refused
        For days in the wrong order and for values that do not compare.
    """

    decimals = 0

    def __init__(self, before: CustomerValues, after: CustomerValues) -> None:
        same = ("horizon_months", "annual_rate", "currency", "meaning")
        if not before.as_of < after.as_of:
            raise Refused(f"The waterfall goes from {before.as_of} to {after.as_of}; give the earlier day first.")
        for name in same:
            one, other = getattr(before, name), getattr(after, name)
            if one != other:
                raise Refused(f"{name} is {one} on {before.as_of} and {other} on {after.as_of}; value both days alike.")
        self.before, self.after = before, after
        self.title = f"Customer equity from {before.as_of} to {after.as_of}, {after.currency}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step: step, customers, amount; the steps add up from the first row to the last.

        Notes
        -----
        Lost: likely to be there on the first day, no longer on the second. Of the others, those whose value rose and
        those whose value fell. What they brought meanwhile has left their value and is not in it.
        """
        import pandas as pd

        one, two = self.before.frame, self.after.frame
        new = two.loc[two.index.difference(one.index)]
        first = one.loc[one.index]
        second = two.reindex(one.index)
        there, now = first["probability_alive"] >= _HALF, second["probability_alive"].fillna(0.0) >= _HALF
        change = second["value"].fillna(0.0) - first["value"]
        lost = there & ~now
        rows = [
            (f"equity on {self.before.as_of}", len(one), one["value"].sum()),
            ("new customers", len(new), new["value"].sum()),
            ("customers lost", int(lost.sum()), change[lost].sum()),
            ("others, now worth less", int((~lost & (change < 0)).sum()), change[~lost & (change < 0)].sum()),
            ("others, now worth more", int((~lost & (change >= 0)).sum()), change[~lost & (change >= 0)].sum()),
            (f"equity on {self.after.as_of}", len(two), two["value"].sum()),
        ]
        return pd.DataFrame(rows, columns=["step", "customers", "amount"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the steps."""
        from clvlab.clv.plots.values import draw_waterfall

        return draw_waterfall(self.to_frame(), self.after.currency, ax)
