"""Numbers, money and dates as Chinese readers write them: 万 and 亿, ¥, 年月日."""

from __future__ import annotations

import re

WAN, YI = 10_000, 100_000_000
DIGITS = 4  # that count, of a number in 万 or 亿 which is no count

_CHINESE = re.compile("[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MILLIONS = re.compile(rf"(?<![\w.,])({_NUMBER}) ?(?:million|m(?!\w))", re.ASCII)
_GROUPED = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+(?:\.\d+)?)(?![\w%]|[.,]\d)", re.ASCII)
_YUAN = re.compile(rf"(?<![\w.,])({_NUMBER}) ?([万亿]?) ?CNY(?!\w)", re.ASCII)
_YUAN_ALONE = re.compile(r" ?(?<![A-Za-z0-9_])CNY(?!\w)", re.ASCII)
_DAY = re.compile(r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\w-])", re.ASCII)
_MONTH = re.compile(r"(?<![\w-])(\d{4})-(\d\d)(?![\w-])", re.ASCII)
_QUARTER = re.compile(r"(?<![\w-])(\d{4})-Q(\d)(?![\w-])", re.ASCII)
_FIGURE_FIRST = re.compile(r"([-+−]?¥?[\d.,]*[万亿]?)(.*)", re.DOTALL)
_ONLY_FIGURES = re.compile(r"[^A-Za-z]*(?:(?:million|m|CNY)\b[^A-Za-z]*)*")
_ONLY_DAYS = re.compile(r"[\d\s:–-]*(?:Q\d)?")


def is_chinese(text: str) -> bool:
    """Tell whether there is any Chinese in a text.

    Examples
    --------
    >>> is_chinese("3家客户"), is_chinese("3 customers")
    (True, False)
    """
    return bool(_CHINESE.search(text))


def measured(number: float, decimals: int) -> str:
    """Return a number that is no count, from 10,000 on with four digits that count.

    Examples
    --------
    >>> measured(1234.567, 1), measured(1234567.0, 1), measured(-4.0e6, 0)
    ('1,234.6', '123.5万', '-400万')
    """
    for unit, name in ((YI, "亿"), (WAN, "万")):
        if abs(number) >= unit:
            after = max(DIGITS - len(f"{abs(number) // unit:.0f}"), 0)
            shown = f"{number / unit:,.{after}f}"
            return (shown.rstrip("0").rstrip(".") if after else shown) + name
    return f"{number:,.{decimals}f}"


def in_chinese(text: str) -> str:
    """Return a text with its numbers, money and dates as Chinese readers write them.

    A text that is only a date stays as it is, as in a table or on an axis; English that nothing was translated of too.

    Examples
    --------
    >>> in_chinese("2025-12-31 之前 1,234,567 CNY 的毛利")
    '2025年12月31日 之前 ¥123.5万 的毛利'
    >>> in_chinese("4.44 million CNY"), in_chinese("2025-12-31"), in_chinese("9,876")
    ('¥444万', '2025-12-31', '9,876')
    """
    if not is_chinese(text) and (not _ONLY_FIGURES.fullmatch(text) or _ONLY_DAYS.fullmatch(text)):
        return text
    text = _MILLIONS.sub(lambda found: measured(1e6 * _read(found[1]), 0), text)
    text = _GROUPED.sub(lambda found: _grouped(found[1]), text)
    text = _YUAN.sub(r"¥\1\2", text)
    text = _YUAN_ALONE.sub("元", text)
    text = _DAY.sub(lambda found: f"{found[1]}年{int(found[2])}月{int(found[3])}日", text)
    text = _QUARTER.sub(r"\1年第\2季度", text)
    return _MONTH.sub(lambda found: f"{found[1]}年{int(found[2])}月", text)


def _grouped(number: str) -> str:
    return measured(_read(number), 0) if _read(number) >= WAN else number


def _read(number: str) -> float:
    return float(number.replace(",", ""))


def parted(shown: str) -> tuple[str, str]:
    """Return a figure and the Chinese unit that follows it without a blank.

    Examples
    --------
    >>> parted("1,500家客户"), parted("¥123.5万")
    (('1,500', '家客户'), ('¥123.5万', ''))
    """
    figure, unit = _FIGURE_FIRST.fullmatch(shown).groups()  # type: ignore[union-attr]
    return figure, unit
