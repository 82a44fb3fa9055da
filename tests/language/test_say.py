"""What is shown turns into Chinese: whole texts, templates, and texts that are put together from several."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from clvlab.language import amount_scale, current, reading, say, say_column, say_day, say_name, speaking, use
from clvlab.language.catalogue import Catalogue
from clvlab.refusal import Refused

KNOWN = Catalogue(
    {
        "{0} of {1} customers leave": "{1} 家客户中有 {0} 家流失",
        "Margin in {0}: {1}{2}": "{0} 的毛利：{1}{2}",
        "the highest month so far": "迄今最高的月份",
        "{0} of {1}": "{1} 中的 {0}",
        "{0} customers": "{0} 家客户",
        "{0} to {1}": "{0} 至 {1}",
        "Call {0}": "请致电 {0}",
        "late": "延误",
        "damaged": "货损",
        "in words, at length": "说来话长",
        "did you mean {0}": "您是不是指{0!}",
        "give [service_costs.{0}]": "请给出[service_costs.{0!}]",
        "shipments": "运单",
        "invoices": "发票",
        "left out: {0}": "未计入：{0}",
        "answers": "答复",
        "late answers to enquiries in {0} months": "{0} 个月内迟复的查货",
        "{0} answers": "{0} 份答复",
        "customer": "客户",
        "no manager": "无客户经理",
        "needs {0} in shipments": "需要运单表中的{0}",
        "{0} needs {1} in shipments": "{0}需要运单表中的{1}",
        "Missing: {0} needs {1}": "缺失：{0}需要{1}",
        "share in shipments": "运单表中的占比",
    },
    {"late": "延误", "share": "占比", "on_time_dispatch": "发货及时率"},
)


@pytest.fixture(autouse=True)
def in_chinese_of_few_words(monkeypatch):
    monkeypatch.setattr(reading, "catalogue", lambda language: KNOWN)
    with speaking("zh"):
        yield


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("late", "延误"),
        ("Late", "延误"),
        ("12 of 40 customers leave", "40 家客户中有 12 家流失"),
        ("12 of 40 customers leave.", "40 家客户中有 12 家流失。"),
        ("12 of 40 customers leave. Call C00012.", "40 家客户中有 12 家流失。请致电 C00012。"),
        ("Margin in 2025-12: 1,234,567 CNY; the highest month so far", "2025年12月 的毛利：¥123.5万；迄今最高的月份"),
        ("late (damaged)", "延误（货损）"),
        ("late, damaged and late", "延误、货损和延误"),
        ("late: 5 to 9", "延误：5 至 9"),
        ("late\ndamaged", "延误\n货损"),
        ("12,345 customers", "1.234万 家客户"),
        ("in words, at length; late", "说来话长；延误"),
        ("late answers to enquiries in 3 months: 2 (late)", "3 个月内迟复的查货：2（延误）"),
        ("16 of 17", "16/17"),
        ("359 of 400 (late)", "359/400（延误）"),
        ("late: +73.9 万", "延误：+73.9万"),
        ("did you mean 'late'?.", "您是不是指'late'？"),
        ("Call K17, K05.", "请致电 K17、K05。"),
        ("Call A Co., Ltd.; B Co., Ltd..", "请致电 A Co., Ltd.、B Co., Ltd.。"),
        ("Missing: late needs share in shipments", "缺失：延误需要运单表中的占比"),
        ("needs late in shipments; needs share in shipments", "需要运单表中的延误；需要运单表中的占比"),
        ("on_time_dispatch", "发货及时率"),
        ("on time dispatch", "发货及时率"),
        ("give [service_costs.on_time_dispatch]", "请给出[service_costs.on_time_dispatch]"),
        ("damaged: 'share'", "货损：“占比”"),
        ("Customer needs late, share and paid_on in shipments", "客户需要运单表中的延误、占比和paid_on"),
        ("needs late and share in shipments, or late in invoices", "需要运单表中的延误和占比，或发票表中的延误"),
        ("needs late in shipments and share in invoices", "需要运单表中的延误，以及发票表中的占比"),
        ("left out: late, damaged, share", "未计入：延误、货损、占比"),
        ("Call Customer 0659 (C00042)", "请致电 客户0659（C00042）"),
    ],
)
def test_a_text_reads_in_chinese(english, chinese):
    assert say(english) == chinese


@pytest.mark.parametrize(
    "text",
    [
        "",
        "–",
        "C00012",
        "Bank of China",
        "Gateway to Asia",
        "Hangzhou Baoda (C00661), Zhou Tao",
        "=SUM(A1); x",
        "<b>late",
        "5 – 9",
        "青岛",
    ],
)
def test_what_the_catalogue_does_not_know_is_data_and_stays(text):
    assert say(text) == text


@pytest.mark.parametrize("english", ["12 of 40 customers leave", "late (damaged)", "1,234,567 CNY"])
def test_what_is_chinese_already_stays(english):
    assert say(say(english)) == say(english)


def test_a_word_like_a_template_does_not_take_a_name_apart():
    assert say("Call Bank of China") == "请致电 Bank of China"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Customer 0659", "客户0659"),
        ("no manager", "无客户经理"),
        ("Late", "Late"),
        ("Rival 12", "Rival 12"),
        ("K17, no manager", "K17, 无客户经理"),
        ("Bao, late", "Bao, late"),
    ],
)
def test_in_a_column_of_names_only_what_stands_for_a_name_is_in_chinese(name, shown):
    assert say_name(name) == shown


def test_a_day_stands_in_a_sentence_as_the_language_writes_it():
    assert say_day(date(2025, 11, 30)) == "2025年11月30日"


def test_english_words_left_are_what_is_missing():
    assert reading.english_left("late: nobody came", "zh") == ["nobody", "came"]
    assert reading.english_left("late: `own_growth` in clvlab.toml of Zhou Tao", "zh") == []


def test_a_column_reads_by_its_name_what_it_is_of_or_its_words():
    assert [say_column(name) for name in ("share", "share_lower", "share_upper", "late_share", "C00012")] == [
        "占比",
        "占比下限",
        "占比上限",
        "延误占比",
        "C00012",
    ]


def test_english_is_shown_as_it_is():
    with speaking("en"):
        assert say("12 of 40 customers leave") == "12 of 40 customers leave"
        assert say_column("share_lower") == "share_lower"


def test_amounts_of_one_figure_share_a_unit_of_the_language():
    assert amount_scale(3_720_000) == (1e4, "万")
    with speaking("en"):
        assert amount_scale(3_720_000) == (1e6, "million")


def test_an_unknown_language_is_refused():
    with pytest.raises(Refused, match="give one of en, zh"):
        use("fr")
    assert current() == "zh"


def test_english_loads_no_catalogue():
    code = "import sys, clvlab.results, clvlab.figures; print('clvlab.language.catalogue' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
