"""What each channel of contact costs, how it answers, and what went with it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from clvlab.churn.customer_churn import Churn
from clvlab.features.tables import AnyTable
from clvlab.periods import period_index, years_before
from clvlab.refusal import Refused
from clvlab.results import Stated
from clvlab.retention.channels.comparable import AFTER, differences, followed_months

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

OURS, THEIRS = "us", "the customer"
_OPTIONAL = ("kind", "channel", "initiated_by", "cost", "answered_at", "hand_offs")
_OF_OURS = ("visit", "call")
_CHANGES = ("left", "orders_change")
_ENDS = ("", "_lower", "_upper")


class ContactChannels(Stated):
    """Channels of contact, those of ours with what followed, those of customers with how fast they were answered.

    Attributes
    ----------
    frame
        See :meth:`to_frame`.
    currency, remarks
        Of the cost, and what a reader has to know.

    Examples
    --------
    >>> rows = {"channel": ["visit", "call"], "begun_by": OURS, "contacts": [40, 90], "cost_each": [460.0, 40.0],
    ...         "left": [-0.02, 0.01], "left_lower": [-0.03, -0.01], "left_upper": [-0.01, 0.03]}
    >>> ContactChannels(pd.DataFrame(rows), "CNY", ()).finding
    'Customers leave less after visit; a contact costs from 40 (call) to 460 CNY (visit)'
    """

    percent = ("left", "left_lower", "left_upper", "orders_change", "orders_change_lower", "orders_change_upper")
    decimals = 2

    def __init__(self, frame: pd.DataFrame, currency: str, remarks: tuple[str, ...]) -> None:
        self.frame, self.currency, self.remarks = frame, currency, remarks
        self.title = f"Channels of contact, last 365 days; cost, {currency}; what followed, all records"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per channel, the dearest first.

        Returns
        -------
        DataFrame
            channel, begun_by, contacts (of the last year), cost_each, cost; median_answer_hours and hand_offs (mean),
            of enquiries; for channels of ours ``left`` (share that leaves within the three months after, against
            comparable months without) and ``orders_change`` (share by which orders grow from the three months before to
            the three after, against the customer's other months), each with its 90% interval.
        """
        return self.frame

    @property
    def finding(self) -> str:
        """Where contact is cheap, and whether any channel goes with customers staying, in one sentence."""
        told = self.frame.dropna(subset=["left"])
        clear = told.loc[told["left_upper"] < 0, "channel"]
        went = f"Customers leave less after {', '.join(clear)}" if len(clear) else (
            "After no channel do customers leave less than comparable ones" if len(told) else
            "What followed contacts is not told"
        )  # fmt: skip
        costed = self.frame.dropna(subset=["cost_each"]).sort_values("cost_each")
        if len(costed) < 2:
            return went
        low, high = costed.iloc[0], costed.iloc[-1]
        return (
            f"{went}; a contact costs from {low['cost_each']:,.0f} ({low['channel']}) to {high['cost_each']:,.0f}"
            f" {self.currency} ({high['channel']})"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the difference in leaving after each channel of ours, beside what it costs."""
        from clvlab.retention.channels.plots import draw_channels

        return draw_channels(self, ax)


def contact_channels(
    contacts: AnyTable, found: Churn, unit_costs: Mapping[str, float], currency: str
) -> ContactChannels:
    """Return what each channel of contact costs, how it answers, and what went with it.

    Parameters
    ----------
    contacts
        Accepted contacts.
    found
        Who leaves, with the months at risk.
    unit_costs
        What one contact of a kind costs, for those without a recorded cost.
    currency
        Of the cost.

    Raises
    ------
    Refused
        Without contacts in the last year.
    """
    rows = _rows(contacts, found.as_of, unit_costs)
    year = rows[rows["contacted_at"].dt.normalize() > pd.Timestamp(years_before(found.as_of, 1))]
    if year.empty:
        raise Refused("Channels of contact need contacts within the last year.")
    groups = year.groupby(["channel", "begun_by"])
    frame = pd.DataFrame({
        "contacts": groups.size(), "cost_each": groups["cost"].mean(), "cost": groups["cost"].sum(min_count=1),
        "median_answer_hours": groups["answer_hours"].median(), "hand_offs": groups["hand_offs"].mean(),
    }).reset_index()  # fmt: skip
    ours = rows[(rows["begun_by"] == OURS) & rows["kind"].isin(_OF_OURS)]
    remarks = []
    try:
        frame = frame.merge(_followed(ours, found), on=["channel", "begun_by"], how="left")
        remarks.append(
            f"Leaving compares months with a contact of ours with months of the same calendar month, tie and orders"
            f" before, at the same risk as the model knew it, over the {AFTER} months after; orders compare each"
            " customer with its own other months. Managers choose whom to contact, and know more than the records do: a"
            " difference is no effect. Only a draw by lot tells that."
        )
    except Refused as refusal:
        remarks.append(str(refusal))
        frame[[f"{name}{end}" for name in _CHANGES for end in _ENDS]] = np.nan
    frame = frame.sort_values(["cost_each", "channel"], ascending=[False, True], ignore_index=True)
    return ContactChannels(frame, currency, tuple(remarks))


def _rows(contacts: AnyTable, as_of: dt.date, unit_costs: Mapping[str, float]) -> pd.DataFrame:
    """Return contacts with the channel as it is named, who began it, its cost and the hours until it was answered."""
    have = [name for name in _OPTIONAL if name in contacts.columns]
    known = contacts.filter(contacts.contacted_at.cast("date") <= ibis.literal(as_of))
    rows = known.select("customer_id", "contacted_at", *have).to_pyarrow().to_pandas()
    rows = rows.reindex(columns=["customer_id", "contacted_at", *_OPTIONAL])
    kind = rows["kind"].fillna("contact").astype(str)
    by = rows["channel"].astype("string").fillna("")
    begun = rows["initiated_by"].astype("string").str.lower().eq("customer").fillna(False)
    asked = pd.to_datetime(rows["answered_at"]) - pd.to_datetime(rows["contacted_at"])
    return rows.assign(
        kind=kind, channel=kind.where(by == "", kind + ", " + by.astype(str)).str.replace("_", " "),
        begun_by=np.where(begun, THEIRS, OURS), contacted_at=pd.to_datetime(rows["contacted_at"]),
        cost=rows["cost"].astype(float).fillna(kind.map(dict(unit_costs)).astype(float)),
        answer_hours=asked.dt.total_seconds() / 3600, hand_offs=rows["hand_offs"].astype(float),
    )  # fmt: skip


def _followed(ours: pd.DataFrame, found: Churn) -> pd.DataFrame:
    """Return what followed contacts of ours, by channel."""
    if ours.empty:
        raise Refused("What followed contacts needs visits and calls of ours.")
    ahead = found.prospects
    orders = found.base.orders.to_pyarrow().to_pandas()
    orders = orders.assign(month=period_index(pd.to_datetime(orders["date"]), "month"), orders=1.0)
    contacted = ours.assign(month=period_index(ours["contacted_at"], "month"))
    contacted = contacted[["customer_id", "month", "channel"]].drop_duplicates()
    followed = followed_months(ahead.panel.frame, orders, contacted, ahead.fit.hazard(ahead.panel.frame))
    channels = sorted(contacted["channel"].unique())
    parts = []
    for name in _CHANGES:
        change = differences(followed, channels, name, within_customer=name == "orders_change")
        parts.append(change.set_axis([f"{name}{end}" for end in _ENDS], axis=1))
    return pd.concat(parts, axis=1).rename_axis("channel").reset_index().assign(begun_by=OURS)
