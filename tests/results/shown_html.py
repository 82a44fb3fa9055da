"""What the tests of results look for in HTML: cells, and a text that would do harm unescaped."""

from __future__ import annotations

import re

HOSTILE = "<script>alert('x')</script> & \"more\""


def hostile(html: str) -> bool:
    return "<script" in html or "'x'" in html


def cells_of(html: str) -> list[list[str]]:
    body = html.split("<tbody>")[1]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
