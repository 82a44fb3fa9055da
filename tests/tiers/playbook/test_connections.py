"""Connected customers are found on lanes and in the file, with the part of each that hangs on an account."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from clvlab.tiers.playbook.connections import connections, going_along


def tables(shipments: list[tuple[str, str | None]], **file: list) -> dict[str, ibis.Table]:
    frame = pd.DataFrame(shipments, columns=["customer_id", "consignee_id"]).astype("string")
    customers = pd.DataFrame({name: pd.Series(values, dtype="string") for name, values in file.items()})
    return {"shipments": ibis.memtable(frame), "customers": ibis.memtable(customers)}


def ties(found: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(found[["customer_id", "connected_id", "tie"]].itertuples(index=False, name=None))


def test_lanes_tie_both_ways_and_only_customers():
    found = connections(tables([("a", "b"), ("a", "stranger"), ("c", "a"), ("a", "a")], customer_id=["a", "b", "c"]),
                        pd.Index(["a"]))  # fmt: skip
    assert ties(found) == {("a", "b", "ships to"), ("a", "c", "receives from")}


def test_the_share_is_that_of_the_connected_customers_own_shipments():
    lanes = [("a", "b"), ("b", None), ("b", None), ("b", "a")]
    found = connections(tables(lanes, customer_id=["a", "b"]), pd.Index(["a"])).set_index("tie")
    assert found.loc["ships to", "share"] == pytest.approx(1 / 4)
    assert found.loc["receives from", "share"] == pytest.approx(1 / 4)


def test_owner_payer_and_referral_tie():
    found = connections(
        tables([], customer_id=["a", "b", "c", "d"], parent_id=[None, "a", "a", None], bill_to_id=["a", "b", "c", "a"],
               referred_by=[None, None, None, "b"]),
        pd.Index(["b"]),
    )  # fmt: skip
    assert ties(found) == {("b", "a", "same owner"), ("b", "c", "same owner"), ("b", "d", "referred by it")}
    assert found.set_index("connected_id").loc["a", "share"] == 1
    assert pd.isna(found.set_index("connected_id").loc["d", "share"])


def test_without_consignees_owners_or_accounts_there_are_no_connections():
    customers = {"customers": ibis.memtable(pd.DataFrame({"customer_id": ["a"]}))}
    assert connections(customers, pd.Index(["a"])).empty
    assert connections(tables([("a", "b")], customer_id=["a", "b"]), pd.Index([], dtype=object)).empty


def test_a_customer_tied_twice_counts_once_by_its_closest_tie():
    pairs = pd.DataFrame({"customer_id": "a", "connected_id": ["b", "b", "c"], "shipments": 1.0,
                          "tie": ["ships to", "same owner", "referred by it"], "share": [0.2, 1.0, None]})  # fmt: skip
    found = going_along(pairs, pd.Series({"b": 100.0, "c": 40.0})).loc["a"]
    assert (found["connected"], found["connected_value"], found["hanging_value"]) == (2, 140.0, 100.0)
    assert found["connected_are"] == "b (same owner), c (referred by it)"
