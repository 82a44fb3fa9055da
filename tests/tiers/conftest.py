"""Studies of the small market with less on record, or with one customer in it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from clvlab.study import Study

Frames = dict[str, pd.DataFrame]
# Codes that spreadsheets, pages and readers of numbers may take for something else.
STRANGE = ["=1+1", "<script>alert(1)</script>", "C 1", "007", "7", "客户甲", "a'b", 'O"x', "1e5", "-5"]
Opened = Callable[[Callable[[Frames], Frames]], Study]


@pytest.fixture(scope="session")
def invoiced(opened: Opened) -> Study:
    """Nothing but customer codes and invoices."""
    return opened(lambda files: {"customers": files["customers"][["customer_id"]], "invoices": files["invoices"]})


@pytest.fixture(scope="session")
def moved(opened: Opened) -> Study:
    """Nothing but customer codes, some of them strange, and shipments without money."""

    def bare(files: Frames) -> Frames:
        codes = dict(zip(files["customers"]["customer_id"], STRANGE, strict=False))
        kept = {"customers": ["customer_id"], "shipments": ["shipment_id", "customer_id", "booked_at", "weight"]}
        return {name: files[name][columns].replace({"customer_id": codes}) for name, columns in kept.items()}

    return opened(bare)


@pytest.fixture(scope="session")
def alone(opened: Opened) -> Study:
    """The customer with most shipments, and nobody else."""

    def one(files: Frames) -> Frames:
        code = files["shipments"]["customer_id"].value_counts().index[0]
        kept = ("customers", "shipments", "invoices")
        return {name: files[name][files[name]["customer_id"] == code] for name in kept}

    return opened(one)
