"""The index: one page that lists every report in the build folder with its status and headline figures."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from clvlab.cache import whole
from clvlab.reporting.run import RESULT

INDEX = "index.html"


def write_index(build: Path) -> Path:
    """Write ``index.html`` to the build folder from the ``result.json`` of each report, and return its path."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("clvlab.reporting", "template"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    results = sorted(
        (json.loads(path.read_text(encoding="utf-8")) for path in build.glob(f"[!.]*/{RESULT}")),
        key=lambda result: (result["notebook"], result["report"]),
    )
    page = environment.get_template("index.html.j2").render(reports=[_entry(result) for result in results])
    with whole(build / INDEX) as draft:
        draft.write_text(page, encoding="utf-8")
    return build / INDEX


def _entry(result: dict[str, Any]) -> dict[str, Any]:
    from clvlab.results import Headline

    known = {item.name for item in fields(Headline)}
    headlines = [Headline(**{k: v for k, v in h.items() if k in known}) for h in result["headlines"]]
    name = result["report"]
    return result | {
        "page": f"{name}/{name}.html",
        "executed": f"{name}/{name}.ipynb",
        "figures": [
            {"name": h.name, "value": h.figure(), "unit": h.unit_shown(), "interval": h.interval(), "note": h.note}
            for h in headlines
        ],
    }
