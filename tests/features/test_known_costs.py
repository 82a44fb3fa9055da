"""What winning and serving customers has cost is added up from whatever the records hold."""

import ibis
import pandas as pd
import pytest

from clvlab.features.known_costs import known_costs

CUSTOMERS = ibis.memtable({"customer_id": ["b", "a", "c"], "acquisition_cost": [900.0, None, 0.0]})
NAMES = ibis.memtable({"customer_id": ["b", "a", "c"]})


def costs(*rows) -> ibis.Table:
    frame = pd.DataFrame(rows, columns=["customer_id", "cost"])
    return ibis.memtable(frame, schema={"customer_id": "string", "cost": "float64"})


def test_acquisition_and_serving_by_customer():
    contacts, campaigns = costs(("a", 40.0), ("a", 60.0), ("b", 5.0)), costs(("a", 7.0))
    found = known_costs({"customers": CUSTOMERS, "contacts": contacts, "campaigns": campaigns})
    assert found.index.to_list() == ["a", "b", "c"]
    assert found.index.name == "customer_id"
    assert found.serving.to_dict() == {"a": 107.0, "b": 5.0, "c": 0.0}
    assert found.acquisition.to_dict() == pytest.approx({"a": float("nan"), "b": 900.0, "c": 0.0}, nan_ok=True)


def test_records_without_costs_have_none():
    for tables in ({"customers": NAMES}, {"customers": NAMES, "contacts": NAMES}):
        found = known_costs(tables)
        assert found.acquisition.isna().all()
        assert (found.serving == 0).all()
        assert found.attrs["one"] == 0


@pytest.mark.parametrize("table", ["contacts", "campaigns"])
def test_either_table_will_do(table):
    found = known_costs({"customers": NAMES, table: costs(("c", 3.0))})
    assert found.serving.to_list() == [0, 0, 3]


def test_unknown_costs_are_no_costs():
    found = known_costs({"customers": NAMES, "contacts": costs(("a", None), ("b", 4.0), ("b", None))})
    assert found.serving.to_dict() == {"a": 0.0, "b": 4.0, "c": 0.0}
    nothing = known_costs({"customers": NAMES, "contacts": costs(("a", None))})
    assert (nothing.serving == 0).all()
    assert nothing.attrs["one"] == 0


def test_costs_of_others_do_not_add_customers():
    found = known_costs({"customers": NAMES, "contacts": costs(("z", 9.0), ("a", 1.0)), "campaigns": costs(("z", 9.0))})
    assert found.index.to_list() == ["a", "b", "c"]
    assert found.serving.sum() == 1


def test_one_contact_typically_costs_the_mean_weighted_by_cost():
    contacts, campaigns = costs(("a", 10.0), ("a", 30.0)), costs(("b", 0.0))
    found = known_costs({"customers": NAMES, "contacts": contacts, "campaigns": campaigns})
    assert found.attrs["one"] == pytest.approx((10**2 + 30**2) / 40)
