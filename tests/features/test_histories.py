"""Histories of purchases, with customers who were there before the records begin."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.clv import ParetoNBD
from clvlab.features import purchase_histories, transaction_summary
from clvlab.features.events import Purchases
from clvlab.periods import days_per
from clvlab.refusal import Refused

AS_OF = dt.date(2024, 6, 30)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]),
        st.dates(dt.date(2024, 1, 1), dt.date(2024, 7, 31)),
        st.one_of(st.none(), st.integers(-2, 20)),
    ),
    max_size=20,
).map(lambda rows: [("a", dt.date(2024, 1, 3), 1), *rows])
ONBOARDED = st.fixed_dictionaries(
    dict.fromkeys("abcd", st.one_of(st.none(), st.dates(dt.date(2022, 1, 1), dt.date(2024, 3, 1))))
)


def bought(rows, meaning="amount invoiced", source="invoices") -> Purchases:
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"]).astype({"value": float})
    frame = frame.assign(date=pd.to_datetime(frame.date), is_order=True)
    table = ibis.memtable(frame)
    table = table.mutate(date=table.date.date(), value=table.value.nullif(float("nan")))
    return Purchases(table if meaning else table.drop("value"), source, meaning)


def known(**onboarded) -> ibis.Table:
    frame = pd.DataFrame({"customer_id": list(onboarded), "onboarded_on": list(onboarded.values())})
    return ibis.memtable(frame, schema={"customer_id": "string", "onboarded_on": "date"})


def by_hand(rows, onboarded, period, negative) -> dict[str, tuple]:
    """Return the histories as their definition says, customer by customer."""
    start, found = min(day for _, day, _ in rows), {}
    for customer in sorted({row[0] for row in rows} | set(onboarded)):
        mine = [(day, value) for who, day, value in rows if who == customer and day <= AS_OF]
        orders = [(day, value) for day, value in mine if value is None or value >= 0 or negative == "purchase"]
        days = sorted({day for day, _ in orders})
        if not days:
            continue
        since = onboarded.get(customer)
        early = since is not None and since < start
        first = start if early else days[0]
        counted = days if early else days[1:]
        money = sum(value or 0 for day, value in mine if early or day != first)
        valued = {day for day, value in orders if value is not None} & set(counted)
        mean = (money / len(valued) if valued else np.nan) if counted else 0.0
        lengths = ((days[-1] - first).days, (AS_OF - first).days, (start - since).days if early else 0)
        found[customer] = (len(counted), *(length / days_per(period) for length in lengths), mean)
    return found


@settings(max_examples=8, deadline=None)
@given(
    rows=ROWS,
    onboarded=ONBOARDED,
    period=st.sampled_from(["day", "week", "month"]),
    source=st.sampled_from(["shipments", "invoices"]),
)
def test_by_hand(rows, onboarded, period, source):
    found = bought(rows, source=source)
    expected = by_hand(rows, onboarded, period, found.negative)
    if not expected:
        with pytest.raises(Refused, match="refunds but no purchase"):
            purchase_histories(found, known(**onboarded), AS_OF, period)
        return
    histories = purchase_histories(found, known(**onboarded), AS_OF, period)
    columns = ["frequency", "recency", "T", "entry", "monetary_value"]
    hand = pd.DataFrame.from_dict(expected, orient="index", columns=columns)
    pd.testing.assert_frame_equal(histories, hand, check_names=False, check_dtype=False)
    start = min(day for _, day, _ in rows)
    early = {customer for customer, since in onboarded.items() if since and since < start}
    assert histories.attrs["window_start"] == start.isoformat()
    assert histories.attrs["known_before"] == len(early & set(expected))
    assert histories.attrs["known_before_without_purchase"] == len(early - set(expected))
    assert histories.attrs["period"] == period


ORDERS = [
    ("new", dt.date(2024, 1, 8), 5.0),
    ("new", dt.date(2024, 1, 22), 7.0),
    ("old", dt.date(2024, 1, 1), 10.0),
    ("old", dt.date(2024, 1, 1), 2.0),
    ("old", dt.date(2024, 2, 5), 30.0),
    ("old", dt.date(2024, 8, 1), 99.0),
    ("first day", dt.date(2024, 1, 1), 4.0),
]


@pytest.mark.parametrize("customers", [None, known(new=None), known(new=dt.date(2024, 1, 2)), "no column"])
@pytest.mark.parametrize("meaning", ["revenue", ""])
def test_all_new_is_the_transaction_summary(customers, meaning):
    found = bought(ORDERS, meaning)
    customers = ibis.memtable({"customer_id": ["old"]}) if isinstance(customers, str) else customers
    histories = purchase_histories(found, customers, AS_OF, "month")
    assert (histories.entry == 0).all()
    assert histories.attrs["known_before"] == histories.attrs["known_before_without_purchase"] == 0
    summary = transaction_summary(found.table, value=found.value, as_of=AS_OF, period="month", merge="day")
    pd.testing.assert_frame_equal(histories.drop(columns="entry"), summary)
    assert summary.attrs.items() <= histories.attrs.items()


def test_known_before():
    customers = known(**{"old": dt.date(2023, 12, 4), "first day": dt.date(2022, 1, 3), "gone": dt.date(2020, 1, 1)})
    histories = purchase_histories(bought(ORDERS), customers, "2024-06-30")
    assert histories.index.tolist() == ["first day", "new", "old"]
    assert histories.loc["old"].tolist() == [2, 5.0, 181 / 7, 4.0, 21.0]
    assert histories.loc["first day"].tolist() == [1, 0.0, 181 / 7, 104.0, 4.0]  # bought only on the first day
    assert histories.loc["new"].tolist() == [1, 2.0, 174 / 7, 0.0, 7.0]
    assert histories.attrs["known_before"] == 2
    assert histories.attrs["known_before_without_purchase"] == 1
    without = purchase_histories(bought(ORDERS, ""), customers, "2024-06-30")
    pd.testing.assert_frame_equal(without, histories.drop(columns="monetary_value"))


def test_refused():
    customers = known(old=dt.date(2023, 1, 1))
    with pytest.raises(Refused, match=r"no row up to 2023-12-31: its first is on 2024-01-01"):
        purchase_histories(bought(ORDERS), customers, "2023-12-31")
    with pytest.raises(Refused, match="period='year' is not known"):
        purchase_histories(bought(ORDERS), customers, AS_OF, "year")
    with pytest.raises(Refused, match="refunds but no purchase up to 2024-06-30"):
        purchase_histories(bought([("old", dt.date(2024, 1, 1), -1.0)]), customers, AS_OF)
    with pytest.raises(Refused, match="no rows"):
        purchase_histories(bought([]), customers, AS_OF)


def test_a_fit_takes_them():
    rng, n = np.random.default_rng(2), 200
    onboarded = pd.Timestamp("2023-06-01") + pd.to_timedelta(rng.integers(0, 365, n), "D")
    left = onboarded + pd.to_timedelta(rng.exponential(400, n), "D")
    orders = pd.DataFrame({"customer_id": np.repeat([f"c{i}" for i in range(n)], 20), "value": 1.0})
    orders["date"] = np.repeat(onboarded, 20) + pd.to_timedelta(rng.integers(0, 400, 20 * n), "D")
    seen = orders.date.to_numpy() <= np.repeat(left.to_numpy(), 20)
    orders = orders[seen & (orders.date.to_numpy() >= np.datetime64("2024-01-01"))]
    customers = known(**{f"c{i}": day.date() for i, day in enumerate(onboarded)})
    histories = purchase_histories(bought(orders[["customer_id", "date", "value"]]), customers, AS_OF)
    assert histories.attrs["known_before"] == (histories.entry > 0).sum() > 20
    assert histories.frequency[histories.entry > 0].min() >= 1
    fit = ParetoNBD().fit(histories, entry="entry")
    assert (fit.period, fit.entry) == ("week", "entry")
    assert fit.probability_alive(histories).between(0, 1).all()
