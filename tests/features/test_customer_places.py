"""Tables are read to the last row, in their order, at the place of each row's customer."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from clvlab.features.customer_places import Places


def test_a_long_table_is_read_in_parts_as_in_one(monkeypatch):
    rng, n = np.random.default_rng(1), 7000
    table = pd.DataFrame({
        "customer_id": rng.choice(["a", "b", "c", "stranger", None], n), "weight": rng.random(n),
        "kind": np.where(np.arange(n) < 5000, "call", rng.choice(["visit", "call", None], n)),
        "urgent": pd.array(rng.random(n) < 0.5, "boolean"),
    })  # fmt: skip
    table.loc[6500, "urgent"] = pd.NA
    monkeypatch.setattr("clvlab.features.customer_places._BATCH", 2048)
    rows = Places.among(ibis.memtable({"customer_id": list("cba")})).rows(ibis.memtable(table))
    known = table[table["customer_id"].isin(["a", "b", "c"])]
    assert rows.customers[rows.place].tolist() == known["customer_id"].tolist()
    assert rows["weight"].tolist() == known["weight"].tolist()
    told = [rows.words["kind"][int(number)] if number == number else None for number in rows["kind"]]
    assert told == known["kind"].tolist()
    np.testing.assert_array_equal(rows["urgent"], known["urgent"].astype("Float64").to_numpy("float64", np.nan))


def test_a_table_without_rows_has_places_and_no_sums():
    empty = ibis.memtable(pd.DataFrame({"customer_id": ["x"], "kind": ["visit"]})).limit(0)
    rows = Places.among(ibis.memtable({"customer_id": list("cba")})).rows(empty)
    assert (len(rows), rows.count().tolist(), rows.words["kind"]) == (0, [0, 0, 0], [])


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "stranger", None]), max_size=12))
def test_codes_find_their_place_whether_few_or_many(codes):
    places = Places.among(ibis.memtable({"customer_id": list("dcba")}))
    found = places.codes.number_of(pa.array(codes, pa.string()))
    assert found.tolist() == ["abcd".find(code) if code else -1 for code in codes]
