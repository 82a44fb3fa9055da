"""The helper that :func:`clvlab.meanwhile.begin` starts: a process that makes results and leaves them in the cache.

Where it fails, the session that asks for the result fails in the same way, and says so.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from clvlab.cache import cached_folder
from clvlab.meanwhile import RESULTS
from clvlab.refusal import Refused


def make(key: str, names: Sequence[str], opened: Mapping[str, Any]) -> None:
    """Make results of a study, and a mark of the key that they are there; a second helper waits, and finds the mark."""

    def work(_: Path) -> None:
        from clvlab.opening import open_study

        study = open_study(**opened)
        for name in names:
            with suppress(Refused):
                RESULTS[name](study)

    cached_folder(key, work)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # a kernel that shuts down ends it so: no draft is left
    gc.disable()  # nothing of a process that ends in seconds is worth collecting
    make(**json.loads(sys.argv[1]))
