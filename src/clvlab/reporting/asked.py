"""Which reports the last batch asked for: all others in its folder are of an earlier day, or were made singly."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from clvlab.cache import whole

ASKED = "batch.json"


def write_asked(build: Path, names: Collection[str]) -> None:
    """Leave the names of the reports that a batch asks for in its folder."""
    with whole(build / ASKED) as draft:
        draft.write_text(json.dumps(sorted(names), indent=1), encoding="utf-8")


def read_asked(build: Path) -> list[str] | None:
    """Return what :func:`write_asked` left; None where no batch was run, or the file is damaged."""
    try:
        names = json.loads((build / ASKED).read_text(encoding="utf-8"))
        return [str(name) for name in names]
    except (OSError, ValueError, TypeError):
        return None
