"""What the analyst tells the others about a set of records: figures, cases by rule, and what to do."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.assumptions import UNSTATED
from clvlab.records.currency import NOT_STATED
from clvlab.records.quarantine import Quarantine
from clvlab.records.records import Records
from clvlab.results import Headline, Headlines, Note, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class CasesByRule(Result):
    """How many rows and values were set aside, by table, column and rule."""

    title = "Set aside, by rule"

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return table, column, source_column, rule, treatment, cases; most cases first."""
        return self._frame

    def plot(self, ax: Axes | None = None, most: int = 12) -> Axes:
        """Draw the rules with the most cases, rows and values apart."""
        from clvlab.figures import BLUE, ORANGE, new_axes, state

        frame = self._frame.head(most).iloc[::-1]
        ax = ax or new_axes(8.5, 1.4 + 0.34 * len(frame))
        labels = [f"{r.table}: {r.rule}" + (f" ({r.column})" if r.column not in r.rule and r.column else "")
                  for r in frame.itertuples()]  # fmt: skip
        rows = (frame["treatment"] == "row set aside").to_numpy()
        bars = ax.barh(labels, frame["cases"], color=[ORANGE if row else BLUE for row in rows])
        ax.bar_label(bars, fmt="{:,.0f}", padding=3)
        ax.set_xlabel("cases (orange: the row is set aside; blue: only the value)")
        ax.grid(axis="y", visible=False)
        ax.margins(x=0.12)
        total = self._frame.groupby("treatment")["cases"].sum()
        state(
            ax,
            f"{total.get('row set aside', 0):,} rows and {total.get('value set aside', 0):,} values were set aside",
        )
        return ax


def cases_by_rule(quarantine: Quarantine) -> Result:
    """Return the number of cases by table, column and rule, most first, or a note that there are none."""
    frame = quarantine.summary().to_frame()
    if frame.empty:
        return Note("Nothing was set aside.")
    columns = ["table", "column", "source_column", "rule", "treatment", "cases"]
    ordered = frame.sort_values(["cases", "table", "column", "rule"], ascending=[False, True, True, True])
    return CasesByRule(ordered[columns].reset_index(drop=True))


def records_headlines(records: Records, as_of: date) -> Headlines:
    """Return the figures by which records are judged at a glance."""
    sums = records.quarantine.sums
    rows, aside, values = (int(sums[name].sum()) for name in ("rows_in", "set_aside", "values_set_aside"))
    return Headlines(
        Headline("last day recorded", records.last_date.isoformat(), note=f"this report: as of {as_of}"),
        Headline("rows in", rows, "rows", note=f"{len(sums)} tables"),
        Headline("rows set aside", aside, "rows", note=f"{aside / rows:.2%} of the rows"),
        Headline("values set aside", values, "values", note="their rows stay"),
        Headline("money in", records.currency, note=f"{NOT_STATED}." if records.currency == UNSTATED else ""),
    )


def records_to_do(records: Records) -> Note:
    """Return what to do about the records, one sentence each."""
    sentences = []
    summary = records.quarantine.summary().to_frame()
    for case in summary.sort_values("cases", ascending=False, kind="stable").head(5).itertuples():
        where = case.source_column or "the file"
        sentences.append(
            f"Ask who keeps {case.table} about {where}: {case.cases:,} cases of “{case.rule}”, the first in row"
            f" {case.first_row}" + (f" ({case.example})." if case.example else ".")
        )
    absent = [name for name in ("shipments", "invoices", "complaints", "surveys", "contracts") if name not in records]
    if absent:
        sentences.append(
            f"Bring in {', '.join(absent)} when you have them: what they would show is left out everywhere."
        )
    if records.undated:
        sentences.append(
            "Keep a dated copy of the undated ratings each month, so that later tests can see what was known when."
        )
    return Note(*sentences)
