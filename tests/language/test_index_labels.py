"""The labels of the index stand in both languages and take the same slots."""

from __future__ import annotations

from string import Formatter

import pytest

from clvlab.language.index_labels import INDEX_LABELS


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("name", INDEX_LABELS)
def test_a_label_stands_in_both_languages_with_the_same_slots(name):
    texts = INDEX_LABELS[name]
    assert set(texts) == {"en", "zh"}
    assert slots(texts["en"]) == slots(texts["zh"])


@pytest.mark.parametrize("name", [name for name in INDEX_LABELS if not name.startswith("language_")])
def test_the_chinese_one_is_chinese(name):
    assert any("\u4e00" <= letter <= "\u9fff" for letter in INDEX_LABELS[name]["zh"])
