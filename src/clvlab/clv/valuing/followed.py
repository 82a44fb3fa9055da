"""The purchase model beside what came: repeat purchases by week, and customers by how often they bought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clvlab.clv.checking.tracking import FrequencyCheck, Tracking
from clvlab.clv.valuing.spot import Spot
from clvlab.features.contract_spells import contract_spells, window_start
from clvlab.periods import parse_date, to_periods
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import datetime as dt

    import ibis.expr.types as ir
    import pandas as pd

    from clvlab.clv.valuing.valuation import Stream
    from clvlab.features.events import Purchases


class Followed:
    """Customers whose purchases a model expects, and how it does on what they bought.

    Attributes
    ----------
    as_of
        The last day known.
    streams
        The models, with their customers.
    """

    as_of: dt.date
    streams: Sequence[Stream]

    @property
    def doubts(self) -> list[str]:
        """What speaks against what is expected, in sentences."""
        return []

    def tracking(
        self, purchases: Purchases, contracts: ir.Table | None = None, until: str | dt.date | None = None
    ) -> Tracking:
        """Return repeat purchases by week as they came and as the purchase model expects them.

        Parameters
        ----------
        purchases
            Of the same records, or of a later day's.
        contracts
            Their contracts: the model was fitted to customers who were never under one, and only they are followed.
            All customers valued by the model when None.
        until
            The last day followed; ``as_of`` when None. What comes after ``as_of`` is a forecast's test.

        Raises
        ------
        Refused
            Where nobody is valued by a purchase model.
        """
        import pandas as pd

        spot, table, whom = self._followed(purchases, contracts)
        end = self.as_of if until is None else parse_date(until)
        silent_left_out, last = spot.fit.entry is not None, float(table["T"].max())
        entry = table["entry"] if silent_left_out else table["T"] * 0.0
        orders = purchases.orders
        days = orders.select(customer_id=orders.customer_id, day=orders.date).distinct().to_pandas()
        days = days[days["customer_id"].isin(table.index)].set_index("customer_id")["day"]
        # Whole days first, so that their weeks are the same numbers as those of the starts.
        age = to_periods((pd.Timestamp(self.as_of) - pd.to_datetime(days)).dt.days, "week")
        own = table.loc[days.index]
        counts = (age < own["T"]) | ((age <= own["T"]) & (entry.loc[days.index] > 0))
        bought = (last - age[counts]).to_numpy()
        ahead = to_periods((end - self.as_of).days, "week")
        return Tracking(spot.fit, last - table["T"], entry, bought, last, last + ahead, silent_left_out, whom)

    def frequency_check(self, purchases: Purchases, contracts: ir.Table | None = None, seed: int = 1) -> FrequencyCheck:
        """Return how many customers bought how often, as they did and as the purchase model expects it.

        Parameters
        ----------
        purchases, contracts
            As in :meth:`tracking`.
        seed
            Of the draws.
        """
        spot, table, whom = self._followed(purchases, contracts)
        return FrequencyCheck(spot.fit, table, seed, spot.fit.entry is not None, whom)

    def _followed(self, purchases: Purchases, contracts: ir.Table | None) -> tuple[Spot, pd.DataFrame, str]:
        """Return the purchase model, the histories of the customers to follow, and who they are."""
        spot = next((stream for stream in self.streams if isinstance(stream, Spot)), None)
        if spot is None:
            raise Refused("No customer is valued by a purchase model, so there is nothing to follow.")
        if contracts is None or len(self.streams) == 1:
            return spot, spot.table, f"{len(spot.table):,} spot customers"
        spells = contract_spells(contracts, self.as_of, window_start(purchases.orders))
        never = spot.table[~spot.table.index.isin(spells["customer_id"])]
        if never.empty:
            raise Refused("Every customer was under contract at some time, so there is nobody to follow.")
        return spot, never, f"{len(never):,} customers never under contract"
