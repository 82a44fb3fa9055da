"""``clvlab import``: a user's files through a mapping into a folder of our tables."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clvlab.assumptions import FILE as ASSUMPTIONS_FILE
from clvlab.cache import content_hash
from clvlab.records.contracts import TABLES
from clvlab.records.engine import open_engine
from clvlab.records.files import SOURCE_ROW
from clvlab.records.given import UNREAD_COLUMNS, GivenFiles
from clvlab.records.mapping import Mapping
from clvlab.records.translating import ROW, blank_keys, conflicts, one_row_per, translated
from clvlab.refusal import Refused

IMPORT_FILE = "import.json"
UNREAD_FILE = "unread.csv"
QUARANTINE = "quarantine"


def import_files(mapping: Mapping, paths: list[Path], out: Path) -> list[str]:
    """Translate ``paths`` through ``mapping`` into CSV tables in the folder ``out``.

    Every row keeps the file and row it came from. ``out`` also gets ``clvlab.toml`` with currency and time zone,
    and ``import.json`` with the mapping's name, the files and which of their columns fed ours. A second import
    replaces what the first one wrote, and nothing else; a ``clvlab.toml`` edited since is kept.

    Returns
    -------
    list of str
        Remarks for the reader: columns nobody used, customers with several names, rows without a customer.

    Raises
    ------
    Refused
        When a file or a column that the mapping names is missing, ``out`` holds something else, or a file given
        lies in ``out`` or is given twice.
    """
    out = out.resolve()
    for path in paths:
        if out in path.resolve().parents:
            raise Refused(f"{path} lies in the folder the tables are written to; give --out another folder.")
    earlier = _earlier(out)
    with tempfile.TemporaryDirectory() as workplace:
        files = GivenFiles(open_engine(), Path(workplace), paths, mapping)
        out.parent.mkdir(parents=True, exist_ok=True)
        # Beside ``out``, so that files can be moved there whole.
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as drafts:
            draft = Path(drafts)
            remarks = _write_tables(files, mapping, draft)
            written = _write_assumptions(draft, mapping)
            remarks += _keep_edited_assumptions(draft, out, earlier, mapping)
            _write_facts(draft, mapping, files, remarks, written)
            _put(draft, out, earlier)
    return remarks


def _earlier(out: Path) -> dict[str, Any]:
    """Return the facts of the import that wrote ``out``; empty when there is nothing yet."""
    in_the_way = next((part for part in (out, *out.parents) if part.exists() and not part.is_dir()), None)
    if in_the_way:
        raise Refused(f"{in_the_way} is a file; give --out a folder.")
    if not out.exists() or not any(out.iterdir()):
        return {}
    try:
        facts = json.loads((out / IMPORT_FILE).read_text(encoding="utf-8"))
        ours = facts["columns"].keys() <= TABLES.keys()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        ours = False
    if not ours:
        raise Refused(f"{out} already holds files that no import wrote; give --out a new folder.")
    return dict(facts)


def _write_tables(files: GivenFiles, mapping: Mapping, draft: Path) -> list[str]:
    remarks: list[str] = []
    for table_map in mapping.tables:
        table = translated(files.table(table_map), table_map, mapping.time_zone)
        if key := table_map.one_row_per:
            remarks += conflicts(table, table_map)
            elsewhere = files.counted_elsewhere(table_map)
            blank = blank_keys(table, key) if elsewhere else 0
            if blank:
                remarks.append(
                    f"rows without {key} ({table_map.columns[key].origin}): {blank:,}; they make no customer and"
                    " count in the other tables"
                )
            table = one_row_per(table, key, keep_blank=not elsewhere)
        table.order_by(ROW).drop(ROW).to_csv(draft / f"{table_map.name}.csv")
    files.unread().to_csv(draft / UNREAD_FILE, index=False)
    return remarks + files.remarks()


def _write_assumptions(draft: Path, mapping: Mapping) -> str:
    """Write ``clvlab.toml`` and return a key of its content, by which a later import knows whether it was edited."""
    lines = [f"# Written by the import through the mapping {mapping.name}; see data/README.md for the keys."]
    lines += [f'currency = "{mapping.currency}"'] if mapping.currency else []  # not shown
    lines += [f'time_zone = "{mapping.time_zone}"', ""]  # not shown
    (draft / ASSUMPTIONS_FILE).write_text("\n".join(lines), encoding="utf-8")
    return content_hash([draft / ASSUMPTIONS_FILE])


def _keep_edited_assumptions(draft: Path, out: Path, earlier: dict[str, Any], mapping: Mapping) -> list[str]:
    """Drop the draft's ``clvlab.toml`` when the one in ``out`` is the user's own, and say so."""
    there = out / ASSUMPTIONS_FILE
    fresh = content_hash([draft / ASSUMPTIONS_FILE])
    if not there.is_file() or content_hash([there]) in {fresh, earlier.get("assumptions")}:
        return []
    (draft / ASSUMPTIONS_FILE).unlink()
    says = [f"currency = {mapping.currency}"] if mapping.currency else []  # not shown
    says += [f"time_zone = {mapping.time_zone}"]  # not shown
    return [f"{ASSUMPTIONS_FILE} was edited and is kept as it is; the mapping says {', '.join(says)}"]


def _write_facts(draft: Path, mapping: Mapping, files: GivenFiles, remarks: list[str], assumptions: str) -> None:
    facts = {
        "mapping": mapping.name,
        "about": mapping.about,
        "files": {name: content_hash([path]) for path, name in files.shown.items()},
        "columns": {t.name: {ours: how.origin for ours, how in t.columns.items()} for t in mapping.tables},
        "assumptions": assumptions,
        "remarks": remarks,
    }
    (draft / IMPORT_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")


def _put(draft: Path, out: Path, earlier: dict[str, Any]) -> None:
    """Move the draft's files to ``out`` and remove what only the earlier import wrote; all else stays."""
    before = {f"{table}.csv" for table in earlier.get("columns", {})}
    now = {path.name for path in draft.iterdir()}
    for name in sorted(now - before - {IMPORT_FILE, UNREAD_FILE, ASSUMPTIONS_FILE}):
        if (out / name).exists():
            raise Refused(f"{out / name} was written by no import; move it, or give --out a new folder.")
    out.mkdir(exist_ok=True)
    for stale in [*(out / name for name in before - now), *(out / QUARANTINE / f"{table}.parquet" for table in TABLES)]:
        stale.unlink(missing_ok=True)
    # The facts come last: until then the folder is known by those of the earlier import.
    for name in sorted(now, key=lambda name: name == IMPORT_FILE):
        os.replace(draft / name, out / name)


@dataclass(frozen=True)
class Imported:
    """What an earlier import left in a folder: rows it could not read, the user's column names, its remarks."""

    unread: pd.DataFrame
    columns: dict[str, dict[str, str]]
    remarks: list[str]


def read_import(folder: Path) -> Imported:
    """Return what the import that made ``folder`` left behind; all empty when no import made it."""
    if not (folder / IMPORT_FILE).is_file():
        empty = pd.DataFrame(dict.fromkeys(UNREAD_COLUMNS, "") | {SOURCE_ROW: pd.Series(dtype="int64")})
        return Imported(empty, {}, [])
    facts = json.loads((folder / IMPORT_FILE).read_text(encoding="utf-8"))
    # Lines are text as they stand: a line "007" is no number and a line "NA" not missing.
    texts = dict.fromkeys(UNREAD_COLUMNS, "str") | {SOURCE_ROW: "int64"}
    unread = pd.read_csv(folder / UNREAD_FILE, dtype=texts, keep_default_na=False)
    return Imported(unread, facts["columns"], facts["remarks"])
