"""The figures that a report is remembered by."""

from __future__ import annotations

import doctest
import json

import pytest
from shown_html import HOSTILE, hostile

import clvlab.results.headlines
from clvlab.language import speaking
from clvlab.results import Headline, Headlines


def test_the_examples_hold():
    outcome = doctest.testmod(clvlab.results.headlines)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(
    ("headline", "shown", "interval"),
    [
        (Headline("on time", 91.27, "%", 90.1, 92.44, decimals=1), "91.3%", "90% interval 90.1 to 92.4"),
        (Headline("customers", 1500, "customers"), "1,500 customers", ""),
        (Headline("customers", 1, "customers"), "1 customer", ""),
        (Headline("margin", -1234567.8, "CNY"), "-1,234,568 CNY", ""),
        (Headline("largest", "Northwind"), "Northwind", ""),
        (Headline("margin", None, "CNY", note="Needs revenue."), "–", ""),
        (Headline("one bound", 5, "", lower=1), "5", ""),
        (Headline("not estimable", float("nan"), "%"), "–", ""),
    ],
)
def test_a_headline_shows_its_figure_unit_and_interval(headline, shown, interval):
    assert headline.shown() == shown
    assert headline.interval() == interval


def test_headlines_are_text_page_and_data_in_one():
    headlines = Headlines(
        Headline("on time", 91.273456, "%", 90.123456, 92.444444, decimals=1, note="late: a < b"),
        Headline("accounts", 12, "customers"),
        Headline("largest", HOSTILE),
    )
    bundle = headlines._repr_mimebundle_()
    assert bundle["text/plain"].splitlines()[:2] == [
        "on time: 91.3% (90% interval 90.1 to 92.4; late: a < b)",
        "accounts: 12 customers",
    ]
    assert bundle["text/html"].count('class="headline"') == 3
    assert not hostile(bundle["text/html"])
    data = json.loads(json.dumps(bundle[Headlines.mime]))
    assert data[0] == {
        "name": "on time",
        "value": 91.273,
        "unit": "%",
        "lower": 90.123,
        "upper": 92.444,
        "decimals": 1,
        "note": "late: a < b",
    }
    assert data[1]["value"] == 12
    assert data[2]["value"] == HOSTILE
    assert headlines.to_frame()["value"].tolist()[0] == 91.273456, "the frame is not rounded"


def test_a_figure_that_is_not_a_number_is_valid_json():
    data = Headlines(Headline("x", float("nan"), "%", float("nan"), float("inf")))._repr_mimebundle_()[Headlines.mime]
    json.dumps(data, allow_nan=False)


@pytest.mark.parametrize(
    ("headline", "figure", "unit"),
    [
        (Headline("margin", 1_234_567.8, "CNY"), "¥123.5万", ""),
        (Headline("customers", 1500, "customers"), "1,500", "家客户"),
        (Headline("on time", 91.27, "%", decimals=1), "91.3%", ""),
        (Headline("largest", "Northwind"), "Northwind", ""),
        (Headline("margin", None, "CNY"), "–", ""),
    ],
)
def test_in_chinese_a_headline_reads_with_its_unit(headline, figure, unit):
    with speaking("zh"):
        assert (headline.figure(), headline.unit_shown()) == (figure, unit)


def test_the_data_of_headlines_stays_english():
    with speaking("zh"):
        data = Headlines(Headline("customers", 1500, "customers"))._repr_mimebundle_()[Headlines.mime]
    assert (data[0]["name"], data[0]["unit"]) == ("customers", "customers")
