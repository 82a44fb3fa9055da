"""Shipments against invoices: sums by hand, nothing lost, and sentences that say what was found."""

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvlab.features.reconciliation import revenue_against_invoices
from clvlab.refusal import Refused

SHIPMENTS = pd.DataFrame(
    {
        "booked_at": ["2025-01-05", "2025-01-31 23:59:00", "2025-02-01", "2025-02-10", "2025-04-02"],
        "revenue": [100.0, 50.0, 200.0, 80.0, 40.0],
        "rebate": [10.0, None, 0.0, 0.0, 0.0],
        "refused": [False, False, False, True, None],
    }
)
INVOICES = pd.DataFrame(
    {
        "issued_on": ["2025-01-31", "2025-01-31", "2025-01-31", "2025-02-28", "2025-02-28", "2025-03-15"],
        "amount": [150.0, -10.0, 9.0, 150.0, 5.0, 50.0],
        "kind": ["freight", "credit note", "tax", "freight", "surcharge", None],
    }
)


def reconciled(shipments=SHIPMENTS, invoices=INVOICES, currency="CNY"):
    return revenue_against_invoices(shipments, invoices, currency)


def months(found):
    return found.to_frame().set_index("month")


def test_shipped_is_revenue_less_rebate_of_shipments_that_were_not_refused():
    assert months(reconciled()).shipped.to_dict() == {
        "2025-01": 140.0,
        "2025-02": 200.0,
        "2025-03": 0.0,
        "2025-04": 40.0,
    }


def test_credit_notes_lower_what_is_billed_while_tax_and_surcharges_stand_apart():
    january, february = (months(reconciled()).loc[month] for month in ("2025-01", "2025-02"))
    assert (january.freight, january.credit_notes, january.billed, january.tax) == (150.0, -10.0, 140.0, 9.0)
    assert (february.billed, february.surcharges, february.tax) == (150.0, 5.0, 0.0)


def test_differences_are_in_money_in_shares_and_cumulated():
    table = months(reconciled())
    assert table.difference.tolist() == [0.0, 50.0, -50.0, 40.0]
    assert table.difference_share.iloc[1] == 0.25
    assert pd.isna(table.difference_share.iloc[2])  # nothing was shipped
    assert table.cumulative_difference.tolist() == [0.0, 50.0, 0.0, 40.0]


def test_months_of_one_side_are_shown_and_said():
    found = reconciled()
    assert months(found).only.tolist() == ["", "", "invoices only", "shipments only"]
    assert "Months with invoices only: 1 (2025-03 to 2025-03), in the cumulative difference too." in found.remarks


def test_billing_a_month_late_catches_up():
    late = pd.DataFrame({"issued_on": ["2025-02-03", "2025-03-03"], "amount": [100.0, 70.0]})
    shipped = pd.DataFrame({"booked_at": ["2025-01-20", "2025-02-20"], "revenue": [100.0, 70.0]})
    assert months(reconciled(shipped, late)).cumulative_difference.tolist() == [100.0, 70.0, 0.0]


def test_without_kind_everything_is_freight_and_a_remark_says_so():
    found = reconciled(invoices=INVOICES.drop(columns="kind"))
    assert months(found).freight["2025-01"] == 149.0
    assert months(found)[["credit_notes", "surcharges", "tax"]].to_numpy().sum() == 0
    assert found.remarks[0].startswith("Invoices have no kind: everything billed counts as freight")
    assert found.remarks[0] in repr(found)


def test_invoices_of_no_known_kind_and_positive_credit_notes_are_remarked():
    odd = pd.DataFrame({"issued_on": ["2025-01-31"] * 2, "amount": [5.0, 7.0], "kind": [None, "credit note"]})
    found = reconciled(invoices=odd)
    assert found.remarks[:2] == (
        "1 invoices without a known kind count as freight.",
        "1 credit notes have amounts above zero and are taken as they stand.",
    )
    assert months(found).billed["2025-01"] == 12.0


def test_absent_columns_are_refused_and_all_of_them_named():
    with pytest.raises(Refused, match="needs revenue in shipments and issued_on in invoices"):
        reconciled(SHIPMENTS.drop(columns="revenue"), INVOICES.drop(columns="issued_on"))


def test_a_row_without_a_date_is_refused_not_dropped():
    with pytest.raises(Refused, match="1 row has no date in column 'issued_on'"):
        reconciled(invoices=INVOICES.assign(issued_on=[None, *INVOICES.issued_on[1:]]))


def test_no_rows_on_either_side_are_refused():
    with pytest.raises(Refused, match="neither shipments nor invoices"):
        reconciled(SHIPMENTS.head(0), INVOICES.head(0))


def test_no_invoices_at_all_leave_every_month_to_shipments():
    found = reconciled(invoices=INVOICES.head(0))
    assert set(months(found).only) == {"shipments only"}
    assert found.finding == "No month has both shipments and invoices"


def test_the_finding_names_the_largest_gap():
    assert reconciled().finding == (
        "Over 2 months billed is 14.7% below shipped; largest gap in 2025-02: 50 CNY (25.0%) more shipped than billed"
    )


def test_the_finding_of_books_that_agree_says_so():
    found = reconciled(SHIPMENTS.head(2), INVOICES.head(2))
    assert found.finding == "Billed and shipped agree within 0.0% in each of 1 month"


def test_ibis_tables_and_data_frames_give_the_same():
    engine = reconciled(ibis.memtable(SHIPMENTS), ibis.memtable(INVOICES))
    pd.testing.assert_frame_equal(engine.to_frame(), reconciled().to_frame())


def test_the_text_is_rounded_and_has_no_empty_column():
    text = repr(reconciled(SHIPMENTS.head(2), INVOICES.head(3)))
    assert text.splitlines()[0] == "Shipped against billed by month, CNY"
    assert text.splitlines()[2].split() == ["2025-01", "140", "150", "-10", "140", "0", "9", "0", "0.0%", "0"]
    assert "only" not in text


def test_the_figure_states_the_finding_in_the_currency():
    ax = reconciled().plot()
    assert ax.get_figure().get_suptitle().replace("\n", " ") == reconciled().finding
    assert ax.get_ylabel() == "CNY a month"


CENTS = st.integers(-(10**7), 10**7).map(lambda cents: cents / 100)
DAYS = st.dates(min_value=pd.Timestamp("2023-11-01").date(), max_value=pd.Timestamp("2024-06-30").date())


@settings(max_examples=40, deadline=None)
@given(
    shipped=st.lists(st.tuples(DAYS, CENTS, st.none() | CENTS), min_size=1, max_size=12),
    billed=st.lists(
        st.tuples(DAYS, CENTS, st.sampled_from(["freight", "credit note", "surcharge", "tax", None])),
        min_size=1,
        max_size=12,
    ),
)
def test_sums_over_months_are_the_totals_of_the_tables(shipped, billed):
    shipments = pd.DataFrame(shipped, columns=["booked_at", "revenue", "rebate"])
    shipments["booked_at"] = pd.to_datetime(shipments.booked_at)
    shipments["rebate"] = shipments.rebate.astype(float)
    invoices = pd.DataFrame(billed, columns=["issued_on", "amount", "kind"])
    invoices["issued_on"] = pd.to_datetime(invoices.issued_on)
    invoices["kind"] = invoices.kind.astype("string")
    table = reconciled(shipments, invoices).to_frame()

    total_shipped = shipments.revenue.sum() - shipments.rebate.sum()
    by_kind = invoices.groupby(invoices.kind.fillna("freight")).amount.sum()
    columns = {"freight": "freight", "credit note": "credit_notes", "surcharge": "surcharges", "tax": "tax"}
    assert table.shipped.sum() == pytest.approx(total_shipped, abs=1e-4)
    for kind, column in columns.items():
        assert table[column].sum() == pytest.approx(by_kind.get(kind, 0.0), abs=1e-4)
    parts = table[list(columns.values())].to_numpy().sum()
    assert parts == pytest.approx(invoices.amount.sum(), abs=1e-4)
    assert table.cumulative_difference.iloc[-1] == pytest.approx(table.difference.sum(), abs=1e-4)
    assert table.month.is_monotonic_increasing
    assert table.month.is_unique
