"""Accounts of the small market, and of the same with less on record."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from clvlab.account.accounts import Accounts
from clvlab.study import Study

Frames = dict[str, pd.DataFrame]
Opened = Callable[[Callable[[Frames], Frames]], Study]


def accounts_of(study: Study) -> Accounts:
    return Accounts(study.playbook, study.retention, study.satisfaction)


@pytest.fixture(scope="session")
def accounts(small_study: Study) -> Accounts:
    """All accounts of the small market."""
    return accounts_of(small_study)


@pytest.fixture(scope="session")
def invoiced(opened: Opened) -> Accounts:
    """Nothing but customer codes and invoices."""
    return accounts_of(
        opened(lambda files: {"customers": files["customers"][["customer_id"]], "invoices": files["invoices"]})
    )


@pytest.fixture(scope="session")
def moved(opened: Opened) -> Accounts:
    """Nothing but customer codes and shipments without money."""
    kept = {"customers": ["customer_id"], "shipments": ["shipment_id", "customer_id", "booked_at"]}
    return accounts_of(opened(lambda files: {name: files[name][columns] for name, columns in kept.items()}))


@pytest.fixture(scope="session")
def alone(opened: Opened) -> Accounts:
    """One customer with two shipments, and nobody else."""

    def one(files: Frames) -> Frames:
        code = files["shipments"]["customer_id"].value_counts().index[0]
        customers, shipments = (files[name][files[name]["customer_id"] == code] for name in ("customers", "shipments"))
        return {"customers": customers, "shipments": shipments.head(2)}

    return accounts_of(opened(one))


@pytest.fixture(scope="session")
def strange(opened: Opened) -> Accounts:
    """The largest customer has markup, quotes and line breaks in its name, and a path for a code; NEW never ordered."""

    def renamed(files: Frames) -> Frames:
        code = files["shipments"]["customer_id"].value_counts().index[0]
        customers = files["customers"]
        customers.loc[customers["customer_id"] == code, "name"] = "<script>alert('x')</script>\n\"Ltd\" =1+1"
        newcomer = customers.iloc[[0]].assign(customer_id="NEW", name="Newcomer", onboarded_on="2025-12-30")
        files["customers"] = pd.concat([customers, newcomer])
        kept = ("customers", "shipments", "contacts", "complaints")
        return {name: files[name].replace({"customer_id": {code: "../evil"}}) for name in kept}

    return accounts_of(opened(renamed))
