"""The catalogue is whole: every text of the package and the notebooks is there, and nothing besides."""

from __future__ import annotations

import re

import pytest

from clvlab.language import missing, reading
from clvlab.language.catalogue import FOLDER, SLOT, Catalogue, catalogue, cells, cells_of, joined
from clvlab.language.reading import read
from clvlab.records.contracts import TABLES
from clvlab.refusal import Refused

CHINESE = re.compile("[\u4e00-\u9fff]")
# A parameter's own name and an author's stay as they are.
STAYS = re.compile(r"[a-z]+|[A-Z]\w+（\d{4}）")
NOTEBOOKS = missing.notebooks()


@pytest.mark.parametrize("room", missing.room_texts())
def test_every_text_of_a_room_has_its_chinese(room):
    assert missing.missing_texts(room) == {}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_text_cell_of_a_notebook_has_its_chinese(name):
    assert missing.missing_cells(NOTEBOOKS[name]) == []
    assert missing.stale_cells(NOTEBOOKS[name]) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_a_notebook_shows_holds_no_english_in_chinese(name):
    assert missing.missing_columns(NOTEBOOKS[name]) == []
    shown = missing.missing_shown(NOTEBOOKS[name])
    # A figure's unit is chosen anew in Chinese: 万 where English takes thousands or millions.
    assert {text: words for text, words in shown.items() if not re.search("thousand|million", text)} == {}


def test_the_catalogue_holds_nothing_that_no_source_says():
    assert missing.stale_texts() == []


def test_every_entry_is_chinese_and_fills_only_slots_that_the_english_has():
    for english, chinese in catalogue("zh").texts.items():
        assert chinese.strip(), english
        kept = STAYS.fullmatch(chinese) or not re.search("[a-z]{3}", SLOT.sub("", chinese))
        assert CHINESE.search(chinese) or kept, english
        assert set(SLOT.findall(chinese)) <= set(SLOT.findall(english)), english


def test_no_text_cell_names_a_currency_that_the_records_may_not_have():
    assert [text for both in cells("zh").items() for text in both if re.search("yuan|dollar|CNY|元", text)] == []


def test_no_entry_has_an_english_mark_beside_a_chinese_character():
    wrong = [
        text
        for text in catalogue("zh").texts.values()
        if re.search("[\u4e00-\u9fff][,;:?!]|[,;?!][\u4e00-\u9fff]", text)
    ]
    assert wrong == []


@pytest.mark.parametrize("contract", TABLES.values(), ids=TABLES)
def test_every_column_of_the_records_has_a_chinese_name_of_its_own_in_its_table(contract):
    names = [read(column, "zh").text for column in contract.names]
    assert [name for name in names if not CHINESE.search(name)] == []
    assert len(set(names)) == len(names)


def test_no_entry_leaves_the_code_of_a_column_in_a_chinese_sentence():
    codes = {column for contract in TABLES.values() for column in contract.names if "_" in column}
    left = {
        zh: codes & set(re.findall(r"(?<![\w.])[a-z]+(?:_[a-z]+)+", zh, re.ASCII))
        for zh in catalogue("zh").texts.values()
    }
    assert {zh: found for zh, found in left.items() if found} == {}


def test_every_cell_keeps_its_headings_and_its_code():
    for path in (FOLDER / "zh" / "notebooks").glob("*.toml"):
        for english, chinese in cells_of(path, "zh").items():
            assert re.findall(r"^#+ ", english, re.M) == re.findall(r"^#+ ", chinese, re.M), english
            assert sorted(re.findall("`[^`]+`", english)) == sorted(re.findall("`[^`]+`", chinese)), english


def test_an_english_text_reads_the_same_everywhere(tmp_path):
    (tmp_path / "a.toml").write_text('"tier" = "等级"\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text('"tier" = "级别"\n', encoding="utf-8")
    with pytest.raises(Refused, match=r"b\.toml reads 'tier' otherwise"):
        joined([tmp_path / "a.toml", tmp_path / "b.toml"])


def test_a_text_is_tried_against_few_templates():
    known = Catalogue({f"{{0}} of the {letter * 3} leave": "{0}" for letter in "bcd"} | {"{0} stay": "{0}"})
    assert [template.english for template in known.candidates("5 of the ccc leave")] == ["{0} of the ccc leave"]
    assert [template.english for template in known.candidates("5 stay")] == ["{0} stay"]


def test_columns_are_found_in_every_table_of_the_records():
    assert set(reading.TABLES) == set(TABLES)
