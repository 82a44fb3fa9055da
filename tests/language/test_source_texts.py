"""Which texts of a source are taken for shown, and as what templates."""

from __future__ import annotations

import pytest

from clvlab.language.source_texts import NOT_ON_A_PAGE, PACKAGE, rooms, source_texts, texts_in


@pytest.mark.parametrize(
    ("source", "template"),
    [
        ("x = f'{a} of {b:,} leave'", "{0} of {1} leave"),
        ("x = f'{a}{b} leave'", "{0} leave"),
        ("x = 'of ' + str(n) + ' customers'", "of {0} customers"),
        ("x = 'all {tier}, promised {share:.0%}'.format(tier=t, share=s)", "all {0}, promised {1}"),
        ("x = '; the highest month so far'", "the highest month so far"),
        ("x = ' (hollow: not complete)'", "(hollow: not complete)"),
        ("ax.plot(x, label='continuing')", "continuing"),
        ("state(ax, 'Growing')", "Growing"),
        ("raise Refused('Needs revenue here.')", "Needs revenue here"),
    ],
)
def test_a_text_is_a_template_with_numbered_slots(source, template):
    assert list(texts_in(source)) == [template]


def test_a_word_chosen_within_a_text_is_one_too():
    assert list(texts_in("f\"the risk {'rises' if up else 'falls'} by {x}\"")) == [
        "the risk {0} by {1}",
        "rises",
        "falls",
    ]


@pytest.mark.parametrize(
    "source",
    [
        '"""What a module does."""',
        "def f():\n    'What it does.'",
        "x = 'continuing'",
        "frame['customer_id']",
        "raise ValueError('give one of them')",
        "raise Refused('draws=0 gives nothing')",
        "connection.sql('SELECT a FROM b')",
        "parser.add_argument('x', help='what it is')",
        "if kind == 'a b': pass",
        "ax.text(0, 0, name, textcoords='offset points')",
        "x = 'seen by nobody'  # not shown",
        "x: 'list of texts' = 1",
        "x = cast('dict[str, int]', y)",
        "x = f'{a}: {b}'",
    ],
)
def test_what_no_page_shows_is_left_out(source):
    assert texts_in(source) == {}


def test_refusals_of_what_brings_records_in_are_left_out():
    assert texts_in("raise Refused('The file is not there.')", refusals=False) == {}


def test_what_is_left_out_is_there():
    assert [place for place in NOT_ON_A_PAGE if not (PACKAGE / place).exists()] == []


def test_a_place_in_the_source_goes_with_each_text():
    assert "churn" in rooms()
    text, place = next(iter(source_texts("churn").items()))
    path, line = place.split(":")
    assert (PACKAGE / path).is_file()
    assert int(line) > 0
    assert text == text.strip()
