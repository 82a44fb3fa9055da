"""The models by which customers are valued, fitted to what the records of one day hold."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.clv.checking.backtest_result import Backtest
from clvlab.clv.models.margins import ContributionMargin
from clvlab.clv.models.outlook import Outlook
from clvlab.clv.models.spend import GammaGamma
from clvlab.clv.valuing.doubts import fits, reservations
from clvlab.clv.valuing.fitted_purchases import fit_purchases
from clvlab.clv.valuing.growth import USUAL, Growth, estimate_growth
from clvlab.clv.valuing.spot import Spot
from clvlab.clv.valuing.ties import UNIT
from clvlab.clv.valuing.valuation import Money, Stream, expected_values
from clvlab.features.customer_file.shared import plural
from clvlab.features.events import MARGIN, Purchases
from clvlab.features.growth import stayers
from clvlab.features.known_costs import known_costs
from clvlab.features.transactions import transaction_summary
from clvlab.features.values import value_summary
from clvlab.periods import to_days, to_periods
from clvlab.records.records import Records
from clvlab.refusal import Refused
from clvlab.shrinkage import pool_counts

NEEDS_MONEY = "A value needs money: revenue and direct_cost in shipments, or invoices with amounts."
_MONTHS = ("horizon_months", "growth_lasts_months")


@dataclass(frozen=True)
class Models:
    """What customers are valued by.

    Attributes
    ----------
    purchases
        What they bought, held in memory.
    tested
        The purchase models on months held out; its winner is the one of ``spot``.
    spot
        Customers without a running contract.
    streams
        Them and those under contract, as far as there are any.
    costs, so_far
        By customer: known costs, and what purchases have been worth less the costs of serving.
    money
        What a purchase is worth.
    growth
        How what stayers buy grows.
    outlook
        How the time up to the horizon counts.
    remarks
        What was done, and what the fits say against themselves.
    """

    purchases: Purchases
    tested: Backtest
    spot: Spot
    streams: list[Stream]
    costs: pd.DataFrame
    so_far: pd.DataFrame
    money: Money
    growth: Growth
    outlook: Outlook
    remarks: tuple[str, ...]

    def expected_values(self) -> pd.Series:
        """Return what each customer is expected to be worth up to the horizon, by customer_id."""
        return pd.concat([expected_values(stream, self.money, self.outlook)[0] for stream in self.streams])


def fit_models(
    records: Records, purchases: Purchases, as_of: dt.date, assumptions: Assumptions, seed: int = 1
) -> Models:
    """Return the models behind :func:`~clvlab.clv.valuing.customer_base.value_base`, whose arguments these are.

    Raises
    ------
    Refused
        Without money in the records, and with too few repeat buyers or too short a window for any model.
    """
    if purchases.value is None:
        raise Refused(NEEDS_MONEY)
    # Read once: what follows asks for them a dozen times, and each would go back to the records.
    purchases = replace(purchases, table=purchases.table.cache())
    bought = fit_purchases(records, purchases, as_of, seed)
    costs = known_costs(records.tables)
    costs = costs.reindex(bought.customers)  # keeps attrs
    so_far = _net_values(purchases, costs, as_of)
    money = _money(purchases, so_far, as_of, bool(costs["serving"].any()))
    growth, grown = _growth(purchases, so_far, as_of)
    if assumptions.growth_lasts_months == 0:
        growth, grown = Growth(spread=growth.spread), "No growth is assumed (growth_lasts_months = 0)."
    outlook = looked_ahead(assumptions, assumptions.annual_discount_rate, growth.value)
    remarks = (*bought.remarks, grown, *reservations(fits([], money.fit)), _costs(costs))
    return Models(purchases, bought.tested, bought.spot, bought.streams, costs, so_far, money, growth, outlook, remarks)


def looked_ahead(assumptions: Assumptions, annual_rate: float, growth: float) -> Outlook:
    """Return how the time up to the horizon counts, at a discount rate and a yearly growth."""
    ends, lasts = (to_periods(to_days(getattr(assumptions, name), "month"), UNIT) for name in _MONTHS)
    return Outlook(annual_rate, UNIT, ends, growth, lasts)


def _net_values(purchases: Purchases, costs: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Return what each customer's purchases have been worth, less recorded costs of serving.

    What serving costs per purchase is drawn towards that of all: a new customer's first visits would else make every
    later purchase a loss.
    """
    found = value_summary(purchases, as_of).reindex(costs.index)
    found = found.fillna({"valued_purchases": 0, "total_value": 0.0})
    serving, bought = costs["serving"].fillna(0.0), found["valued_purchases"]
    found["total_value"] -= serving
    one = float(costs.attrs["one"])
    if one > 0:
        pooled = pool_counts(serving / one, bought.clip(lower=1.0))
        found["mean_value"] -= one * pooled.estimate
    return found


def _money(purchases: Purchases, so_far: pd.DataFrame, as_of: dt.date, serving: bool) -> Money:
    """Return what a purchase is worth: by Gamma-Gamma where values are amounts above 0, else by margins of any sign."""
    table = so_far
    if purchases.meaning != MARGIN and not serving and bool((so_far["mean_value"].dropna() > 0).all()):
        summary = transaction_summary(
            purchases.table, value=purchases.value, as_of=as_of, period=UNIT, merge="day", negative=purchases.negative
        )
        table = summary[["frequency", "monetary_value"]].reindex(so_far.index).fillna(0.0)
        repeat = table["frequency"] > 0
        if not (table.loc[repeat, "monetary_value"] < 0).any():
            fit = GammaGamma().fit(table)
            if fit.params_["q"] > 2:  # else a new customer's mean value is infinite, or hardly told
                return Money(fit, table)
    return Money(ContributionMargin().fit(so_far), so_far)


def _growth(purchases: Purchases, so_far: pd.DataFrame, as_of: dt.date) -> tuple[Growth, str]:
    """Return how what stayers buy grows, and what is said of it; none where the records are too short."""
    try:
        pairs = stayers(purchases, as_of)
    except Refused as refusal:
        return Growth(error=USUAL), f"{refusal} None is assumed, give or take {USUAL:.0%} a year."
    growth = estimate_growth(pairs[pairs.index.isin(so_far.index)], so_far)
    if not growth.told:
        few = f"Only {plural(growth.customers, 'customers')} stayed through both of the last two years"
        return growth, f"{few}: no growth is assumed, give or take {USUAL:.0%} a year."
    return growth, (
        f"What stayers bring is taken to grow by {growth.value:+.1%} a year (standard error {growth.error:.1%}), as "
        f"{growth.customers:,} of them showed, drawn towards none the less they tell."
    )


def _costs(costs: pd.DataFrame) -> str:
    """Return which costs the values are less."""
    known = {
        "of winning customers": costs["acquisition"].notna().any(),
        "of contacts and campaigns": costs["serving"].any(),
    }
    there = " and ".join(name for name, is_there in known.items() if is_there)
    return f"Values are less recorded costs {there}." if there else "The records hold no costs of customers."
