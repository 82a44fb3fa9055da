"""``clvlab new-mapping``: a first mapping for a file, proposed by looking at it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from clvlab.records.engine import open_duckdb
from clvlab.records.files import stage
from clvlab.records.proposing.choosing import choose_table
from clvlab.records.proposing.contents import Contents
from clvlab.records.proposing.settling import settle
from clvlab.records.proposing.writing import write
from clvlab.refusal import Refused


def propose(path: Path) -> str:
    """Return the text of a mapping for the file at ``path``, to be edited and used by ``clvlab import``.

    Raises
    ------
    Refused
        When the file cannot be read or has no rows.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "bills.csv"
    ...     _ = file.write_text("Invoice No;Client;Invoice Date;Net EUR\\n1;A;31.01.2025;1.000,50\\n")
    ...     print([line for line in propose(file).splitlines() if line.startswith(("dates", "issued"))])
    ['dates = ["%d.%m.%Y"]', 'issued_on = "Invoice Date"']
    """
    with tempfile.TemporaryDirectory() as workplace:
        staged = stage(path, Path(workplace))
        if staged.rows == 0:
            raise Refused(f"{path} has a header but no rows; export it again with its rows.")
        with open_duckdb() as engine:
            contents = Contents(path, staged, engine)
            choice = choose_table(contents)
            settle(choice, contents)
            return write(choice, contents)
