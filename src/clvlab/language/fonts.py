"""A font that has Chinese characters, for figures: of the system, or of a package of fonts from PyPI."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Those of Linux distributions first, then macOS' and Windows' own.
FAMILIES = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN"),
    *("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "PingFang SC", "Heiti SC", "Microsoft YaHei", "SimHei"),
)
_FILES = ("notosanscjk", "notosanssc", "sourcehansans", "wqy")
HOW_TO_INSTALL = "install a Chinese font: apt-get install fonts-noto-cjk (Debian, Ubuntu), or else pip install mpl-font"


@cache
def chinese_family() -> str | None:
    """Return the family of an installed font with Chinese characters, None when there is none.

    Examples
    --------
    >>> chinese_family() in (*FAMILIES, None)
    True
    """
    from matplotlib.font_manager import findSystemFonts, fontManager

    if family := _known_family():
        return family
    # matplotlib keeps its list of fonts from its first start on: a font may have come since.
    for path in [*map(Path, findSystemFonts()), *_packaged()]:
        if path.name.lower().startswith(_FILES):
            fontManager.addfont(path)
    return _known_family()


def _known_family() -> str | None:
    from matplotlib.font_manager import fontManager

    names = {font.name for font in fontManager.ttflist}
    return next((family for family in FAMILIES if family in names), None)


def _packaged() -> list[Path]:
    """Return the font files of the package mpl-font; it is not imported, as it would set matplotlib's style."""
    found = find_spec("mpl_font")
    if found is None or found.origin is None:
        return []
    return sorted(Path(found.origin).parent.rglob("*.otf"))
