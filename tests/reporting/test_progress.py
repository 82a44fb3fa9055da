"""The bar says what is running and how long the rest takes, from what reports took before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clvlab.reporting import progress as shown
from clvlab.reporting.jobs import Job
from clvlab.reporting.progress import Durations, Progress, in_order


def job(root: Path, name: str, notebook: str = "n", seconds: float | None = None) -> Job:
    folder = root / name
    if seconds is not None:
        folder.mkdir()
        (folder / "made.json").write_text(json.dumps({"started": "", "duration_seconds": seconds}))
    return Job(Path(notebook), {}, {}, folder, root)


def test_a_report_takes_what_it_took_last_time_else_what_the_latest_of_its_notebook_took(tmp_path):
    known = [job(tmp_path, "a", "n", 10.0), job(tmp_path, "b", "n", 20.0), job(tmp_path, "c", "m", 60.0)]
    durations = Durations([*known, job(tmp_path, "d")])
    assert [durations.of(one) for one in known] == [10.0, 20.0, 60.0]
    assert durations.of(job(tmp_path, "new", "n")) == 20.0
    durations.note(known[0], 3.0)
    assert durations.of(job(tmp_path, "new", "n")) == 3.0, "the first computed what the others share"


def test_nothing_is_said_of_a_notebook_of_which_no_report_was_ever_made(tmp_path):
    assert Durations([job(tmp_path, "a", "m", 9.0)]).of(job(tmp_path, "b", "n")) is None


def names(todo: list[Job]) -> list[str]:
    return [one.name for one, _ in in_order([(one, None) for one in todo], Durations(todo))]


def test_the_longest_come_first_when_all_were_made_before(tmp_path):
    jobs = [job(tmp_path, "a", "n", 1.0), job(tmp_path, "b", "n", 9.0), job(tmp_path, "c", "m", 5.0)]
    assert names(jobs) == ["b", "c", "a"]


def test_one_of_each_new_notebook_comes_before_them_and_the_others_of_it_come_last(tmp_path):
    known = [job(tmp_path, "a", "n", 1.0), job(tmp_path, "b", "n", 9.0)]
    new = [job(tmp_path, name, name[0]) for name in ("x1", "x2", "y1", "x3", "y2")]
    assert names([*known, *new]) == ["x1", "y1", "b", "a", "x2", "x3", "y2"]


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    return now


def test_the_bar_tells_what_is_done_what_is_running_and_the_time_left(tmp_path, clock, capsys):
    jobs = [job(tmp_path, "a", "n", 100.0), job(tmp_path, "b", "n", 60.0), job(tmp_path, "c", "n", 60.0)]
    with Progress(5, jobs, 2, Durations(jobs)) as bar:
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


def test_the_rest_takes_no_less_than_its_longest_report(tmp_path, clock, capsys):
    jobs = [job(tmp_path, "a", "n", 100.0), job(tmp_path, "b", "m", 10.0)]
    with Progress(2, jobs, 2, Durations(jobs)) as bar:
        bar.show(jobs)
        assert "about 1:40 left" in capsys.readouterr().err


def test_how_long_it_takes_is_not_said_before_one_of_each_notebook_is_made(tmp_path, clock, capsys):
    jobs = [job(tmp_path, "a", "n", 60.0), job(tmp_path, "b", "m"), job(tmp_path, "c", "m")]
    with Progress(3, jobs, 1, Durations(jobs)) as bar:
        bar.show([jobs[1]])
        assert "left" not in capsys.readouterr().err
        clock[0] += 30.0
        bar.done(jobs[1])
        bar.show([jobs[0]])
        assert "about 1:30 left" in capsys.readouterr().err
