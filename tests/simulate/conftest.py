"""Markets that several tests look at."""

from __future__ import annotations

import pandas as pd
import pytest

from clvlab.simulate import Market, simulate
from clvlab.simulate.market import build
from clvlab.simulate.world import World

Frames = dict[str, pd.DataFrame]


def frames(tables: dict) -> Frames:
    return {name: table.to_pandas() for name, table in tables.items()}


@pytest.fixture(scope="session")
def market() -> Market:
    return simulate(customers=1500, months=36, seed=1)


@pytest.fixture(scope="session")
def tables(market: Market) -> Frames:
    return frames(market.tables)


@pytest.fixture(scope="session")
def truth(market: Market) -> Frames:
    return frames(market.truth)


@pytest.fixture(scope="session")
def clean(tables: Frames, truth: Frames) -> Frames:
    """The tables without the rows in which a fault was planted."""
    planted = truth["planted_faults"]
    out = dict(tables)
    for name, key in (("shipments", "shipment_id"), ("invoices", "invoice_id")):
        bad = planted.loc[planted["table"] == name, "row"]
        out[name] = tables[name][~tables[name][key].isin(bad)]
    surveys = tables["surveys"]
    key = surveys["customer_id"] + " " + surveys["sent_on"].astype(str)
    out["surveys"] = surveys[~key.isin(planted.loc[planted["table"] == "surveys", "row"])]
    return out


@pytest.fixture(scope="session")
def worlds() -> list[World]:
    return [build(1500, 36, seed) for seed in (11, 12, 13, 14)]
