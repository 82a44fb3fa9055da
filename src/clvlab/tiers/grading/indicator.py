"""What grading measures of customers: one figure per indicator and customer, and how far it is measured at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.by_customer import aligned
from clvlab.results import Note, Result, Table

if TYPE_CHECKING:
    from clvlab.tiers.grading.last_year import LastYear
    from clvlab.tiers.grading.measured import Measured

# From here on digits after the point say nothing.
_WHOLE = 1000
# What the customer file says without a date, so that no as-of cut can hide later changes.
UNDATED = (
    "credit_rating", "brand_influence", "strategic_fit", "industry_risk", "requirements", "logistics_spend",
)  # fmt: skip


@dataclass(frozen=True)
class Indicator:
    """One indicator of a grading scheme.

    Attributes
    ----------
    name, label
        Field name, and how it is called in tables and sentences.
    dimension
        The dimension it belongs to, such as ``"financial"``.
    unit
        Of its values.
    higher_is_better
        Whether a higher value speaks for the customer.
    meaning
        What is measured, with the rule's numbers.
    needs
        What the records must hold, in a line.
    error
        What its standard error of measurement comes from.
    measure
        From the last year to the figure of every customer, missing where it is not known.
    """

    name: str
    label: str
    dimension: str
    unit: str
    higher_is_better: bool
    meaning: str
    needs: str
    error: str
    measure: Callable[[LastYear], Measured]


@dataclass(frozen=True, repr=False, eq=False)
class Indicators(Result):
    """Indicators of all customers.

    Attributes
    ----------
    title
        Which scheme they belong to.
    values
        One row per customer (customer_id) and one column per indicator; missing where it is not known.
    errors
        Standard errors of measurement, alike; 0 for what was counted or is taken at its word.
    known
        The indicators that are known of at least one customer, by name.
    missing
        The others, by name: the records lack what they need.
    remarks
        What a reader must know, in sentences.
    """

    title: str = field()  # no default, unlike the base class
    values: pd.DataFrame
    errors: pd.DataFrame
    known: pd.Series
    missing: Mapping[str, Indicator]
    remarks: Sequence[str] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer: customer_id, and each indicator with its standard error (``<name>_error``)."""
        both: dict[str, pd.Series] = {}
        for name in self.values:
            both |= {name: self.values[name], f"{name}_error": self.errors[name]}
        return pd.DataFrame(both, index=self.values.index).reset_index()

    def summary(self) -> Table:
        """Return one row per indicator: dimension, indicator, unit, better, known, lowest, median, highest, error.

        ``known`` is the share of customers it is known of, ``error`` the median standard error of measurement.
        """
        rows = [
            {
                "dimension": one.dimension,
                "indicator": one.label,
                "unit": one.unit,
                "better": "higher" if one.higher_is_better else "lower",
                "known": self.values[name].notna().mean(),
                "lowest": _in_short(self.values[name].min()),
                "median": _in_short(self.values[name].median()),
                "highest": _in_short(self.values[name].max()),
                "error": _in_short(self.errors[name].median()),
            }
            for name, one in self.known.items()
        ]
        return Table(pd.DataFrame(rows), self.title, percent=("known",), fold=False)

    def rules(self) -> Table:
        """Return what each indicator means and where its error comes from: indicator, meaning, error."""
        rows = [{"indicator": one.label, "meaning": one.meaning, "error": one.error} for one in self.known]
        return Table(pd.DataFrame(rows), f"{self.title}: what they mean", fold=False)

    def __repr__(self) -> str:
        """Return the summary as text, what is missing and the remarks below."""
        return "\n".join([repr(self.summary()), *self._notes()])

    def _repr_html_(self) -> str:
        notes = self._notes()
        return self.summary()._repr_html_() + (Note(*notes)._repr_html_() if notes else "")

    def _notes(self) -> list[str]:
        return [*(f"Missing: {one.label} needs {one.needs}." for one in self.missing.values()), *self.remarks]


def measured(indicators: Sequence[Indicator], year: LastYear, title: str, whose: pd.Series | None = None) -> Indicators:
    """Measure indicators of customers; those that are known of nobody are missing.

    Parameters
    ----------
    indicators
        What to measure.
    year
        The last year of every customer.
    title
        Which scheme they belong to.
    whose
        Whether to return each customer, by customer_id; everyone in the file when None. What is drawn towards others is
        drawn towards all.
    """
    everyone = pd.Series(True, year.customers)
    place = np.flatnonzero(everyone if whose is None else aligned(whose, year.customers).eq(True))
    known, values, errors = {}, {}, {}
    for one in indicators:
        found = one.measure(year).of(year.customers)
        # Picked, which copies: the year keeps figures, and whoever holds the table may write into it.
        value = found.value.to_numpy()[place]
        if not np.isnan(value).all():
            known[one.name] = one
            values[one.name] = value
            errors[one.name] = np.where(np.isnan(value), np.nan, found.error.to_numpy()[place])
    customers = year.customers[place]
    return Indicators(
        title,
        pd.DataFrame(values, customers, copy=False),
        pd.DataFrame(errors, customers, copy=False),
        pd.Series(known, dtype=object),
        {one.name: one for one in indicators if one.name not in known},
        _remarks(year),
    )


def _remarks(year: LastYear) -> tuple[str, ...]:
    """Say how new customers and undated ratings were taken, and whose tenure the records cut off."""
    remarks = []
    new = int((year.since > pd.Timestamp(year.start)).sum())
    if new:
        remarks.append(f"{new:,} customers came within the year: what they bring is brought to a whole one.")
    undated = [name for name in UNDATED if year.has("customers", name)]
    if undated:
        remarks.append(f"Undated, taken as they stand in the customer file today: {', '.join(undated)}.")
    return tuple(remarks)


def _in_short(number: float) -> str:
    """Return a number with three digits that count, thousands whole."""
    return f"{number:,.0f}" if abs(number) >= _WHOLE else f"{float(f'{number:.3g}'):g}"
