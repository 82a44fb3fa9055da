"""The models of what customers will buy, fitted to the records of one day; what a purchase is worth plays no part."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clvlab.clv.checking.backtest_result import Backtest
from clvlab.clv.valuing.doubts import fits, reservations
from clvlab.clv.valuing.spot import Spot
from clvlab.clv.valuing.ties import choose_model, find_ties, fit_spot
from clvlab.clv.valuing.valuation import Stream
from clvlab.features.customer_file.shared import plural
from clvlab.features.events import Purchases
from clvlab.records.records import Records
from clvlab.refusal import Refused

_ON_ALL = "Those never under contract are too few for a model of their own: it is fitted to the purchases of all."


@dataclass(frozen=True)
class PurchaseModels:
    """What customers' purchases are expected by.

    Attributes
    ----------
    tested
        The purchase models on months held out; its winner is the one of ``spot``.
    spot
        Customers without a running contract.
    streams
        Them and those under contract, as far as there are any.
    remarks
        What was done.
    """

    tested: Backtest
    spot: Spot
    streams: list[Stream]
    remarks: tuple[str, ...]

    @property
    def customers(self) -> pd.Index:
        """All of them, stream by stream."""
        return pd.Index(np.concatenate([stream.table.index for stream in self.streams]), name="customer_id")


def fit_purchases(records: Records, purchases: Purchases, as_of: dt.date, seed: int = 1) -> PurchaseModels:
    """Return the purchase model that did best on months held out, and the one of contracts.

    Parameters
    ----------
    records, purchases, as_of, seed
        As :func:`~clvlab.clv.valuing.customer_base.value_base` takes them; the purchases held in memory.

    Raises
    ------
    Refused
        With too few repeat buyers or too short a window for any model.
    """
    ties = find_ties(records, purchases, as_of)
    try:
        tested = choose_model(ties, records, purchases, as_of, seed)
    except Refused:
        if not ties.ever:
            raise
        ties = replace(ties, ever=[], remark=f"{ties.remark} {_ON_ALL}")
        tested = choose_model(ties, records, purchases, as_of, seed)
    spot = fit_spot(str(tested.winner), ties, records, purchases, as_of)
    streams: list[Stream] = [stream for stream in (ties.contracted, spot) if stream is not None and len(stream.table)]
    remarks = (tested.verdict, ties.remark, *reservations(fits(streams)), *_silent(spot))
    return PurchaseModels(tested, spot, streams, remarks)


def _silent(spot: Spot) -> list[str]:
    """Return how many customers are left out for having bought nothing in the records."""
    silent = int(spot.table.attrs.get("known_before_without_purchase", 0))
    if not silent:
        return []
    return [f"{plural(silent, 'customers')} known before the records begin bought nothing in them: left out."]
