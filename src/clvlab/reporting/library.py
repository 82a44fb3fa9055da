"""The library of notebooks: where it lies, and which notebook a name means."""

from __future__ import annotations

import re
from pathlib import Path

from clvlab.refusal import Refused, nearest


def project_root() -> Path:
    """Return the folder that holds ``notebooks/``: here or above, else where the package was installed from."""
    here = Path.cwd()
    candidates = [here, *here.parents, Path(__file__).parents[3]]
    for folder in candidates:
        if (folder / "notebooks").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise Refused("there is no folder notebooks/ here or above; run this inside the clvlab project.")


def notebooks(root: Path) -> dict[str, Path]:
    """Return the notebooks by name without number, in reading order."""
    found = {}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        match = re.fullmatch(r"\d\d_(\w+)", path.stem)
        if match:
            found[match.group(1)] = path
    return found


def find_notebook(name: str, root: Path) -> Path:
    """Return the notebook called ``name``, with or without its number.

    Raises
    ------
    Refused
        When there is none; the nearest name is given.
    """
    known = notebooks(root)
    plain = re.sub(r"^\d\d_|\.ipynb$", "", name)
    if plain not in known:
        raise Refused(
            f"no notebook is called {name!r}{nearest(plain, known)}; there are {', '.join(known) or 'none here'}."
        )
    return known[plain]
