"""What many tests need: a small market, a cache of their own, and the folder of real data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

from clvlab.cache import CACHE_VARIABLE
from clvlab.opening import open_study
from clvlab.study import Study

# On CI the same examples every time: a new one that fails belongs to whoever finds it at the desk.
# No deadline: a machine that is busy is no failure.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


ROOT = Path(__file__).parents[1]
SHARED_VARIABLE = "CLVLAB_SHARED_DATA"


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder for this session, so that no test touches the user's; all its processes share it."""
    place = tmp_path_factory.getbasetemp()
    folder = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "clvlab-cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        yield folder


@pytest.fixture(scope="session")
def small_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo market of 60 customers over 24 months, to 2025-12-31; a test that writes to it takes a copy."""
    from clvlab.simulate import simulate

    folder = tmp_path_factory.mktemp("market") / "demo"
    simulate(customers=60, months=24, seed=1).write(folder)
    return folder


@pytest.fixture(scope="session")
def small_study(small_market: Path) -> Study:
    """The small market, opened as of its last day."""
    return open_study(small_market)


@pytest.fixture(scope="session")
def opened(small_market: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Study]:
    """Open the small market after a change of its files, read as text; without its assumptions."""

    def changed(change: Callable[[dict[str, pd.DataFrame]], dict[str, pd.DataFrame]]) -> Study:
        files = {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in small_market.glob("*.csv")}
        folder = tmp_path_factory.mktemp("changed")
        for name, frame in change(files).items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        return open_study(folder)

    return changed


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data: the variable CLVLAB_SHARED_DATA, else ../shared/data beside the repository."""
    folder = ROOT / os.environ.get(SHARED_VARIABLE, "../shared/data")
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; set {SHARED_VARIABLE} to the folder of real data")
    return folder
