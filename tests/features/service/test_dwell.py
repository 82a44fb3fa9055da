"""How long goods stand at the depot, and who let them stand."""

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.features.service.dwell import dwell_hours, who_let_it_stand
from clvlab.refusal import Refused

AS_OF = "2024-01-31"
START = pd.Timestamp("2024-01-05")


def depot(hours: list, **columns) -> dict:
    """Return shipments that stood so many hours; None for those that still do."""
    ended = [pd.NaT if h is None else START + pd.Timedelta(hours=h) for h in hours]
    frame = pd.DataFrame({"arrived_at": START, "delivered_at": ended}).astype("datetime64[us]")
    return {"shipments": ibis.memtable(frame.assign(**({"customer_id": "a"} | columns)))}


def test_the_median_dwell_is_that_of_the_sorted_hours():
    for n in (100, 101):
        hours = np.random.default_rng(1).integers(0, 6000, n) / 60
        found = dwell_hours(depot(list(hours)), AS_OF).to_frame().iloc[0]
        assert found["median"] == pytest.approx(np.median(hours))
        assert found.median_lower < found["median"] < found.median_upper
        assert found.within_24_hours == pytest.approx((hours <= 24).mean())


def test_what_still_stands_counts_as_over_24_hours():
    found = dwell_hours(depot([2, 3, None, 30]), AS_OF)
    assert found.whole.still_standing == 1
    assert found.whole.within_24_hours == 0.5


def test_what_is_settled_without_a_time_of_delivery_does_not_stand():
    found = dwell_hours(depot([2, 3, None], completed=pd.array([True, True, True])), AS_OF)
    assert found.whole.shipments == 2
    assert "Left out: 1 shipments settled" in found.remarks[0]


def test_only_the_largest_groups_are_shown_but_all_are_counted():
    found = dwell_hours(depot([1, 2, 3, 40], carrier_id=["K1", "K1", "K2", "K3"]), AS_OF, by="carrier_id", most=1)
    assert found.to_frame().carrier_id.tolist() == ["K1"]
    assert found.whole.within_24_hours == 0.75
    assert "1 largest of 3 groups" in found.remarks[0]


def test_those_who_let_it_stand_are_named():
    tables = depot([48, 2, None, 72], responsible_party=["carrier", "own", None, "carrier"])
    found = who_let_it_stand(tables, AS_OF)
    frame = found.to_frame().set_index("responsible_party")
    assert frame.shipments.to_dict() == {"carrier": 2, "not recorded": 1}
    assert frame.days_beyond["carrier"] == 3.0
    assert frame.share.sum() == pytest.approx(1)
    assert found.title.startswith(
        "3 of 4 shipments stood over 24 hours (75.0%); the most with responsible party carrier"
    )


def test_what_cannot_be_told_is_refused():
    with pytest.raises(Refused, match="so nobody let it stand"):
        who_let_it_stand(depot([2], responsible_party="own"), AS_OF)
    with pytest.raises(Refused, match="No shipment arrived at a depot"):
        dwell_hours(depot([2]), "2023-01-01")
    with pytest.raises(Refused, match="needs arrived_at in shipments"):
        dwell_hours({"shipments": depot([2])["shipments"].drop("arrived_at")}, AS_OF)
