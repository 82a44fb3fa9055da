"""No currency is made up: one that is stated is taken, else amounts stand as they are, and that is said once."""

from __future__ import annotations

import pytest
from folders import folder, records_of

from clvlab.assumptions import UNSTATED, Assumptions
from clvlab.records.currency import NOT_STATED
from clvlab.records.verdict import records_headlines
from clvlab.refusal import Refused

HEADER = "invoice_id,customer_id,issued_on,amount"


@pytest.mark.parametrize(
    ("invoices", "stated", "taken"),
    [
        (f"{HEADER},currency\nI1,C1,2025-01-05,10,USD\n", "", "USD"),
        (f"{HEADER},currency\nI1,C1,2025-01-05,10,\n", "", UNSTATED),
        (f"{HEADER}\nI1,C1,2025-01-05,10\n", "", UNSTATED),
        (f"{HEADER}\nI1,C1,2025-01-05,10\n", "EUR", "EUR"),
    ],
)
def test_the_currency_is_that_stated_and_never_a_guess(tmp_path, invoices, stated, taken):
    data = folder(tmp_path / "data", invoices=invoices)
    records = records_of(data, tmp_path / "into", Assumptions(currency=stated))
    assert records.currency == taken
    assert records["invoices"].amount.execute().tolist() == [10.0]
    [note] = [row.note for row in records_headlines(records, records.last_date).to_frame().itertuples()
              if row.name == "money in"]  # fmt: skip
    assert note == (f"{NOT_STATED}." if taken == UNSTATED else "")


def test_the_sign_goes_with_the_assumptions_and_a_name_does_not():
    assert Assumptions(currency=UNSTATED).currency == UNSTATED
    with pytest.raises(Refused, match="three-letter code"):
        Assumptions(currency="¤¤")
