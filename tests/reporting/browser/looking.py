"""A page opened in a browser as a reader opens it: from a file, without a network, on a phone, a desk or paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page


@dataclass(frozen=True)
class View:
    """How a page is looked at: on a phone, at a desk, or on A4 paper (the width between its margins)."""

    name: str
    width: int
    media: str = "screen"


PHONE, DESK, PAPER = View("phone", 390), View("desk", 1280), View("paper", 665, "print")


@dataclass(frozen=True)
class Opened:
    """A page in the browser, what went wrong in it, and what it asked for besides itself."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)


@contextmanager
def opened(browser: Browser, path: Path, view: View = DESK) -> Iterator[Opened]:
    """Open a page without a network; it is closed in the end."""
    context = browser.new_context(viewport={"width": view.width, "height": 900}, offline=True)
    try:
        context.set_default_timeout(120_000)  # ms; a busy machine is slow, not wrong
        found = Opened(context.new_page())
        found.page.on("console", lambda said: found.wrong.append(said.text) if said.type == "error" else None)
        found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
        found.page.on("requestfailed", lambda request: found.wrong.append(request.url[:100]))
        found.page.on("request", lambda request: found.asked_for.append(request.url[:100]))
        found.page.emulate_media(media=view.media)
        found.page.goto(path.as_uri())
        found.asked_for.remove(path.as_uri())
        yield found
    finally:
        context.close()
