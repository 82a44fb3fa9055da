"""The helper that :func:`clvlab.meanwhile.begin` starts: a process that makes results and leaves them in the cache.

A session that asks for one of them fails by itself where the helper fails, and can be read there.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from clvlab.cache import cached_folder
from clvlab.meanwhile import RESULTS
from clvlab.refusal import Refused


def make(key: str, names: Sequence[str], opened: Mapping[str, Any]) -> None:
    """Make results of a study, and a mark of the key that they are there."""
    from clvlab.opening import open_study

    study = open_study(**opened)
    for name in names:
        with suppress(Refused):
            RESULTS[name](study)
    cached_folder(key, lambda _: None)


if __name__ == "__main__":
    gc.disable()  # nothing of a process that ends in seconds is worth collecting
    make(**json.loads(sys.argv[1]))
