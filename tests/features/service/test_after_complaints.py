"""What follows a complaint: another one, and the next answer."""

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab.features.service.recovery import BAD, GOOD, NONE, recurrence, satisfaction_after_recovery
from clvlab.refusal import Refused

AS_OF = "2025-12-31"


def table(rows: list[tuple], names: list[str], dates: tuple[str, ...]):
    frame = pd.DataFrame(rows, columns=names)
    return ibis.memtable(frame.astype(dict.fromkeys(dates, "datetime64[us]")))


def complained(*rows: tuple):
    return table(list(rows), ["customer_id", "opened_at", "resolved_at"], ("opened_at", "resolved_at"))


def answered(*rows: tuple):
    return table([(*row, 10) for row in rows], ["customer_id", "answered_on", "overall", "scale_max"], ("answered_on",))


def test_a_complaint_settled_lately_is_not_taken_for_one_without_another():
    complaints = complained(
        ("a", "2025-01-01", "2025-01-03"), ("a", "2025-02-01", "2025-02-02"),
        ("b", "2025-03-01", "2025-03-02"), ("c", "2025-12-28", "2025-12-30"),
    )  # fmt: skip
    found = recurrence({"complaints": complaints}, AS_OF).to_frame().set_index("recovery").loc[GOOD]
    assert found.not_yet == 3
    # Of four, c was seen for two days only: one of three others came again within 90 days, one of four at risk first.
    assert found.within_90_days == pytest.approx(1 / 3)


def test_a_complaint_opened_before_the_settlement_is_no_recurrence():
    complaints = complained(("a", "2025-01-01", "2025-02-01"), ("a", "2025-01-15", None))
    found = recurrence({"complaints": complaints}, AS_OF)
    assert found.whole.within_90_days == 0
    with pytest.raises(Refused, match="No complaint was settled"):
        recurrence({"complaints": complained(("a", "2025-01-01", None))}, AS_OF)


def test_an_answer_belongs_to_the_complaint_that_it_follows_next():
    complaints = complained(
        ("good", "2025-01-01", "2025-01-04"), ("bad", "2025-01-01", "2025-01-20"), ("open", "2025-01-01", None),
        ("late", "2024-01-01", "2024-01-20"), ("soon", "2025-02-27", "2025-02-28"),
    )  # fmt: skip
    surveys = answered(
        ("good", "2025-03-01", 8), ("good", "2025-05-01", 1), ("bad", "2025-03-01", 4), ("open", "2025-03-01", 2),
        ("late", "2025-03-01", 9), ("soon", "2025-03-01", 1), ("never", "2025-03-01", 7),
    )  # fmt: skip
    found = satisfaction_after_recovery({"complaints": complaints, "surveys": surveys}, AS_OF)
    frame = found.to_frame().set_index("recovery")
    assert frame.satisfaction.to_dict() == {NONE: 8.0, GOOD: 8.0, BAD: 3.0}
    assert frame.answers.to_dict() == {NONE: 2, GOOD: 1, BAD: 2}
    assert frame.difference[BAD] == -5.0
    assert "difference_lower" not in frame
    assert "3.0 after bad" in found.title
    assert "no effect" in found.title


def test_the_difference_within_customers_takes_out_who_complains():
    rng = np.random.default_rng(1)
    complaints, surveys = [], []
    for i in range(200):
        unhappy = i % 2
        level = 8 - 3 * unhappy + rng.normal(0, 0.3)
        surveys.append((f"C{i}", "2025-01-01", level))
        if unhappy:
            complaints.append((f"C{i}", "2025-03-01", "2025-04-01"))
        surveys.append((f"C{i}", "2025-05-01", level - 1 * unhappy + rng.normal(0, 0.3)))
    tables = {"complaints": complained(*complaints), "surveys": answered(*surveys)}
    found = satisfaction_after_recovery(tables, AS_OF).to_frame().set_index("recovery").loc[BAD]
    assert found.difference < -2.5
    assert found.difference_same_customers == pytest.approx(-1, abs=0.1)
    assert found.difference_same_customers_lower < -1 < found.difference_same_customers_upper


def test_without_answers_it_says_so():
    complaints = complained(("a", "2025-01-01", "2025-01-04"))
    with pytest.raises(Refused, match="needs the table surveys"):
        satisfaction_after_recovery({"complaints": complaints}, AS_OF)
    with pytest.raises(Refused, match="within 6 months after a complaint"):
        satisfaction_after_recovery({"complaints": complaints, "surveys": answered(("b", "2025-03-01", 5))}, AS_OF)
    with pytest.raises(Refused, match="Nobody answered a survey up to"):
        satisfaction_after_recovery({"complaints": complaints, "surveys": answered(("a", "2025-03-01", None))}, AS_OF)
