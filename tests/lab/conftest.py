"""A shell of IPython and a bench: what tests at the notebook need."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from clvlab.lab.session import SESSION_VARIABLE


@pytest.fixture
def shell(tmp_path) -> InteractiveShell:
    """A shell of its own, as a kernel has one."""
    return InteractiveShell(ipython_dir=str(tmp_path), config=Config({"HistoryManager": {"enabled": False}}))


@pytest.fixture
def at_the_notebook(monkeypatch) -> None:
    """As in a kernel that Jupyter's server started for a person."""
    monkeypatch.setenv(SESSION_VARIABLE, "notebooks/x.ipynb")


@pytest.fixture
def in_a_report(monkeypatch) -> None:
    """As in a kernel that a report runs in."""
    monkeypatch.delenv(SESSION_VARIABLE, raising=False)


@pytest.fixture
def displayed(monkeypatch) -> list:
    """What was displayed."""
    found: list = []
    monkeypatch.setattr("IPython.display.display", lambda *what, **_: found.extend(what))
    return found


@pytest.fixture
def study_of():
    """A stand-in for a study whose tables had these rows in, accepted and set aside."""
    import pandas as pd

    def make(*sums: tuple[int, int, int]) -> SimpleNamespace:
        frame = pd.DataFrame(sums, columns=["rows_in", "accepted", "set_aside"])
        return SimpleNamespace(records=SimpleNamespace(quarantine=SimpleNamespace(sums=frame)))

    return make
