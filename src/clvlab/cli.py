"""The command line: ``clvlab demo | check | import | new-mapping | report | batch | lab | new``.

Exit codes: 0 done, also with rows set aside; 1 a report among several failed, or, with ``--strict``, rows were set
aside; 2 refused, with one sentence; 3 an unexpected error.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clvlab import __version__
from clvlab.places import find_folder
from clvlab.refusal import Refused

DONE, SOME_FAILED, REFUSED, UNEXPECTED = 0, 1, 2, 3

IMPORT_HELP = """\
Turn your files into clvlab's tables through a mapping, without code.

  clvlab import truck_trips trips.csv --out data/raw/trips      a mapping that comes with clvlab
  clvlab import my.toml orders.csv bills.xlsx --out data/raw/us  your own

A mapping is a TOML file. Say your orders.csv has the columns No, Client, Ordered (as 31/12/2025 14:30 in UTC),
Tonnes, State and Price (as 1.234,50 €):

  currency = "EUR"
  time_zone = "Europe/Berlin"             # zone of all times in our tables
  dates = ["%d/%m/%Y %H:%M"]              # formats to try, one after the other; "iso" for 2025-12-31 14:30
  decimal = ","
  thousands = "."
  strip = ["€"]                           # texts beside numbers, taken off before they are read

  [shipments]                             # one section for each table to make (see data/README.md)
  file = "orders*"                        # which of the files; all of them when left out
  shipment_id = "No"                      # our column = "your column"
  customer_id = "Client"
  booked_at = { column = "Ordered", source_time_zone = "UTC" }
  weight = { column = "Tonnes", factor = 1000, decimal = "." }        # ours is in kg
  completed = { column = "State", values = { done = "true", lost = "false" } }
  service = { constant = "truck" }
  revenue = "Price"

  [customers]                             # derived from the same file
  one_row_per = "customer_id"
  customer_id = "Client"

A column can also be joined from several, { columns = ["Branch", "No"], joined_by = "-" }, or number the rows,
{ row_number = "R" }. What cannot be translated stays as it stands, for the check to set aside and list.
`clvlab new-mapping orders.csv > my.toml` proposes a mapping by looking at the file.
"""


class _Exact(argparse.ArgumentParser):
    """A parser that takes no shortened options: a typo must not become another option."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)


def _parser() -> argparse.ArgumentParser:
    parser = _Exact(prog="clvlab", description="A customer lab for logistics providers.")
    parser.add_argument("--version", action="version", version=f"clvlab {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Exact)

    demo = commands.add_parser("demo", help="make a demo market with known truth")
    demo.add_argument("--customers", type=int, default=1500, help="shippers (default 1500)")
    demo.add_argument("--months", type=int, default=36, help="months of records (default 36)")
    demo.add_argument("--seed", type=int, default=1, help="seed of every random draw (default 1)")
    demo.add_argument("--out", type=Path, default=Path("data/demo"), help="folder (default data/demo)")
    demo.set_defaults(run=_demo)

    check = commands.add_parser("check", help="check a folder of tables and list what is set aside")
    check.add_argument("data", type=Path, metavar="DIR", help="folder with customers and shipments or invoices")
    check.add_argument("--strict", action="store_true", help="exit with 1 when anything was set aside")
    check.set_defaults(run=_check)

    imports = commands.add_parser(
        "import", help="turn your own files into our tables through a mapping",
        description=IMPORT_HELP, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    imports.add_argument("mapping", metavar="MAPPING", help="truck_trips, cdnow, receivables, or a .toml file")
    imports.add_argument("files", type=Path, nargs="+", metavar="FILE", help="CSV, Parquet or Excel")
    imports.add_argument("--out", type=Path, required=True, help="folder for the tables, e.g. data/raw/trips")
    imports.set_defaults(run=_import)

    propose = commands.add_parser("new-mapping", help="propose a mapping by looking at a file, doubts marked")
    propose.add_argument("file", type=Path, metavar="FILE")
    propose.set_defaults(run=_new_mapping)

    report = commands.add_parser("report", help="run a notebook as a report")
    report.add_argument("name", metavar="NAME", help="the notebook's name without its number, e.g. portfolio")
    report.add_argument("-p", dest="parameters", action="append", default=[], metavar="KEY=VALUE",
                        help="a parameter of the notebook, e.g. -p data=data/raw/trips")  # fmt: skip
    report.add_argument("--language", help="language of the report")
    report.add_argument("--to", choices=["html", "pdf"], default="html", help="pdf beside the page (default html)")
    report.set_defaults(run=_report)

    batch = commands.add_parser("batch", help="run the reports a batch file names, those that are not current")
    batch.add_argument("file", type=Path, metavar="FILE", help="e.g. reports/monthly.toml")
    batch.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    batch.set_defaults(run=_batch)

    lab = commands.add_parser("lab", help="open the notebooks in JupyterLab")
    lab.set_defaults(run=_lab)

    new = commands.add_parser("new", help="make a notebook of your own that runs as a report at once")
    new.add_argument("name", metavar="NAME", help="its name: small letters, digits and _, e.g. late_payers")
    new.set_defaults(run=_new)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        chosen = _parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has printed its sentence, or the help
        return int(stop.code or 0)
    try:
        return int(chosen.run(chosen))
    except Refused as refusal:
        print(f"clvlab: {refusal}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print("clvlab: stopped.", file=sys.stderr)
        return UNEXPECTED
    except Exception:
        traceback.print_exc()
        print("clvlab: an unexpected error; the lines above say where.", file=sys.stderr)
        return UNEXPECTED


def _demo(chosen: argparse.Namespace) -> int:
    from clvlab.simulate import simulate

    market = simulate(customers=chosen.customers, months=chosen.months, seed=chosen.seed)
    market.write(chosen.out)
    print(f"Wrote a market of {chosen.customers:,} customers over {chosen.months} months to {chosen.out}.")
    return DONE


def _check(chosen: argparse.Namespace) -> int:
    from clvlab.opening import open_study
    from clvlab.reporting.checklist import checklist

    folder = find_folder(chosen.data)
    study = open_study(folder)
    quarantine = study.records.quarantine
    try:
        quarantine.write(folder / "quarantine")
    except OSError as error:
        raise Refused(f"{folder / 'quarantine'} cannot be written ({error.strerror}); copy the folder to where"
                      " it can be.") from error  # fmt: skip
    print(checklist(study, chosen.data))
    return SOME_FAILED if chosen.strict and len(quarantine.to_frame()) else DONE


def _import(chosen: argparse.Namespace) -> int:
    from clvlab.opening import open_study
    from clvlab.records.importing import import_files
    from clvlab.records.mapping import read_mapping
    from clvlab.reporting.checklist import checklist

    import_files(read_mapping(chosen.mapping), chosen.files, chosen.out)
    study = open_study(chosen.out.absolute())
    study.records.quarantine.write(chosen.out / "quarantine")
    print(checklist(study, chosen.out))
    return DONE


def _new_mapping(chosen: argparse.Namespace) -> int:
    from clvlab.records.proposing import propose

    print(propose(chosen.file))
    return DONE


def _report(chosen: argparse.Namespace) -> int:
    from clvlab.reporting.jobs import is_current, keys_of, made, plan

    given = {}
    for pair in chosen.parameters:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Refused(f"-p {pair} must read KEY=VALUE, e.g. -p data=data/demo.")
        given[name] = value
    if chosen.language is not None:
        given["language"] = chosen.language
    job = plan(chosen.name, given, formats=(chosen.to,))
    [key] = keys_of([job])
    page = Path(os.path.relpath(job.folder / f"{job.name}.{chosen.to}"))
    if is_current(job, key):
        print(f"{page} is current; nothing to do.")
        return DONE

    from clvlab.reporting.index import write_index
    from clvlab.reporting.run import run
    from clvlab.reporting.writing import written_together

    print(f"Running {job.notebook.name} ...", flush=True)
    with written_together(job.folder.parent):
        run(job, key)
        write_index(job.folder.parent, str(job.parameters["language"]))
    print(f"{page} ({made(job.folder)['duration_seconds']} s)")
    return DONE


def _batch(chosen: argparse.Namespace) -> int:
    from clvlab.features.customer_file.shared import plural
    from clvlab.reporting.batch import run_batch
    from clvlab.reporting.batch_file import read_batch
    from clvlab.reporting.index import INDEX

    if chosen.jobs < 1:
        raise Refused(f"--jobs {chosen.jobs} must be 1 or more.")
    jobs = read_batch(chosen.file)
    results = run_batch(jobs, chosen.jobs)
    failed = [result for result in results if "failed" in result]
    for result in failed:
        print(f"failed: {result['report']}: {result['failed']}", file=sys.stderr)
    made_now = len(results) - len(failed)
    index = os.path.relpath(jobs[0].folder.parent / INDEX)
    print(f"{index}: {plural(len(jobs), 'reports')}, {made_now} made now, {len(failed)} failed.")
    return SOME_FAILED if failed else DONE


def _lab(chosen: argparse.Namespace) -> int:
    from clvlab.reporting.library import project_root

    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", str(project_root() / "notebooks")])


def _new(chosen: argparse.Namespace) -> int:
    from clvlab.reporting.library import project_root
    from clvlab.reporting.new_notebook import new_notebook

    path = Path(os.path.relpath(new_notebook(chosen.name, project_root())))
    print(f"Wrote {path}. `clvlab lab` opens it, `clvlab report {chosen.name}` runs it as a report.")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
