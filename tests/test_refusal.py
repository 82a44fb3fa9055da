"""The one exception for input that cannot be used."""

import doctest

import clvlab.refusal
from clvlab.refusal import Refused


def test_the_example_in_its_docstring_holds():
    outcome = doctest.testmod(clvlab.refusal)
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_its_text_is_the_sentence_itself():
    assert str(Refused("orders.csv is empty; export it again.")) == "orders.csv is empty; export it again."
    assert issubclass(Refused, Exception)


def test_a_notebook_shows_the_sentence_and_no_traceback():
    assert Refused("orders.csv is empty; export it again.")._render_traceback_() == [
        "Refused: orders.csv is empty; export it again."
    ]
