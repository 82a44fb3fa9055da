"""Another process makes results meanwhile, the same ones, and only where it helps."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import time
from collections import OrderedDict
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from clvlab import helper, meanwhile, opening
from clvlab.cache import CACHE_VARIABLE, cache_folder
from clvlab.meanwhile import RESULTS, begin
from clvlab.opening import open_study
from clvlab.refusal import Refused
from clvlab.simulate import simulate
from clvlab.tiers import customer_tiers
from clvlab.tiers.customer_tiers import Tiers

REVIEWS, YEAR_AGO = "tier_reviews", "tier_prediction"


@pytest.fixture
def own_cache(tmp_path, monkeypatch) -> Path:
    """A cache with nothing in it."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def begun(monkeypatch) -> list[list[str]]:
    """The commands of helpers that would have begun, on two cores."""
    commands = []

    class Helper:
        def __init__(self, command: list[str], **_: object) -> None:
            commands.append(command)

        def wait(self) -> None:
            pass

    monkeypatch.setattr(subprocess, "Popen", Helper)
    monkeypatch.setattr(meanwhile, "CORES", 2)
    return commands


def kinds(folder: Path) -> set[str]:
    """Return what is kept in a cache, without keys."""
    return {path.name.rpartition("-")[0] for path in folder.iterdir()}


def test_a_session_finds_what_a_process_beside_it_made(small_market, small_study, own_cache, monkeypatch):
    monkeypatch.setattr(meanwhile, "CORES", 2)
    folder = shutil.copytree(small_market, own_cache.parent / "market")
    study = open_study(folder, meanwhile=[REVIEWS])
    until = time.monotonic() + 120
    while not any(own_cache.glob("meanwhile-*")):
        assert time.monotonic() < until, sorted(kinds(own_cache))
        time.sleep(0.05)
    days = [day for day in study.tiers.reviews.values() if day != study.as_of]
    assert len(days) >= 3
    assert kinds(own_cache) >= {"records", "meanwhile", *(f"indicators-{day}" for day in days)}
    monkeypatch.setattr(study.tiers, "_then", None)  # nothing of an earlier day is measured here
    for day in days:
        pd.testing.assert_frame_equal(study.tiers.indicators_on(day), small_study.tiers.indicators_on(day))


@pytest.mark.parametrize("name", [name for name in RESULTS if name != "visits_work"])  # too few were visited
def test_what_is_made_is_in_the_cache_when_it_is_asked_for(small_market, own_cache, name, begun, monkeypatch):
    def as_in_another_process() -> None:
        monkeypatch.setattr(opening, "_OPEN", OrderedDict())

    as_in_another_process()
    helper.make("meanwhile-mine", [name], {"data": str(small_market), "as_of": "2025-11-30"})
    before = kinds(own_cache)
    assert "meanwhile" in before
    as_in_another_process()
    with monkeypatch.context() as patch:
        for measures in ("predicts", "tier_survival"):
            patch.setattr(customer_tiers, measures, None)
        patch.setattr(Tiers, "_then", None)
        RESULTS[name](open_study(small_market, as_of="2025-11-30"))
    assert kinds(own_cache) == before
    assert begun == []


def test_it_begins_with_the_newest_review(small_study, monkeypatch):
    asked = []
    monkeypatch.setattr(type(small_study.tiers), "indicators_on", lambda self, day: asked.append(day))
    RESULTS[REVIEWS](small_study)
    assert asked == sorted(asked, reverse=True) != []


def test_what_is_refused_is_no_reason_to_stop(small_market, own_cache, monkeypatch):
    def refused(study):
        raise Refused("Too few customers.")

    made = []
    monkeypatch.setattr(helper, "RESULTS", {"no": refused, "yes": made.append})
    helper.make("meanwhile-mine", ["no", "yes"], {"data": str(small_market)})
    assert len(made) == 1
    assert (own_cache / "meanwhile-mine").is_dir()


def test_nothing_begins_twice_with_one_core_or_with_much_data(own_cache, begun, monkeypatch):
    begin([REVIEWS], "key", 1, data="market", seed=1)
    assert len(begun) == 1
    (cache_folder() / json.loads(begun[0][-1])["key"]).mkdir(parents=True)
    begin([REVIEWS], "key", 1, data="market", seed=1)
    assert len(begun) == 1
    for other in ({"data": "market", "seed": 2}, {"data": "other", "seed": 1}):
        begin([REVIEWS], "key", 1, **other)
    begin([REVIEWS], "other", 1, data="market", seed=1)
    begin([YEAR_AGO], "key", 1, data="market", seed=1)
    assert len(begun) == 5
    begin([REVIEWS], "new", meanwhile._MOST + 1, data="market")
    monkeypatch.setattr(meanwhile, "CORES", 1)
    begin([REVIEWS], "new", 1, data="market")
    assert len(begun) == 5


@pytest.mark.parametrize("connected", [False, True])
def test_a_result_of_another_name_is_refused_with_the_nearest(small_market, begun, connected):
    with pytest.raises(Refused, match=r"'tier_review', which .* \(did you mean 'tier_reviews'\?\)"):
        open_study(ibis.duckdb.connect() if connected else small_market, meanwhile=["tier_review"])
    assert begun == []


def test_without_a_helper_the_session_goes_on(small_market, monkeypatch):
    monkeypatch.setattr(meanwhile, "CORES", 2)
    monkeypatch.setattr("sys.executable", "/no/such/python")
    assert open_study(small_market, meanwhile=[REVIEWS], as_of="2025-10-31").as_of == dt.date(2025, 10, 31)


def test_a_second_helper_makes_nothing_again(own_cache, small_market, monkeypatch):
    made = []
    monkeypatch.setattr(helper, "RESULTS", {"one": made.append})
    for _ in range(2):
        helper.make("meanwhile-mine", ["one"], {"data": str(small_market)})
    assert len(made) == 1


def test_whether_visits_work_comes_back_as_it_was_made(tmp_path, own_cache, monkeypatch):
    simulate(customers=300, months=36, seed=1).write(tmp_path / "market")
    helper.make("meanwhile-mine", ["visits_work"], {"data": str(tmp_path / "market")})
    assert "visits_work" in kinds(own_cache)
    found = []
    for _ in range(2):
        monkeypatch.setattr(opening, "_OPEN", OrderedDict())
        found.append(open_study(tmp_path / "market").playbook.visits_work)
        shutil.rmtree(next(own_cache.glob("visits_work-*")))
    kept, made = found
    pd.testing.assert_frame_equal(kept.to_frame(), made.to_frame())
    assert (repr(kept), kept._repr_html_()) == (repr(made), made._repr_html_())


def test_nothing_begins_unless_it_is_asked_for_of_a_folder_as_it_is(small_market, small_study, begun):
    open_study(small_market)
    open_study(small_market, assumptions=small_study.assumptions, meanwhile=[REVIEWS])
    assert begun == []
    open_study(
        small_market, meanwhile=[REVIEWS], as_of=pd.Timestamp("2025-11-30"), seed=np.int64(1), redact=np.bool_(True)
    )
    assert '"as_of": "2025-11-30", "seed": 1, "redact": true' in begun[0][-1]
