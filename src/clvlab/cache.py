"""The cache folder of our own: keys made of content, files that are whole or absent, nothing unpickled."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

CACHE_VARIABLE = "CLVLAB_CACHE"
_DRAFT = ".draft."
_LONGEST_WAIT = 600  # seconds for another process to make what takes it tens of seconds
_LIBRARIES = ("clvlab", "ibis-framework", "duckdb", "numpy", "pandas", "scipy", "matplotlib", "papermill")


def cache_folder() -> Path:
    """Return the folder for cached stages: the variable CLVLAB_CACHE, else the user's cache folder."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("clvlab")


def fingerprint(*parts: object) -> str:
    """Return a short key for ``parts``, the same on every machine (parts must have a stable JSON form)."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def content_hash(paths: Iterable[Path]) -> str:
    """Return a key of the names and contents of files, whatever folder they lie in."""
    digest = hashlib.sha256()
    for name, content in sorted((path.name, _file_hash(path)) for path in paths):
        digest.update(name.encode())
        digest.update(content)
    return digest.hexdigest()[:20]


def _file_hash(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that figures depend on."""
    return {name: version(name) for name in _LIBRARIES} | {"python": platform.python_version()}


@lru_cache(maxsize=1)
def code_key() -> str:
    """Return a key of the whole package's source, and of the versions of the libraries it calls.

    A key of one function's source would stay the same when what it calls changes; this one does not.
    """
    root = Path(__file__).parent
    digest = hashlib.sha256(fingerprint(versions()).encode())
    for path in sorted(p for p in root.rglob("*") if p.suffix in {".py", ".toml", ".j2", ".css", ".js"}):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _exchange(draft: Path, path: Path, replaced: Path) -> None:
    """Put a folder in the place of another, which comes back when that fails."""
    os.replace(path, replaced)
    try:
        os.replace(draft, path)
    except OSError:
        os.replace(replaced, path)
        raise


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a path to write to; on success it takes the place of ``path``, on failure nothing is left.

    Works for a file and for a folder. A folder that is already there is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=f".{path.name}{_DRAFT}", dir=path.parent))
    draft = workplace / path.name
    try:
        yield draft
        if path.is_dir() and draft.is_dir():
            _exchange(draft, path, workplace / "replaced")
        else:
            os.replace(draft, path)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def clear_drafts(folder: Path, name: str = "*") -> None:
    """Take away what a process that was killed left in a folder: drafts of a name, or all of them."""
    for draft in folder.glob(f".{name}{_DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)


def cached_folder(key: str, make: Callable[[Path], None]) -> Path:
    """Return the cached folder for ``key``, letting ``make`` fill it the first time.

    Of several processes that ask for it at once one makes it, and the others wait for it.
    """
    folder = cache_folder() / key
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if not folder.is_dir():
                _fill(folder, make)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from making a folder meanwhile; when this process ends, however it ends, they may.

    Where files cannot be locked, or after a long wait, each makes its own.
    """
    from filelock import FileLock  # here, since what is kept already is read without it

    path = folder.with_name(f".{folder.name}.lock")
    with ExitStack() as held:
        with suppress(OSError):
            held.enter_context(FileLock(path, timeout=_LONGEST_WAIT, fallback_to_soft=False))
            held.callback(_remove, path)
            clear_drafts(folder.parent, folder.name)
        yield


def _remove(lock: Path) -> None:
    with suppress(OSError):  # the system may not remove a file that is open; then its lock goes with it
        lock.unlink()


def _fill(folder: Path, make: Callable[[Path], None]) -> None:
    """Make a folder that is whole or absent."""
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}{_DRAFT}", dir=folder.parent))
    try:
        make(draft)
        try:
            os.replace(draft, folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, with the same content
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_frame(path: Path) -> pd.DataFrame:
    """Return a small Parquet file as a data frame, read without Arrow's thread pool.

    The pool may still hold a worker when the interpreter ends, which then aborts after its work is done
    (apache/arrow issue 34314); these files are too small to gain from it.
    """
    import pandas as pd

    return pd.read_parquet(path, use_threads=False, pre_buffer=False)
