"""Service indicators count what their definitions say, and say what they cannot count."""

import numpy as np
import pandas as pd
import pytest

from clvlab.features import kpis, late_by_responsible_party
from clvlab.refusal import Refused


def stamps(*days: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(days)))


@pytest.fixture
def shipments() -> pd.DataFrame:
    """Return five shipments: in time, late, on its way and overdue, on its way and not due, refused."""
    return pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "b"],
            "booked_at": stamps("2024-01-01", "2024-01-02", "2024-02-01", "2024-02-01", "2024-02-01"),
            "dispatch_due_at": stamps("2024-01-02", "2024-01-03", "2024-02-02", "2024-02-02", "2024-02-02"),
            "dispatched_at": stamps("2024-01-02", "2024-01-04", "2024-02-02", "2024-02-01", None),
            "arrived_at": stamps("2024-01-03", "2024-01-05", "2024-02-07", None, None),
            "delivery_due_at": stamps("2024-01-05", "2024-01-06", "2024-02-08", "2024-02-20", "2024-02-08"),
            "delivered_at": stamps("2024-01-05", "2024-01-08", None, None, None),
            "pieces": [2, 3, None, 4, None],
            "damaged_pieces": [0, 1, None, None, None],
            "completed": [True, False, None, None, False],
            "urgent": [True, None, False, None, None],
            "refused": [False, None, None, None, True],
            "responsible_party": [None, "carrier", None, None, None],
        }
    )


def counts(table) -> dict[str, tuple[int, int]]:
    frame = table.to_frame()
    return {k: (n, m) for k, n, m in zip(frame.kpi, frame.numerator, frame.denominator, strict=True)}


def test_without_an_as_of_date_only_what_happened_counts(shipments):
    assert counts(kpis(shipments)) == {
        "on_time_dispatch": (3, 4),
        "on_time_delivery": (1, 2),
        "dwell_over_24_hours": (2, 2),
        "cargo_damage_frequency": (1, 2),
        "order_completion": (1, 3),
        "urgent_order_completion": (1, 1),
    }


def test_what_is_overdue_at_the_as_of_date_is_late(shipments):
    found = counts(kpis(shipments, as_of="2024-02-10"))
    assert found["on_time_delivery"] == (1, 3)
    assert found["dwell_over_24_hours"] == (3, 3)
    assert counts(kpis(shipments, as_of="2024-02-07"))["on_time_delivery"] == (1, 2)


def test_what_was_given_up_before_it_was_delivered_is_not_late_but_not_carried_out(shipments):
    given_up = shipments.assign(completed=[True, False, False, None, False])
    found = counts(kpis(given_up, as_of="2024-02-10"))
    assert found["on_time_delivery"] == (1, 2)
    assert found["dwell_over_24_hours"] == (2, 2)
    assert found["order_completion"] == (1, 4)


def test_a_due_date_without_time_of_day_lasts_until_midnight(shipments):
    evening = shipments.assign(
        delivered_at=stamps("2024-01-05 22:00", *[None] * 4),
        delivery_due_at=shipments.delivery_due_at.dt.date,
        completed=None,
    )
    assert counts(kpis(evening))["on_time_delivery"] == (1, 1)
    assert counts(kpis(evening, as_of="2024-02-08"))["on_time_delivery"] == (1, 3)


def test_missing_columns_switch_an_indicator_off_with_the_reason(shipments):
    table = kpis(shipments.drop(columns="urgent"))
    assert table.missing == {
        "pod_return_on_time": "needs pod_returned_at and pod_due_at in shipments",
        "perfect_order": "needs pod_returned_at and pod_due_at in shipments",
        "urgent_order_completion": "needs urgent in shipments",
    }
    empty = kpis(shipments.assign(pod_due_at=pd.NaT, pod_returned_at=stamps(*[None] * 5)))
    assert "no shipment has what it needs filled" in empty.missing["pod_return_on_time"]


def test_shipments_that_show_nothing_are_refused(shipments):
    with pytest.raises(Refused, match="no service indicator"):
        kpis(shipments[["customer_id"]])
    with pytest.raises(Refused, match="did you mean 'customer_id'"):
        kpis(shipments, by="customer")


def test_groups_add_up_to_the_whole(shipments):
    whole = counts(kpis(shipments, as_of="2024-02-10"))
    for by, period in ((["customer_id"], None), (None, "month"), (["customer_id", "urgent"], "week")):
        parts = kpis(shipments, by=by, period=period, as_of="2024-02-10").to_frame()
        sums = parts.groupby("kpi")[["numerator", "denominator"]].sum()
        assert {k: tuple(row) for k, row in zip(sums.index, sums.to_numpy().tolist(), strict=True)} == whole


def test_a_small_group_leans_on_the_others():
    n = [2, 200, 100, 300, 150, 80]
    late = [1, 10, 4, 20, 6, 3]
    due = pd.Timestamp("2024-01-02")
    table = pd.DataFrame(
        [(f"carrier {i}", due, due + pd.Timedelta(days=int(j < late[i]))) for i in range(6) for j in range(n[i])],
        columns=["carrier_id", "delivery_due_at", "delivered_at"],
    )
    found = kpis(table, by="carrier_id").to_frame().set_index("carrier_id")
    assert found.rate["carrier 0"] == 0.5
    assert 0.8 < found.shrunk["carrier 0"] < 0.96
    assert np.all((found.shrunk_lower < found.shrunk) & (found.shrunk < found.shrunk_upper))
    assert found.shrunk["carrier 3"] == pytest.approx(found.rate["carrier 3"], abs=0.02)


def test_periods_are_named_and_in_order(shipments):
    found = kpis(shipments, period="month").to_frame()
    assert found[found.kpi == "on_time_dispatch"].month.tolist() == ["2024-01", "2024-02"]


def test_late_deliveries_are_counted_by_who_caused_them(shipments):
    found = late_by_responsible_party(shipments, as_of="2024-02-10").to_frame()
    assert dict(zip(found.responsible_party, found.late, strict=True)) == {"carrier": 1, "not recorded": 1}
    assert found.share.sum() == 1


def test_nobody_is_blamed_when_nothing_is_late(shipments):
    with pytest.raises(Refused, match="nobody is responsible"):
        late_by_responsible_party(shipments.head(1))
