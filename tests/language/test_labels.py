"""The labels of pages: whole in every language, and no label without use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import clvlab
from clvlab.language import LABELS, labels

REPORTING = Path(clvlab.__file__).parent / "reporting"
SOURCES = [
    REPORTING / "render.py",
    REPORTING / "run.py",
    REPORTING / "template" / "page.html.j2",
    REPORTING / "template" / "cells.html.j2",
]


def test_every_label_has_a_text_in_every_language():
    lacking = [
        (name, language)
        for name, texts in LABELS.items()
        for language in ("en", "zh")
        if not texts.get(language, "").strip()
    ]
    assert lacking == []


def test_no_label_is_left_in_english_in_chinese():
    assert [name for name, texts in LABELS.items() if not re.search("[\u4e00-\u9fff]", texts["zh"])] == []


@pytest.mark.parametrize("language", ["zh", "zh-CN", "zh-Hans-CN"])
def test_a_region_is_cut_off(language):
    assert labels(language) == {name: texts["zh"] for name, texts in LABELS.items()}


@pytest.mark.parametrize("language", ["en", "en-GB", "fr", "", "nonsense"])
def test_any_other_language_reads_english(language):
    assert labels(language) == {name: texts["en"] for name, texts in LABELS.items()}


def test_every_label_is_used_and_every_label_used_is_there():
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    used = set(re.findall(r"\blabels\.(\w+)", text)) | set(re.findall(r"\bwords\[\"(\w+)\"\]", text))
    assert used == set(LABELS)
