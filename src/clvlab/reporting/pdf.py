"""Print a page to PDF through Chromium, where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from clvlab.refusal import Refused

CHROMIUM_VARIABLE = "CLVLAB_CHROMIUM"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run",
    "--disable-dev-shm-usage", "--no-pdf-header-footer", "--generate-pdf-document-outline",
)  # fmt: skip
_LONGEST = 120  # seconds; a report takes about three
# Chromium notes when it printed; the same page is to give the same file.
_DATES = re.compile(rb"/(CreationDate|ModDate) \(D:[^)]*\)")


def write_pdf(page: Path, pdf: Path) -> None:
    """Print a page of ours on A4: page numbers, no figure or row cut in two, a long table's head on every page.

    How it prints is said in the page's own style. The same page gives the same bytes with the same Chromium and fonts.

    Parameters
    ----------
    page
        The HTML page; nothing outside it is read.
    pdf
        Where the PDF goes.

    Raises
    ------
    Refused
        When Chromium is not installed, or did not print the page.
    """
    chromium = find_chromium()
    with TemporaryDirectory() as folder:
        printed = Path(folder) / "page.pdf"
        # Chromium's sandbox does not start for the superuser, and our pages hold no script.
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        own = [f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", page.resolve().as_uri()]
        try:
            done = subprocess.run(
                [chromium, *_FLAGS, *sandbox, *own], capture_output=True, text=True, errors="replace", timeout=_LONGEST
            )
            said = (done.stderr.strip().splitlines() or ["no word why"])[-1]
        except subprocess.TimeoutExpired:
            said = f"no answer within {_LONGEST} seconds"
        if not printed.is_file():
            raise Refused(f"{chromium} did not print {page.name}: {said}.")
        pdf.write_bytes(_DATES.sub(lambda date: b" " * len(date[0]), printed.read_bytes()))


def find_chromium() -> str:
    """Return the path of Chromium: the one that CLVLAB_CHROMIUM names, else the first one installed.

    Raises
    ------
    Refused
        When there is none.
    """
    wanted = os.environ.get(CHROMIUM_VARIABLE)
    for program in [wanted] if wanted else _PROGRAMS:
        if path := shutil.which(program):
            return path
    if wanted:
        raise Refused(f"{CHROMIUM_VARIABLE} names {wanted}, which is no program; set it to Chromium's path.")
    raise Refused(
        "a PDF is printed by Chromium, which is not installed; install it (Debian, Ubuntu: apt-get install chromium)"
        f" or set {CHROMIUM_VARIABLE} to its path. The HTML page prints alike from any browser."
    )
