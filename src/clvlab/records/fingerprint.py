"""A key of all files that a folder's records are made of, found without reading them as tables."""

from __future__ import annotations

from pathlib import Path

from clvlab.assumptions import FILE as ASSUMPTIONS_FILE
from clvlab.cache import content_hash, fingerprint
from clvlab.records.importing import IMPORT_FILE, UNREAD_FILE
from clvlab.records.sources import find_files


def data_fingerprint(folder: Path) -> str:
    """Return a key of the contents of all files that the records in ``folder`` are made of."""
    tables = {name: content_hash(paths) for name, paths in find_files(folder).items()}
    beside = [path for n in (ASSUMPTIONS_FILE, IMPORT_FILE, UNREAD_FILE) if (path := folder / n).is_file()]
    return fingerprint(tables, content_hash(beside))
