"""What every classification of customers returns: a label each, with the rule and the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.features.by_customer import net_of
from clvlab.results import Remarked, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLASS = "class"
# The label of a customer about whom the records do not say what the rule asks.
NOT_KNOWN = "not known"


@dataclass(frozen=True, repr=False, eq=False)
class Classes(Remarked):
    """One label per customer, with the rule behind it.

    Parameters
    ----------
    title
        What customers are classed by, e.g. "ABC classes by revenue of the last year".
    labels
        One label per customer, by customer_id. Those of whom the rule cannot tell are labelled :data:`NOT_KNOWN`.
    rules
        What each label means, with its numbers spelled out, in the order in which labels are shown.
    values
        The numbers that the rule looked at, by customer_id; no columns where the rule has none.
    amount
        The column of ``values`` whose total is shared out between classes; None when there is none.
    unit
        Unit of the amount.
    remarks
        What a reader must know, in sentences.

    Examples
    --------
    >>> labels = pd.Series(["A", "B"], index=pd.Index(["c1", "c2"], name="customer_id"))
    >>> values = pd.DataFrame({"revenue": [80.0, 20.0]}, index=labels.index)
    >>> Classes("ABC classes by revenue", labels, {"A": "first 80%", "B": "the rest"}, values, "revenue", "CNY")
    ABC classes by revenue
    class customers customer_share revenue revenue_share      rule
        A         1          50.0%      80         80.0% first 80%
        B         1          50.0%      20         20.0%  the rest
    """

    title: str = field()  # no default, unlike the base class
    labels: pd.Series
    rules: Mapping[str, str]
    values: pd.DataFrame
    amount: str | None = None
    unit: str = ""
    remarks: Sequence[str] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer: customer_id, class, and the numbers that the rule looked at."""
        return self.labels.rename(CLASS).to_frame().join(self.values).rename_axis("customer_id").reset_index()

    def summary(self) -> Table:
        """Return one row per class: class, customers, customer_share, [the amount, its share], rule."""
        order = [*self.rules, *([NOT_KNOWN] if (self.labels == NOT_KNOWN).any() else [])]
        counts = self.labels.value_counts().reindex(order, fill_value=0)
        columns: dict[str, object] = {"customers": counts, "customer_share": counts / max(len(self.labels), 1)}
        percent = ["customer_share"]
        if self.amount is not None:
            sums = self.values[self.amount].groupby(self.labels).sum().reindex(order, fill_value=0.0)
            columns |= {self.amount: sums, f"{self.amount}_share": sums / net_of(self.values[self.amount])}
            percent.append(f"{self.amount}_share")
        columns["rule"] = [self.rules.get(label, "the records do not say") for label in order]
        frame = pd.DataFrame(columns, index=pd.Index(order, name=CLASS)).reset_index()
        return Table(frame, self.title, decimals=0, percent=tuple(percent), fold=False)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each class's share of customers beside its share of the amount."""
        from clvlab.tiers.classes.plots import draw_classes

        return draw_classes(self, ax)

    def _in_short(self) -> Table:
        return self.summary()
