"""The command line: exit codes, one sentence for a refusal, and a start that nobody waits for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import clvlab
from clvlab import cli
from clvlab.cli import IMPORT_HELP, main
from clvlab.refusal import Refused

ROOT = Path(__file__).parents[1]
COMMANDS = ["demo", "check", "import", "new-mapping", "report", "batch", "lab", "new"]
HEAVY = {"pandas", "numpy", "ibis", "duckdb", "pyarrow", "matplotlib", "papermill", "nbconvert", "scipy", "IPython"}


def run(*arguments: str, cwd: Path = ROOT) -> tuple[subprocess.CompletedProcess[str], float]:
    """Return how ``clvlab`` ended as a process of its own, and the seconds it took."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "clvlab.cli", *arguments], cwd=cwd, capture_output=True, text=True)
    return done, time.perf_counter() - start


def refused(capsys, *arguments: str) -> str:
    """Return the one line with which these arguments are refused."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("clvlab: ")
    assert captured.err.count("\n") == 1
    assert captured.err.endswith((".\n", "?\n"))
    return captured.err


@pytest.fixture
def sound(tmp_path) -> Path:
    """A folder of records in which nothing is wrong."""
    (tmp_path / "sound").mkdir()
    (tmp_path / "sound/customers.csv").write_text("customer_id\n007\nb\n")
    (tmp_path / "sound/invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,amount\n1,007,2025-01-15,10\n2,b,2025-02-12,30\n"
    )
    return tmp_path / "sound"


@pytest.fixture
def faulty(sound) -> Path:
    """The same with an invoice that cannot be placed."""
    with (sound / "invoices.csv").open("a") as file:
        file.write("3,nobody,2025-02-13,5\n")
    return sound


# Starting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import clvlab",
        "import clvlab.cli; clvlab.cli._parser().parse_args(['report', 'portfolio', '-p', 'a=b'])",
        "import clvlab.cli; assert clvlab.cli.main(['report', 'nonsense']) == 2",
        "import clvlab.cli; assert clvlab.cli.main(['report', 'portfolio', '-p', 'most=0']) == 2",
    ],
)
def test_no_heavy_library_is_loaded_to_start_or_to_refuse(code):
    loaded = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {loaded}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report", "nonsense"], "no notebook is called 'nonsense'; there are portfolio, "),
        (["report", "portfolo"], "did you mean 'portfolio'?"),
        (["report", "portfolio", "-p", "mots=5"], "did you mean 'most'?"),
        (["report", "portfolio", "-p", "most=ten"], "must be a whole number, such as 10."),
        (["report", "portfolio", "-p", "most=0"], "the nearest allowed is 1."),
        (["report", "portfolio", "-p", "most=51"], "the nearest allowed is 50."),
        (["report", "portfolio", "-p", "as_of=31/12/2025"], "write it as 2025-12-31."),
        (["report", "portfolio", "--language", "fr"], "is not one of en"),
        (["report", "portfolio", "-p", "data"], "must read KEY=VALUE"),
        (["report", "portfolio", "-p", "data=nowhere"], "nowhere is no folder here"),
    ],
)
def test_a_wrong_report_is_refused_naming_the_nearest(arguments, says):
    done, _ = run(*arguments)  # how soon is for `make bench` to say
    assert done.returncode == 2
    assert says in done.stderr
    assert re.fullmatch(r"clvlab: [^\n]+\n", done.stderr)
    assert done.stdout == ""


def test_the_package_shows_its_public_names_when_asked():
    assert clvlab.open_study is __import__("clvlab.opening").opening.open_study
    assert clvlab.Study.__name__ == "Study"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = clvlab.nonsense


# Help ------------------------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"clvlab {clvlab.__version__}\n"


def test_the_help_names_every_command_with_what_it_does(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert re.findall(r"^    (\w[\w-]*)", text, re.MULTILINE) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_on_each_of_its_options(capsys, command):
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"usage: clvlab {command}" in text
    lonely = re.findall(r"^  (--?\w[^\n]*?)\n(?! {10})", text, re.MULTILINE)
    assert [line for line in lonely if "  " not in line.strip()] == []


def test_the_mapping_in_the_help_of_import_works_as_it_says(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = IMPORT_HELP[IMPORT_HELP.index('  currency = "EUR"') : IMPORT_HELP.index("A column can also")]
    Path("my.toml").write_text(example)
    Path("orders.csv").write_text(
        "No;Client;Ordered;Tonnes;State;Price\n"
        "1;007;31/12/2025 14:30;1.5;done;1.234,50\n"
        "2;b;30/06/2025 09:00;0.25;lost;10,00\n"
    )
    assert main(["import", "my.toml", "orders.csv", "--out", "ours"]) == 0
    assert "money in EUR" in capsys.readouterr().out
    shipments = clvlab.open_study("ours").records["shipments"].execute().set_index("shipment_id")
    first = shipments.loc["1"]
    assert first["customer_id"] == "007"
    assert first["booked_at"] == pd.Timestamp("2025-12-31 15:30"), "UTC to Berlin in winter"
    assert shipments.loc["2", "booked_at"] == pd.Timestamp("2025-06-30 11:00"), "and in summer"
    assert (first["weight"], first["revenue"], first["service"], first["completed"]) == (1500, 1234.5, "truck", True)
    assert set(clvlab.open_study("ours").records["customers"].execute()["customer_id"]) == {"007", "b"}


# 0: done ---------------------------------------------------------------------------------------------------


def test_demo_writes_a_market_and_says_where(tmp_path, capsys):
    out = tmp_path / "demo"
    assert main(["demo", "--customers", "20", "--months", "6", "--seed", "3", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"Wrote a market of 20 customers over 6 months to {out}.\n"
    assert len((out / "customers.csv").read_text().splitlines()) == 21


def test_check_of_sound_records_is_done_even_if_strict(sound, capsys):
    assert main(["check", str(sound), "--strict"]) == 0
    assert "Nothing was set aside." in capsys.readouterr().out


def test_rows_set_aside_are_done_and_listed_unless_strict(faulty, capsys):
    assert main(["check", str(faulty)]) == 0
    assert "unknown customer" in capsys.readouterr().out
    cases = pd.read_parquet(faulty / "quarantine" / "invoices.parquet")
    assert cases[["source_row", "column", "rule", "value"]].values.tolist() == [
        [4, "customer_id", "unknown customer", "nobody"]
    ]
    assert main(["check", str(faulty), "--strict"]) == 1


def test_a_check_that_is_repeated_finds_the_same(faulty, capsys):
    texts = []
    for _ in range(2):
        main(["check", str(faulty)])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


def test_import_of_a_mapping_of_ours_writes_tables_and_says_what_was_set_aside(tmp_path, capsys):
    (tmp_path / "c.csv").write_text("customer_id,date,spend\n1,1997-01-01,10\n1,1997-02-01,5\n2,1997-01-05,1\n")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        '[invoices]\ninvoice_id = { row_number = "P" }\ncustomer_id = "customer_id"\nissued_on = "date"\n'
        'amount = "spend"\n[customers]\none_row_per = "customer_id"\ncustomer_id = "customer_id"\n'
    )
    assert main(["import", str(mapping), str(tmp_path / "c.csv"), "--out", str(tmp_path / "out")]) == 0
    assert "Rows in = accepted + set aside" in capsys.readouterr().out
    assert len(clvlab.open_study(tmp_path / "out").summary) == 2


def test_new_mapping_prints_a_proposal(tmp_path, capsys):
    (tmp_path / "orders.csv").write_text("Order No,Customer,Date,Amount\n1,a,2025-01-01,5\n2,b,2025-01-02,6\n")
    assert main(["new-mapping", str(tmp_path / "orders.csv")]) == 0
    import tomllib

    assert {"customers", "invoices"} & set(tomllib.loads(capsys.readouterr().out))


def test_lab_opens_the_notebooks_in_jupyterlab(monkeypatch):
    called = []
    monkeypatch.setattr(cli.os, "execv", lambda path, arguments: called.append(arguments) or sys.exit(0))
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit):
        main(["lab"])
    assert called == [[sys.executable, "-m", "jupyterlab", str(ROOT / "notebooks")]]


# 2: refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "nowhere"], "nowhere is no folder here"),
        (["check", "empty"], "has no table customers"),
        (["check", "only_customers"], "neither shipments nor invoices"),
        (["check", "file.csv"], "file.csv is no folder here"),
        (["demo", "--customers", "5"], "customers=5 is not possible"),
        (["demo", "--months", "1000"], "months=1000 is not possible"),
        (["demo", "--seed", "-1"], "seed=-1 is not possible"),
        (["demo", "--customers", "20", "--months", "6", "--out", "only_customers/customers.csv"], "is a file"),
        (["import", "nothing", "file.csv", "--out", "out"], "nothing"),
        (["import", "cdnow", "missing.csv", "--out", "out"], "missing.csv"),
        (["new-mapping", "missing.csv"], "missing.csv is not there"),
        (["batch", "missing.toml"], "missing.toml is not there"),
        (["report", "portfolio", "-p", "=x"], "has no parameter ''"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_2(tmp_path, monkeypatch, capsys, arguments, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "only_customers").mkdir()
    (tmp_path / "only_customers/customers.csv").write_text("customer_id\n007\n")
    (tmp_path / "file.csv").write_text("a,b\n1,2\n")
    monkeypatch.chdir(tmp_path)
    assert says in refused(capsys, *arguments)
    assert not (tmp_path / "out").exists()


def truncate(folder: Path) -> None:
    table = pd.read_csv(folder / "invoices.csv")
    (folder / "invoices.csv").unlink()
    table.to_parquet(folder / "invoices.parquet")
    content = (folder / "invoices.parquet").read_bytes()
    (folder / "invoices.parquet").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda folder: (folder / "invoices.csv").write_text(""), "is empty (0 bytes)"),
        (lambda folder: (folder / "invoices.csv").write_text("invoice_id,customer_id,issued_on,amount\n"), "no rows"),
        (lambda folder: (folder / "invoices.csv").write_text("invoice_id,customer_id,issued_on\n1,007,2025-01-01\n"),
         "lacks the column amount"),
        (lambda folder: shutil.copy(folder / "invoices.csv", folder / "invoices.txt"), "keep one of them"),
        (lambda folder: (folder / "clvlab.toml").write_text("curency = 'EUR'"), "did you mean 'currency'?"),
        (truncate, "is no whole Parquet file"),
    ],
)  # fmt: skip
def test_records_that_cannot_be_used_are_refused(sound, capsys, break_it, says):
    break_it(sound)
    assert says in refused(capsys, "check", str(sound))


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nonsense"], ["report"], ["check"], ["check", "a", "b"], ["import", "cdnow"], ["demo", "--customers", "x"],
        ["import", "cdnow", "a.csv"], ["check", "a", "--stric"],
    ],
)  # fmt: skip
def test_a_call_that_is_no_command_is_2_with_its_usage(capsys, arguments):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("usage: clvlab")
    assert "Traceback" not in captured.err


def test_a_refusal_as_a_process_has_no_traceback(tmp_path):
    done, _ = run("check", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"clvlab: nowhere is no folder here[^\n]+\n", done.stderr)


# 3: unexpected ---------------------------------------------------------------------------------------------


def test_an_unexpected_error_is_3_and_says_where(monkeypatch, capsys):
    def broken(chosen):
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(cli, "_check", broken)
    assert main(["check", "data"]) == 3
    captured = capsys.readouterr()
    assert "ZeroDivisionError: deep inside" in captured.err
    assert captured.err.endswith("clvlab: an unexpected error; the lines above say where.\n")


def test_a_stop_from_the_keyboard_is_3_without_a_traceback(monkeypatch, capsys):
    def stopped(chosen):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_check", stopped)
    assert main(["check", "data"]) == 3
    assert capsys.readouterr().err == "clvlab: stopped.\n"


def test_a_refusal_from_anywhere_is_2(monkeypatch, capsys):
    def refuse(chosen):
        raise Refused("orders.csv is empty; export it again.")

    monkeypatch.setattr(cli, "_check", refuse)
    assert refused(capsys, "check", "data") == "clvlab: orders.csv is empty; export it again.\n"


def test_a_reader_who_stops_reading_is_no_error(faulty):
    command = f'"{sys.executable}" -m clvlab.cli check "{faulty}" | head -n 1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "0", done.stderr
    assert "Traceback" not in done.stderr
