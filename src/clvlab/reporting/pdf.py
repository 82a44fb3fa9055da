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
# Chromium notes when it printed, and numbers the page's parts after those of the pages it had open before.
_DATES = re.compile(rb"/(CreationDate|ModDate) \(D:[^)]*\)")
_PARTS = re.compile(rb"\(node(\d{8,})\)")


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
        pdf.write_bytes(settled(printed.read_bytes()))


def settled(printed: bytes) -> bytes:
    """Return a PDF of Chromium's without what differs from one printing of the page to the next.

    Its dates become blanks, and the parts of the page are numbered from 0 in the order they had. No byte moves, since
    a PDF says at which byte each of its objects begins.

    Examples
    --------
    >>> settled(b"/ID (node00000104)") == settled(b"/ID (node00000099)")
    True
    """
    numbers = sorted(set(_PARTS.findall(printed)), key=int)
    rank = {number: b"%0*d" % (len(number), place) for place, number in enumerate(numbers)}
    renumbered = _PARTS.sub(lambda part: b"(node" + rank[part[1]] + b")", printed)
    return _DATES.sub(lambda date: b" " * len(date[0]), renumbered)


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
