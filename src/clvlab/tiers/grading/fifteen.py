"""The four-dimension scorecard's fifteen indicators 四维十五项, measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from clvlab.tiers.grading.indicator import Indicator, Indicators, measured
from clvlab.tiers.grading.indicators import financial, potential, risk, stability
from clvlab.tiers.grading.last_year import LastYear

FIFTEEN: tuple[Indicator, ...] = (
    *financial.INDICATORS,
    *potential.INDICATORS,
    *stability.INDICATORS,
    *risk.INDICATORS,
)


def scorecard_indicators(year: LastYear, whose: pd.Series | None = None) -> Indicators:
    """Measure the fifteen indicators of the four-dimension scorecard.

    Parameters
    ----------
    year
        The last year of every customer; what it has read or added up for something else is not read again.
    whose
        Whether to return each customer, by customer_id; everyone in the file when None.

    Returns
    -------
    Indicators
        Of the 365 days up to the day, tenure and referrals of the whole life. An indicator that the records cannot
        tell is in ``missing``, and not among the columns.

    Raises
    ------
    Refused
        When there are neither shipments nor invoices.

    Notes
    -----
    What was counted (weight, money, services, years) is a fact and has no error. A share or a mean is an estimate of
    how the customer is: drawn towards the common one by as little as it has to show, with the posterior's standard
    error. A rating is taken at its word but for rounding.

    An indicator of several parts is their mean, each brought to 0 to 1 between two stated ends, which do not move with
    the data. A part that is not known of one customer counts as the others' mean, with their spread as its error.

    A customer of less than a year is not marked down for the part of the year before it came: volume, revenue and
    frequency are brought to a whole year (:meth:`clvlab.tiers.grading.last_year.LastYear.a_year_of`), as if it stays.
    Measured on the demo, of those who stayed through their first year: what was added up for all was 1.02 times what
    they brought (1.13 times after 30 days or fewer), and 90% intervals held 76 to 85% of them, since orders come in
    bursts.

    Examples
    --------
    >>> scorecard_indicators(LastYear(Ledger(study.records.tables, study.as_of), study.assumptions))  # doctest: +SKIP
    """
    return measured(in_units(FIFTEEN, year), year, f"Indicators of the scorecard, 365 days to {year.as_of}", whose)


def in_units(indicators: Sequence[Indicator], year: LastYear) -> list[Indicator]:
    """Return indicators in the units of these records: money in their currency, volume in orders without weight."""
    money = f"{year.assumptions.currency or 'money'} a year"
    units = {"revenue": money, "value": money, "potential": money}
    if not year.has("shipments", "weight"):
        units["volume"] = "orders a year"
    return [replace(one, unit=units.get(one.name, one.unit)) for one in indicators]
