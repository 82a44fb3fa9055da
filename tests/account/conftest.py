"""Accounts of the small market, and of the same with less on record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from clvlab.account.accounts import Accounts
from clvlab.opening import open_study
from clvlab.study import Study

Frames = dict[str, pd.DataFrame]
Changed = Callable[[Callable[[Frames], Frames]], Accounts]


def accounts_of(study: Study) -> Accounts:
    return Accounts(study.playbook, lambda: study.watch_list, study.satisfaction)


@pytest.fixture(scope="session")
def accounts(small_study: Study) -> Accounts:
    """All accounts of the small market."""
    return accounts_of(small_study)


@pytest.fixture(scope="session")
def changed(small_market: Path, tmp_path_factory: pytest.TempPathFactory) -> Changed:
    """Open the accounts of the small market after a change of its files, read as text."""

    def opened(change: Callable[[Frames], Frames]) -> Accounts:
        files = {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in small_market.glob("*.csv")}
        folder = tmp_path_factory.mktemp("accounts")
        for name, frame in change(files).items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        return accounts_of(open_study(folder))

    return opened


@pytest.fixture(scope="session")
def invoiced(changed: Changed) -> Accounts:
    """Nothing but customer codes and invoices."""
    return changed(lambda files: {"customers": files["customers"][["customer_id"]], "invoices": files["invoices"]})


@pytest.fixture(scope="session")
def moved(changed: Changed) -> Accounts:
    """Nothing but customer codes and shipments without money."""
    kept = {"customers": ["customer_id"], "shipments": ["shipment_id", "customer_id", "booked_at"]}
    return changed(lambda files: {name: files[name][columns] for name, columns in kept.items()})


@pytest.fixture(scope="session")
def alone(changed: Changed) -> Accounts:
    """One customer with two shipments, and nobody else."""

    def one(files: Frames) -> Frames:
        code = files["shipments"]["customer_id"].value_counts().index[0]
        customers, shipments = (files[name][files[name]["customer_id"] == code] for name in ("customers", "shipments"))
        return {"customers": customers, "shipments": shipments.head(2)}

    return changed(one)


@pytest.fixture(scope="session")
def strange(changed: Changed) -> Accounts:
    """The largest customer has markup, quotes and line breaks in its name, and a path for a code; NEW never ordered."""

    def renamed(files: Frames) -> Frames:
        code = files["shipments"]["customer_id"].value_counts().index[0]
        customers = files["customers"]
        customers.loc[customers["customer_id"] == code, "name"] = "<script>alert('x')</script>\n\"Ltd\" =1+1"
        newcomer = customers.iloc[[0]].assign(customer_id="NEW", name="Newcomer", onboarded_on="2025-12-30")
        files["customers"] = pd.concat([customers, newcomer])
        kept = ("customers", "shipments", "contacts", "complaints")
        return {name: files[name].replace({"customer_id": {code: "../evil"}}) for name in kept}

    return changed(renamed)
