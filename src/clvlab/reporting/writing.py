"""Who may write to a folder of reports: one batch alone, or any number of single reports."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clvlab.cache import clear_drafts
from clvlab.refusal import Refused

_LOCK = ".lock"
# No right to write, a file system that is read only, full, or at the user's quota.
_CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


@contextmanager
def written_alone(build: Path) -> Iterator[None]:
    """Keep everybody else from writing to the folder, and take away what a killed run left half done.

    Raises
    ------
    Refused
        When somebody else is writing to it, or it cannot be written.
    """
    with _held(build, fcntl.LOCK_EX):
        clear_drafts(build)
        yield


@contextmanager
def written_together(build: Path) -> Iterator[None]:
    """Keep batches from writing to the folder while a report is made.

    Raises
    ------
    Refused
        When a batch is writing to it, or it cannot be written.
    """
    with _held(build, fcntl.LOCK_SH):
        yield


@contextmanager
def _held(build: Path, how: int) -> Iterator[None]:
    try:
        build.mkdir(parents=True, exist_ok=True)
        with (build / _LOCK).open("w") as lock:  # let go of by the system when the process ends, also when it is killed
            try:
                fcntl.flock(lock, how | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused(f"another run is writing to {build}; wait until it is done.") from None
            yield
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        where = error.filename or build
        raise Refused(f"{where} cannot be written ({error.strerror}); mend that and run again.") from error
