"""The small project, for the tests that make reports in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from tiny_project import make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small project, as the working directory of the tests of one file."""
    root = make_project(tmp_path_factory.mktemp("project"))
    with chdir(root):
        yield root
