"""What a list carries for the file beside a report."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from shown_html import HOSTILE

from clvlab.results import Result, Table


def test_a_list_carries_all_its_rows_beside_what_is_shown():
    frame = pd.DataFrame(
        {
            "customer": [HOSTILE, None],
            "value": [1 / 3, np.inf],
            "count": [1, 2],
            "known": [True, False],
            "day": pd.to_datetime(["2025-12-31", None]),
        }
    )
    bundle = Table(frame, "Whom to call", list_name="watch_list")._repr_mimebundle_()
    written = json.loads(json.dumps(bundle[Result.list_mime], allow_nan=False))
    assert written == {
        "name": "watch_list",
        "columns": ["customer", "value", "count", "known", "day"],
        "rows": [[HOSTILE, 0.333333, 1, True, "2025-12-31"], [None, None, 2, False, None]],
    }


def test_a_table_without_a_list_name_carries_none():
    assert Table(pd.DataFrame({"x": [1]}))._repr_mimebundle_() == {}
