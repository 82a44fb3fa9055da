"""The evidence that ``make bench`` leaves: its Markdown tables, read back, and with which source they were made.

A figure is read from the table in which people read it, so the two cannot differ. The tables are all written by one
function (``benchmarks.measure.markdown``), and a test fails when a check no longer finds its figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from clvlab.cache import content_hash
from clvlab.places import find_folder
from clvlab.refusal import Refused

FOLDER = "reports/evidence"
# What each benchmark tests: when these rooms change, its evidence is older than the source.
ROOMS: Mapping[str, tuple[str, ...]] = {
    "clv_recovery": ("clv",),
    "clv_market": ("clv", "features"),
    "churn_recovery": ("churn",),
    "churn_market": ("churn", "features"),
    "churn_campaign": ("retention",),
    "retention_market": ("retention",),
    "service_market": ("satisfaction", "service_level", "clv"),
    "tiers_market": ("tiers", "features", "clv", "churn"),
}
_PACKAGE = Path(__file__).parent.parent
_KEY_LENGTH = 8
_KEYS = re.compile(rf"(\w+) ([0-9a-f]{{{_KEY_LENGTH}}})\b")


class Section(NamedTuple):
    """A table of an evidence file and the heading it stands under; every cell is text.

    Examples
    --------
    >>> import pandas as pd
    >>> Section("Part", pd.DataFrame({"held": ["89.7%"]})).heading
    'Part'
    """

    heading: str
    frame: pd.DataFrame


def room_key(room: str) -> str:
    """Return a short key of a room's source.

    Examples
    --------
    >>> len(room_key("clv"))
    8
    """
    return content_hash((_PACKAGE / room).rglob("*.py"))[:_KEY_LENGTH]


def source_stamp(benchmark: str) -> str:
    """Return what a benchmark's evidence is stamped with: the keys of the rooms it tests; blank when it tests none.

    Examples
    --------
    >>> source_stamp("clv_recovery").split()[0], source_stamp("speed")
    ('clv', '')
    """
    return ", ".join(f"{room} {room_key(room)}" for room in ROOMS.get(benchmark, ()))


def read_sections(text: str) -> list[Section]:
    """Return the tables of a Markdown text as ``benchmarks.measure.markdown`` writes them.

    Examples
    --------
    >>> [found] = read_sections("# Title\\n\\n| model | held |\\n|---|---|\\n| Cox | 89.7% |\\n")
    >>> found.heading, found.frame.loc[0, "held"]
    ('Title', '89.7%')
    """
    sections, heading, rows = [], "", []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
            continue
        if len(rows) > 1:
            sections.append(Section(heading, pd.DataFrame(rows[2:], columns=rows[0])))
        rows = []
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
    return sections


def number_in(cell: str) -> float:
    """Return the number a cell of evidence holds.

    ``"179 of 200 (p = 0.81)"`` is a share, ``"89.7%"`` too, of ``"6.2% / 82.8% / 10.9%"`` (below, inside, above) the
    middle one counts, and of ``"0.937 ± 0.042"`` the first number.

    Examples
    --------
    >>> [number_in(cell) for cell in ("179 of 200 (p = 0.81)", "6.2% / 82.8% / 10.9%", "-0.18 ± 0.01")]
    [0.895, 0.828, -0.18]
    """
    parts = cell.split(" / ")
    part = parts[len(parts) // 2].replace(",", "")
    if found := re.search(r"(\d+) of (\d+)", part):
        return int(found[1]) / int(found[2])
    found = re.search(r"([+-]?\d+\.?\d*)(%?)", part)
    if found is None:
        raise Refused(f"The evidence holds {cell!r} where a number should stand; run `make bench` again.")
    return float(found[1]) / (100 if found[2] else 1)


class Evidence:
    """What is known of each benchmark.

    Parameters
    ----------
    texts
        Markdown by name of the benchmark.

    Examples
    --------
    >>> found = Evidence({"bench": "# Part\\n\\n| model | held |\\n|---|---|\\n| Cox | 89.7% |\\n"})
    >>> found.row("bench", "Part", ["Cox"], "held")["held"]
    '89.7%'
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._sections = {name: read_sections(text) for name, text in texts.items()}

    def row(self, benchmark: str, heading: str, labels: Sequence[str], column: str) -> pd.Series | None:
        """Return the row of a table whose first cells are ``labels``; None where the benchmark left no evidence.

        Raises
        ------
        Refused
            When the evidence is there and the figure is not in it.
        """
        if benchmark not in self._sections:
            return None
        for section in self._sections[benchmark]:
            if section.heading == heading and column in section.frame.columns:
                first = section.frame.iloc[:, : len(labels)]
                rows = section.frame[(first == list(labels)).all(axis=1)]
                if len(rows):
                    return rows.iloc[0]
        raise Refused(
            f"{FOLDER}/{benchmark}.md has no {column!r} of {', '.join(labels)} under {heading!r}; run `make bench`."
        )

    @property
    def remarks(self) -> list[str]:
        """Say which evidence is missing, and which was made with other source than today's."""
        missing = [name for name in ROOMS if name not in self._texts]
        older, unknown = [], []
        for name in ROOMS:
            if name in self._texts:
                kept = dict(_KEYS.findall(self._texts[name].partition("\n")[0].partition("source: ")[2]))
                if not kept:
                    unknown.append(name)
                elif any(kept.get(room) != room_key(room) for room in ROOMS[name]):
                    older.append(name)
        told = {
            "There is no evidence by these benchmarks; make bench makes it: {}.": missing,
            "The code has changed since these benchmarks ran; make bench runs them again: {}.": older,
            "With which code these benchmarks ran was not kept; make bench runs them again: {}.": unknown,
        }
        return [sentence.format(", ".join(names)) for sentence, names in told.items() if names]


def evidence_files() -> list[Path]:
    """Return the files of the project's evidence; none where there is no such folder.

    Examples
    --------
    >>> all(path.suffix == ".md" for path in evidence_files())
    True
    """
    try:
        return sorted(find_folder(FOLDER).glob("*.md"))
    except Refused:
        return []


def read_evidence() -> Evidence:
    """Return the evidence of the project.

    Examples
    --------
    >>> isinstance(read_evidence(), Evidence)
    True
    """
    return Evidence({path.stem: path.read_text(encoding="utf-8") for path in evidence_files()})
