"""Where a folder lies that a person or a notebook names: paths are never relative to a notebook's own folder."""

from __future__ import annotations

from pathlib import Path

from clvlab.refusal import Refused


def find_folder(data: str | Path) -> Path:
    """Return the folder ``data`` names, looking from the working directory up to the project's root.

    Raises
    ------
    Refused
        When there is no such folder.
    """
    path = Path(data)
    here = Path.cwd()
    for base in (here, *here.parents):
        if (base / path).is_dir():
            return base / path
        if (base / "pyproject.toml").is_file():
            break
    raise Refused(f"{data} is no folder here; give the folder with your tables, or run `clvlab demo` for one to try.")
