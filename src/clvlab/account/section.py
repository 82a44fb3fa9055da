"""A section of an account's file: one short table that is read whole, and what has to be said beside it."""

from __future__ import annotations

import pandas as pd

from clvlab.features.customer_file.shared import Remarked
from clvlab.results import Table


class Section(Remarked):
    """A table shown unfolded, with remarks below.

    Attributes
    ----------
    title, decimals, percent
        As for :class:`clvlab.results.Table`.
    remarks
        What has to be said beside it, in sentences.

    Examples
    --------
    >>> Section(pd.DataFrame({"within": ["3 months"], "leaves": [0.031]}), "Probability to leave", 3, ("leaves",),
    ...         ("Last order yesterday.",))
    Probability to leave
      within leaves
    3 months   3.1%
    Last order yesterday.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        title: str,
        decimals: int = 0,
        percent: tuple[str, ...] = (),
        remarks: tuple[str, ...] = (),
    ) -> None:
        self._frame = frame
        self.title, self.decimals, self.percent, self.remarks = title, decimals, percent, remarks

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded."""
        return self._frame

    def _table(self) -> Table:
        return Table(self._shown(), self.title, self.decimals, self.percent, fold=False)

    def _shown(self) -> pd.DataFrame:
        return self.to_frame()
