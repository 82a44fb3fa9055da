"""Whether what was shipped was billed: shipments' revenue against invoices, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.tables import AnyTable, as_table, day_of, number_of, refuse_missing
from clvlab.figures import BLUE, ORANGE, RED, SKY, new_axes, state
from clvlab.periods import period_index, period_label
from clvlab.refusal import Refused
from clvlab.results import Remarked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS = {"freight": "freight", "credit note": "credit_notes", "surcharge": "surcharges", "tax": "tax"}
_NEEDED = {"shipments": ("booked_at", "revenue"), "invoices": ("issued_on", "amount")}
_NO_KIND = "Invoices have no kind: everything billed counts as freight, taxes and surcharges included."
_AGREE = 0.01  # a month whose difference is within this share of what was shipped agrees
_DIGITS = 6  # sums of cents are cleared of the engine's summing order, else a shown .5 rounds either way


class Reconciliation(Remarked):
    """Revenue shipped and billed by calendar month.

    Attributes
    ----------
    finding
        The result in one sentence, with its numbers.
    remarks
        What a reader has to know about how it was counted, one sentence each.
    currency
        Currency of all amounts, blank when it was not given.
    """

    decimals = 0
    percent = ("difference_share",)

    def __init__(self, frame: pd.DataFrame, remarks: tuple[str, ...], currency: str) -> None:
        self._frame = frame
        self.remarks = remarks
        self.currency = currency
        self.title = f"Shipped against billed by month{', ' + currency if currency else ''}"
        self.finding = _finding(frame, currency)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per month in which either side has something.

        ``shipped`` is revenue less rebate; ``billed`` is ``freight`` and ``credit_notes`` (negative)
        together, ``surcharges`` and ``tax`` stand apart; ``difference`` is shipped less billed,
        ``difference_share`` its part of shipped, ``cumulative_difference`` its sum so far; ``only`` names
        the side that stands alone.
        """
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw shipped and billed by month, and what is not billed so far."""
        ax = ax or new_axes(9.0, 4.4)
        frame = self._frame
        at = np.array([period_index(pd.Timestamp(month), "month") for month in frame.month])
        billed = frame.billed.where(frame.only != "shipments only")
        ax.bar(at, frame.shipped, color=SKY, width=0.85, label="shipped")
        ax.plot(at, billed, color=BLUE, marker="o", markersize=3.5, label="billed")
        ax.plot(at, frame.cumulative_difference, color=RED, label="shipped, not\nbilled so far")
        alone = frame.only.to_numpy() != ""
        if alone.any():
            height = np.maximum(frame.shipped, frame.billed)[alone]
            ax.plot(at[alone], height, color=ORANGE, marker="v", linestyle="none", label="one side only")
        ax.axhline(0, color="black", linewidth=0.8)
        span = int(at[-1] - at[0]) + 1
        step = next((months for months in (1, 2, 3, 6, 12, 24) if span <= 7 * months), 60)
        ticks = np.arange(at[0], at[-1] + 1, step)
        ax.set_xticks(ticks, [period_label(tick, "month") for tick in ticks])
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set(xlabel="month", ylabel=f"{self.currency or 'money'} a month")
        ax.grid(axis="x", visible=False)
        handles, labels = ax.get_legend_handles_labels()
        order = [labels.index("shipped"), *(i for i, label in enumerate(labels) if label != "shipped")]
        ax.legend(
            [handles[i] for i in order],
            [labels[i] for i in order],
            loc="upper left",
            bbox_to_anchor=(1.01, 1),
        )
        state(ax, self.finding)
        return ax

    def _shown(self) -> pd.DataFrame:
        """Return the months without a column that says nothing."""
        return self._frame if (self._frame.only != "").any() else self._frame.drop(columns="only")


def revenue_against_invoices(shipments: AnyTable, invoices: AnyTable, currency: str = "") -> Reconciliation:
    """Compare by calendar month what was shipped with what was billed for it.

    Parameters
    ----------
    shipments
        booked_at and revenue; rebate is taken off where it is known, refused shipments don't count.
    invoices
        issued_on and amount, without tax unless kind says so; kind separates freight, surcharges, tax and
        credit notes. Without it everything counts as freight, and a remark says so.
    currency
        Currency of all amounts, for titles.

    Returns
    -------
    Reconciliation
        One row per month. Shipments count in the month they were booked, invoices in the month they were
        issued: where billing runs late single months differ, and the cumulative difference shows whether
        billing catches up.

    Raises
    ------
    Refused
        When a column that this needs is absent (all of them are named), or a row has no date.

    Examples
    --------
    >>> import pandas as pd
    >>> shipments = pd.DataFrame({"booked_at": ["2025-01-10", "2025-02-10"], "revenue": [100.0, 50.0]})
    >>> invoices = pd.DataFrame({"issued_on": ["2025-01-31"], "amount": [90.0], "kind": ["freight"]})
    >>> found = revenue_against_invoices(shipments, invoices, "CNY").to_frame()
    >>> found[["month", "only", "shipped", "billed", "cumulative_difference"]]
         month            only  shipped  billed  cumulative_difference
    0  2025-01                    100.0    90.0                   10.0
    1  2025-02  shipments only     50.0     0.0                   60.0
    """
    _refuse_absent(shipments, invoices)
    shipped = _shipped(shipments)
    billed, remarks = _billed(invoices)
    if shipped.empty and billed.empty:
        raise Refused("There are neither shipments nor invoices to compare; give at least one row of either.")
    both = shipped.merge(billed, on="month", how="outer", validate="one_to_one").sort_values("month")
    no_shipment, no_invoice = both.shipped.isna(), both.freight.isna()
    both = both.fillna(0.0).reset_index(drop=True)
    difference = both.shipped - both.freight - both.credit_notes
    frame = pd.DataFrame(
        {
            "month": [period_label(int(month), "month") for month in both.month],
            "shipped": both.shipped,
            "freight": both.freight,
            "credit_notes": both.credit_notes,
            "billed": (both.freight + both.credit_notes).round(_DIGITS),
            "surcharges": both.surcharges,
            "tax": both.tax,
            "difference": difference.round(_DIGITS),
            "difference_share": (difference / both.shipped.where(both.shipped != 0)),
            "cumulative_difference": difference.cumsum().round(_DIGITS),
            "only": np.select([no_invoice, no_shipment], ["shipments only", "invoices only"], ""),
        }
    )
    return Reconciliation(frame, (*remarks, *_one_sided(frame)), currency)


def _refuse_absent(shipments: AnyTable, invoices: AnyTable) -> None:
    existing = {"shipments": shipments.columns, "invoices": invoices.columns}
    absent = [
        f"{column} in {table}"
        for table, needed in _NEEDED.items()
        for column in needed
        if column not in existing[table]
    ]
    if absent:
        raise Refused(f"Comparing shipments with invoices needs {' and '.join(absent)}; map these columns.")


def _known(table: AnyTable, needed: tuple[str, ...], optional: tuple[str, ...]) -> ir.Table:
    return as_table(table, [*needed, *(name for name in optional if name in table.columns)])


def _by_month(rows: ir.Table, date: str, **sums: ir.Value) -> pd.DataFrame:
    """Return the sums by number of the calendar month, refusing rows without a date."""
    keyed = rows.mutate(month=period_index(day_of(rows, date), "month"))
    found = keyed.group_by("month").agg(rows_=keyed.count(), **sums).to_pyarrow().to_pandas()
    refuse_missing(date, int(found.loc[found.month.isna(), "rows_"].sum()), "date")
    return found.astype({"month": "int64"}).fillna(0.0)


def _shipped(shipments: AnyTable) -> pd.DataFrame:
    """Return revenue less rebate by month."""
    rows = _known(shipments, _NEEDED["shipments"], ("rebate", "refused"))
    if "refused" in rows.columns:
        rows = rows.filter(~rows.refused.fill_null(False))
    revenue = number_of(rows, "revenue").fill_null(0.0)
    if "rebate" in rows.columns:
        revenue = revenue - number_of(rows, "rebate").fill_null(0.0)
    found = _by_month(rows, "booked_at", shipped=revenue.sum())
    found["shipped"] = found["shipped"].round(_DIGITS)
    return found[["month", "shipped"]]


def _billed(invoices: AnyTable) -> tuple[pd.DataFrame, list[str]]:
    """Return the amounts by month and kind, one column each, and remarks on how they were counted."""
    rows = _known(invoices, _NEEDED["invoices"], ("kind",))
    amount = number_of(rows, "amount").fill_null(0.0)
    if "kind" not in rows.columns:
        found = _by_month(rows, "issued_on", freight=amount.sum())
        found[["credit_notes", "surcharges", "tax"]] = 0.0
        return _rounded(found), [_NO_KIND]
    own = rows.kind.isin([kind for kind in _KINDS if kind != "freight"]).fill_null(False)
    sums = {name: amount.sum(where=~own if kind == "freight" else rows.kind == kind) for kind, name in _KINDS.items()}
    unnamed = (~rows.kind.isin(list(_KINDS)).fill_null(False)).sum()
    positive = ((rows.kind == "credit note") & (amount > 0)).sum()
    found = _by_month(rows, "issued_on", **sums, unnamed=unnamed, positive=positive)
    return _rounded(found), _kind_remarks(int(found.unnamed.sum()), int(found.positive.sum()))


def _rounded(found: pd.DataFrame) -> pd.DataFrame:
    return found[["month", *_KINDS.values()]].round(_DIGITS)


def _kind_remarks(unnamed: int, positive: int) -> list[str]:
    remarks = []
    if unnamed:
        remarks.append(f"{unnamed:,} invoices without a known kind count as freight.")
    if positive:
        remarks.append(f"{positive:,} credit notes have amounts above zero and are taken as they stand.")
    return remarks


def _one_sided(frame: pd.DataFrame) -> list[str]:
    """Say how many months have one side only: the cumulative difference holds them too."""
    return [
        f"Months with {only}: {len(rows)} ({rows.month.iloc[0]} to {rows.month.iloc[-1]}), in the cumulative "
        "difference too."
        for only, rows in frame[frame.only != ""].groupby("only", sort=True)
    ]


def _finding(frame: pd.DataFrame, currency: str) -> str:
    """Return whether both sides agree, else the month with the largest gap, and what is open in all."""
    both = frame[(frame.only == "") & frame.difference_share.notna()]
    if both.empty:
        return "No month has both shipments and invoices"
    months = f"{len(both)} months" if len(both) > 1 else "1 month"
    largest_share = both.difference_share.abs().max()
    if largest_share <= _AGREE:
        return f"Billed and shipped agree within {largest_share:.1%} in each of {months}"
    largest = both.iloc[int(both.difference.abs().to_numpy().argmax())]
    side = "more shipped than billed" if largest.difference > 0 else "more billed than shipped"
    gap = f"{abs(largest.difference):,.0f} {currency}".strip()
    return (
        f"Over {months} billed is {_less_or_more(both)} shipped; largest gap in {largest.month}: "
        f"{gap} ({abs(largest.difference_share):.1%}) {side}"
    )


def _less_or_more(both: pd.DataFrame) -> str:
    shipped = both.shipped.sum()
    share = both.difference.sum() / shipped if shipped else 0.0
    return f"{abs(share):.1%} {'below' if share >= 0 else 'above'}"
