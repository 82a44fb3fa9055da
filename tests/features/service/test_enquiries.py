"""Enquiries: answered when, through how many hands, and asked while what was under way."""

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.features.service.enquiries import enquiry_times, hand_offs, needless_enquiries
from clvlab.refusal import Refused

AS_OF = "2025-12-31"


def contacts(asked: list[str], **columns):
    frame = pd.DataFrame({"contacted_at": pd.to_datetime(asked).astype("datetime64[us]"), "kind": "enquiry"})
    return ibis.memtable(frame.assign(**({"customer_id": "a"} | columns)))


def shipments(*rows: tuple):
    names = ["customer_id", "dispatched_at", "delivery_due_at", "delivered_at"]
    frame = pd.DataFrame(list(rows), columns=names)
    return ibis.memtable(frame.astype(dict.fromkeys(names[1:], "datetime64[us]")))


def test_visits_are_no_enquiries_and_open_ones_count():
    answered = pd.to_datetime(["2025-12-01 05:00", None, None]).astype("datetime64[us]")
    table = contacts(["2025-12-01"] * 3, kind=["enquiry", "enquiry", "visit"], answered_at=answered)
    found = enquiry_times({"contacts": table}, AS_OF)
    assert found.whole.enquiries == 2
    assert found.whole.still_open == 1
    assert found.whole.within_24_hours == 0.5


def test_hand_offs_are_counted_where_they_are_recorded():
    table = contacts(["2025-12-01"] * 4, hand_offs=pd.array([0, 1, 3, None], dtype="Int64"), channel=list("ppww"))
    found = hand_offs({"contacts": table}, AS_OF, by="channel").to_frame().set_index("channel")
    assert found.two_or_more.to_dict() == {"p": 0.0, "w": 1.0}
    assert found.hand_offs.to_dict() == {"p": 0.5, "w": 3.0}


def test_an_order_is_under_way_from_dispatch_to_delivery():
    orders = shipments(
        ("a", "2025-01-01", "2025-01-03", "2025-01-02"), ("a", "2025-06-01", "2025-06-03", "2025-06-05"),
        ("b", "2025-06-01", "2025-06-30", None),
    )  # fmt: skip
    asked = ["2025-05-31", "2025-06-02", "2025-06-04", "2025-06-06", "2025-08-01"]
    tables = {"shipments": orders, "contacts": contacts(asked, customer_id=["a", "a", "a", "a", "b"])}
    found = needless_enquiries(tables, AS_OF).to_frame().iloc[0]
    assert found.under_way == 3 / 5
    assert found.overdue == 2 / 5
    assert found.by_chance == 1 / 5
    assert found.beyond_chance == pytest.approx(2 / 5)


def test_it_agrees_with_a_search_through_all_orders():
    rng = np.random.default_rng(1)
    begun = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.uniform(0, 300, 200), "D")
    ended = begun + pd.to_timedelta(rng.exponential(4, 200), "D")
    who = rng.integers(0, 9, 200).astype(str)
    orders = shipments(*zip(who, begun, ended - pd.Timedelta(days=1), ended, strict=True))
    asked = pd.Timestamp("2025-03-01") + pd.to_timedelta(rng.uniform(0, 200, 150), "D")
    by = rng.integers(0, 10, 150).astype(str)
    tables = {"shipments": orders, "contacts": contacts(list(asked.astype(str)), customer_id=by)}
    found = needless_enquiries(tables, AS_OF).to_frame().iloc[0]

    def share(begun, ended):
        return np.mean([((who == c) & (begun <= at) & (at < ended)).any() for c, at in zip(by, asked, strict=True)])

    assert found.under_way == pytest.approx(share(begun, ended))
    assert found.overdue == pytest.approx(share(np.maximum(begun, ended - pd.Timedelta(days=1)), ended), abs=0.05)


def test_shares_of_the_demo_by_channel_are_shares(small_study):
    tables = dict(small_study.records.tables)
    found = needless_enquiries(tables, small_study.as_of, by="channel").to_frame()
    assert found.under_way.between(0, 1).all()
    assert (found.overdue <= found.under_way).all()


def test_refusals_say_what_is_missing():
    with pytest.raises(Refused, match="need the table contacts"):
        enquiry_times({}, AS_OF)
    with pytest.raises(Refused, match="no enquiry"):
        enquiry_times({"contacts": contacts([], answered_at=pd.NaT)}, AS_OF)
    with pytest.raises(Refused, match="needs the table shipments"):
        needless_enquiries({"contacts": contacts(["2025-12-01"])}, AS_OF)
    with pytest.raises(Refused, match="No enquiry has hand_offs"):
        hand_offs({"contacts": contacts(["2025-12-01"], hand_offs=pd.array([None], dtype="Int64"))}, AS_OF)
