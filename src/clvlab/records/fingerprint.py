"""A key of all files that a folder's records are made of, found without reading them as tables."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from clvlab.assumptions import read_assumptions
from clvlab.cache import content_hash, fingerprint
from clvlab.records.importing import IMPORT_FILE, UNREAD_FILE
from clvlab.records.sources import find_files


def data_fingerprint(folder: Path) -> str:
    """Return a key of the records in ``folder``: of what their files hold, and of what is assumed, however written.

    Raises
    ------
    Refused
        When the assumptions cannot be read.
    """
    tables = {name: content_hash(paths) for name, paths in find_files(folder).items()}
    beside = [path for name in (IMPORT_FILE, UNREAD_FILE) if (path := folder / name).is_file()]
    return fingerprint(tables, content_hash(beside), asdict(read_assumptions(folder)))
