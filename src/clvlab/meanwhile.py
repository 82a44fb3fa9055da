"""Results that another process makes meanwhile and leaves in the cache.

Python works on one core. While a session takes in records and fits one model, a helper (:mod:`clvlab.helper`) opens the
same study and makes what the session will ask for later. Nothing hangs on it: whoever asks for a result that is under
way waits for it, and makes it where it never came.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from clvlab.cache import cache_folder, fingerprint
from clvlab.cores import CORES
from clvlab.refusal import Refused, nearest

# What is asked of the helper's study, by name: kept results that take seconds and need few of the others.
RESULTS: Mapping[str, Callable[[Any], object]] = {
    # The newest first: the session begins with the oldest, and they meet.
    "tier_reviews": lambda study: [study.tiers.indicators_on(day) for day in reversed(study.tiers.reviews.values())],
    "tier_prediction": lambda study: study.tiers.prediction,
    "tier_survival": lambda study: study.tiers.survival,
    "visits_work": lambda study: study.playbook.visits_work,
}
# Bytes of files: beyond, a second process would hold too much in memory beside the first.
_MOST = 2**28


def check(names: Sequence[str]) -> None:
    """Refuse a name that is none of :data:`RESULTS`."""
    for name in names:
        if name not in RESULTS:
            raise Refused(f"meanwhile names {name!r}, which no helper makes{nearest(name, RESULTS)}.")


def begin(names: Sequence[str], records: str, size: int, **opened: Any) -> None:
    """Let a helper make results, unless one did so before; with one core or much data nothing happens.

    Parameters
    ----------
    names
        Of :data:`RESULTS`.
    records
        The key of the records.
    size
        Bytes of the files that they are read from.
    opened
        What the study is opened with, in values that JSON knows.
    """
    key = f"meanwhile-{fingerprint(names, records, opened)}"
    if CORES > 1 and size <= _MOST and not (cache_folder() / key).is_dir():
        asked = json.dumps({"key": key, "names": list(names), "opened": opened})
        silent = subprocess.DEVNULL
        with suppress(OSError):  # without a helper the session makes everything
            command = [sys.executable, "-m", "clvlab.helper", asked]
            helper = subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent)
            # A child that nobody waits for stays when it has ended, and a kernel that shuts down would wait for it.
            threading.Thread(target=helper.wait, daemon=True).start()
