"""Questions with their answers in a sentence, and the rows behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from clvlab.results import Note, Result, Table


@dataclass(frozen=True, repr=False, eq=False)
class Answer(Result):
    """A question with its answer in a sentence, and the rows behind it.

    Attributes
    ----------
    question, sentence
        What was asked, and the answer; where the records cannot tell, what it would need.
    table
        The rows behind it; None where there are none.
    """

    question: str
    sentence: str
    table: Table | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return the rows behind the answer, empty where there are none."""
        return pd.DataFrame() if self.table is None else self.table.to_frame()

    def __repr__(self) -> str:
        """Return question, answer and rows as text."""
        rows = [] if self.table is None or self.to_frame().empty else [repr(self.table)]
        return "\n".join([self.question, self.sentence, *rows])

    def _repr_html_(self) -> str:
        rows = "" if self.table is None or self.to_frame().empty else self.table._repr_html_()
        return Note(f"{self.question} {self.sentence}")._repr_html_() + rows


class Answers(Result):
    """The questions of a year with their answers.

    Parameters
    ----------
    answers
        In the order asked.
    """

    title = "Questions of the year"

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = tuple(answers)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per question: question, answer."""
        return pd.DataFrame([(one.question, one.sentence) for one in self.answers], columns=["question", "answer"])

    def __repr__(self) -> str:
        """Return questions, answers and rows as text."""
        return "\n\n".join(repr(one) for one in self.answers)

    def _repr_html_(self) -> str:
        return "".join(one._repr_html_() for one in self.answers)
