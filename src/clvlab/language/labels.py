"""The labels that pages carry besides what a notebook says; one entry per label and language."""

from __future__ import annotations

LABELS: dict[str, dict[str, str]] = {
    "contents": {"en": "Contents", "zh": "目录"},
    "skip": {"en": "Skip to the text", "zh": "跳到正文"},
    "messages": {"en": "Messages", "zh": "运行信息"},
    "failed": {"en": "This section failed:", "zh": "本节未能完成："},
    "details": {"en": "Technical details", "zh": "技术细节"},
    "table": {"en": "Table", "zh": "表格"},
    "not_printed": {"en": "on the page, not printed", "zh": "见网页版，此处未打印"},
    "data": {"en": "Data", "zh": "数据"},
    "as_of": {"en": "As of", "zh": "截至"},
    "money": {"en": "Money", "zh": "金额"},
    "untitled": {"en": "Report", "zh": "报告"},
}


def labels(language: str) -> dict[str, str]:
    """Return every label in ``language``.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``; a region such as ``"zh-CN"`` is cut off, and any other language reads English.

    Examples
    --------
    >>> labels("zh-CN")["contents"]
    '目录'
    """
    return {name: texts.get(language.split("-")[0], texts["en"]) for name, texts in LABELS.items()}
