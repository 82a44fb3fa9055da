"""The bar says what is running and how long the rest takes, from what reports took before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clvlab.reporting import progress as shown
from clvlab.reporting.jobs import Job
from clvlab.reporting.progress import Durations, Progress, longest_first


def job(root: Path, name: str, notebook: str = "n", seconds: float | None = None) -> Job:
    folder = root / name
    if seconds is not None:
        folder.mkdir()
        (folder / "made.json").write_text(json.dumps({"started": "", "duration_seconds": seconds}))
    return Job(Path(notebook), {}, {}, folder, root)


def test_a_report_takes_what_it_took_last_time_else_what_others_of_its_notebook_took_else_what_all_took(tmp_path):
    known = [job(tmp_path, "a", "n", 10.0), job(tmp_path, "b", "n", 20.0), job(tmp_path, "c", "m", 60.0)]
    durations = Durations([*known, job(tmp_path, "d")])
    assert [durations.of(one) for one in known] == [10.0, 20.0, 60.0]
    assert durations.of(job(tmp_path, "new", "n")) == 15.0
    assert durations.of(job(tmp_path, "other", "k")) == 30.0


def test_nothing_is_said_of_reports_when_none_was_ever_made(tmp_path):
    assert Durations([job(tmp_path, "a")]).of(job(tmp_path, "a")) is None


def test_the_longest_come_first_and_the_unknown_stay_in_their_order(tmp_path):
    jobs = [job(tmp_path, "a", "n", 1.0), job(tmp_path, "b", "n", 9.0), job(tmp_path, "c", "m", 5.0)]
    assert [one.name for one, _ in longest_first([(one, None) for one in jobs])] == ["b", "c", "a"]
    new = [job(tmp_path, name) for name in "zyx"]
    assert [one.name for one, _ in longest_first([(one, None) for one in new])] == ["z", "y", "x"]


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    return now


def test_the_bar_tells_what_is_done_what_is_running_and_the_time_left(tmp_path, clock, capsys):
    jobs = [job(tmp_path, "a", "n", 100.0), job(tmp_path, "b", "n", 60.0), job(tmp_path, "c", "n", 60.0)]
    with Progress(5, jobs, workers=2) as bar:
        bar.show(jobs[:2])
        assert "reports 2/5" in capsys.readouterr().err
        clock[0] += 40.0
        bar.show(jobs[:2])
        said = capsys.readouterr().err
        assert "about 1:10 left; a, b" in said  # 60 + 20 + 60 seconds of two workers
        bar.done(jobs[1])
        bar.show([jobs[0], jobs[2]])
        said = capsys.readouterr().err
        assert "3/5" in said
        assert "about 1:00 left; a, c" in said  # 60 + 60
