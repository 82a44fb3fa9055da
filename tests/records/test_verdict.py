"""What a set of records is judged by: cases by rule, figures at a glance, what to do."""

from __future__ import annotations

from folders import SHIPMENTS, folder, records_of

from clvlab.records.verdict import cases_by_rule, records_headlines, records_to_do


def test_cases_figures_and_advice_tell_the_same_story(tmp_path):
    data = folder(tmp_path / "data", shipments=SHIPMENTS + "S4,XX,2025-01-05\nS5,XX,2025-01-05\nS1,C1,2025-02-01\n")
    records = records_of(data, tmp_path / "into")
    found = cases_by_rule(records.quarantine)
    assert found.to_frame()["cases"].tolist() == [2, 1]
    assert "3 rows and 0 values were set aside" in found.plot().get_figure().get_suptitle()
    figures = records_headlines(records, records.last_date).to_frame().set_index("name")["value"]
    assert (figures["rows in"], figures["rows set aside"], figures["values set aside"]) == (9, 3, 0)
    text = repr(records_to_do(records))
    assert "2 cases of “unknown customer”, the first in row 5 (XX)" in text
    assert "Bring in invoices, complaints, surveys, contracts" in text


def test_sound_records_have_no_cases(tmp_path):
    records = records_of(folder(tmp_path / "data"), tmp_path / "into")
    assert repr(cases_by_rule(records.quarantine)) == "Nothing was set aside."
    assert repr(records.quarantine.examples()) == "Nothing was set aside."
