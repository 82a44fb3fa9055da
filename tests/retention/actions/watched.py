"""Accounts on a watch list as the actions take them."""

from __future__ import annotations

import pandas as pd
from accounts import AS_OF, many

from clvlab.retention.watch_list import watch_list
from clvlab.retention.watch_list_result import WatchList


def watched(n: int = 60, seed: int = 1) -> WatchList:
    return watch_list(**many(n, seed), as_of=AS_OF, months=6, margin_months=36, currency="CNY")


def there_of(found: WatchList) -> pd.Series:
    return 1 - found.frame.set_index("customer_id")["already_gone"]


def risk_of(found: WatchList) -> pd.Series:
    return found.frame.set_index("customer_id")["probability"]
