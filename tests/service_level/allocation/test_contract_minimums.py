"""What running contracts agree binds the group of their customer."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from clvlab.refusal import Refused
from clvlab.service_level.allocation.minimums import contract_minimums, strictest

AS_OF = dt.date(2025, 12, 31)
CONTRACTS = pd.DataFrame(
    [
        ("V1", "a", "2025-01-01", "2026-12-31", None, 0.93),
        ("V2", "b", "2025-01-01", "2026-12-31", None, 0.97),
        ("over", "a", "2024-01-01", "2024-12-31", None, 0.99),
        ("not yet", "a", "2026-02-01", "2026-12-31", None, 0.99),
        ("ended early", "a", "2025-01-01", "2026-12-31", "2025-06-30", 0.99),
        ("not said", "a", "2025-01-01", "2026-12-31", None, None),
        ("a stranger's", "z", "2025-01-01", "2026-12-31", None, 0.99),
    ],
    columns=["contract_id", "customer_id", "starts_on", "ends_on", "ended_on", "agreed_on_time_share"],
).assign(**{name: lambda f, name=name: pd.to_datetime(f[name]) for name in ("starts_on", "ends_on", "ended_on")})
GROUPS = pd.Series({"a": "core", "b": "core"})


def test_only_running_contracts_of_known_groups_with_an_agreed_share_bind():
    found = contract_minimums(CONTRACTS, GROUPS, AS_OF)
    assert [(each.name, each.group, each.level) for each in found] == [
        ("contract V2 of b", "core", 0.97),
        ("contract V1 of a", "core", 0.93),
    ]


def test_the_strictest_of_a_group_comes_first():
    (asked,) = strictest(reversed(contract_minimums(CONTRACTS, GROUPS, AS_OF))).values()
    assert [each.level for each in asked] == [0.97, 0.93]


def test_without_dates_of_early_ends_contracts_run_to_their_last_day():
    found = contract_minimums(CONTRACTS.drop(columns="ended_on"), GROUPS, AS_OF)
    assert "contract ended early of a" in [each.name for each in found]


def test_contracts_without_agreed_shares_are_refused():
    with pytest.raises(Refused, match="agreed_on_time_share"):
        contract_minimums(CONTRACTS.drop(columns="agreed_on_time_share"), GROUPS, AS_OF)
