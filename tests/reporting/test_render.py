"""The page that leaves the house: whole, quiet, readable, and the same every time."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_notebook import (
    PIXEL,
    SECRET,
    code,
    failure,
    figure,
    markdown,
    notebook,
    result,
    sample,
    shown,
    stream,
)

from clvlab.refusal import Refused
from clvlab.reporting.render import render
from clvlab.results import Table

HOSTILE = '"><script>alert(1)</script>'
FETCHED = ("src", "srcset", "data", "poster", "background", "xlink:href", "action", "formaction", "ping")
CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt install chromium)")


def page(*cells, **options) -> BeautifulSoup:
    return BeautifulSoup(render(notebook(*cells), **options), "html.parser")


@pytest.fixture(scope="module")
def report() -> str:
    return render(sample(), facts={"Data": "data/demo", "As of": "31 December 2025"})


def test_head_and_title_block(report):
    soup = BeautifulSoup(report, "html.parser")
    assert report.startswith("<!DOCTYPE html>")
    assert soup.html["lang"] == "en"
    assert soup.title.string == soup.h1.string == "Where does the margin come from?"
    assert len(soup("h1")) == 1
    assert [dt.string for dt in soup.header("dt")] == ["Data", "As of"]
    assert [dd.string for dd in soup.header("dd")] == ["data/demo", "31 December 2025"]
    assert soup.find("meta", attrs={"name": "viewport"})
    assert soup.select_one("a.skip")["href"] == "#content"


def test_the_same_notebook_gives_the_same_page_and_is_left_alone(report):
    original = sample()
    kept = copy.deepcopy(original)
    assert render(original, facts={"Data": "data/demo", "As of": "31 December 2025"}) == report
    assert original == kept


def test_no_code_no_prompts_no_hidden_cells(report):
    assert SECRET not in report
    assert not re.search(r"(In|Out)&nbsp;|(In|Out) ?\[", BeautifulSoup(report, "html.parser").main.get_text()[:500])
    for tag in ("parameters", "injected-parameters", "hide"):
        output = shown({"text/plain": "not for you"})
        soup = page(code(output, stream("stdout", "nor this"), tags=[tag]), markdown("nor that", tags=["hide"]))
        assert soup.main.get_text(strip=True) == ""


def test_an_error_in_a_hidden_cell_is_not_hidden():
    assert page(code(failure(), tags=["hide"])).select_one(".failed")


def test_title_falls_back_and_later_h1_become_sections():
    soup = page(markdown("# One *and* only\n\n## A\n\n# B"))
    assert soup.title.string == "One and only"
    assert [h2.string for h2 in soup("h2")] == ["A", "B"]
    assert page(markdown("no heading")).title.string == "Report"
    assert page(markdown("no heading"), language="zh").title.string == "报告"


def test_a_section_says_a_note_once():
    note = shown({"text/html": '<p class="note">Needs revenue in shipments.</p>'})
    found = page(code(note), markdown("## One"), code(note), code(note), markdown("## Two"), code(note))
    assert len(found.select("p.note")) == 3


def test_language_of_the_page_and_its_labels():
    soup = page(markdown("# 报告\n\n## 结论"), code(failure()), language="zh")
    assert soup.html["lang"] == "zh"
    assert soup.nav["aria-label"] == "目录"
    assert "本节未能完成" in soup.select_one(".failed").get_text()
    assert page(markdown("## A"), language="de").nav["aria-label"] == "Contents"


def test_facts_and_title_are_escaped():
    html = render(notebook(markdown("# A &lt;b&gt; `<i>`")), facts={"<u>": HOSTILE}, language='"><x>')
    assert HOSTILE not in html
    assert "<u>" not in html
    assert "<x>" not in html
    assert BeautifulSoup(html, "html.parser").title.string == "A <b> <i>"


# Nothing from outside


def test_nothing_is_fetched(report):
    soup = BeautifulSoup(report, "html.parser")
    assert not soup(["script", "link", "iframe", "object", "embed", "base"])
    for tag in soup(True):
        for name in FETCHED:
            assert tag.get(name, "data:").startswith("data:"), tag
        if tag.has_attr("href"):
            assert tag.name == "a"
    css = "".join(style.string for style in soup("style")) + "".join(t["style"] for t in soup(style=True))
    assert not re.search(r"@import|url\(|https?:", css)
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    "html",
    [
        '<b>x</b><script src="https://example.org/x.js"></script>',
        "<b>x</b><style>@import 'https://example.org/x.css';</style>",
        '<b style="background:url(https://example.org/x.png)">x</b>',
        '<b onclick="alert(1)" background="https://example.org/">x</b>',
        '<link rel="stylesheet" href="https://example.org/x.css"><b>x</b>',
        '<b>x</b><iframe src="https://example.org/"></iframe>',
        '<b>x</b><video poster="https://example.org/x.png" src="https://example.org/v"></video>',
        '<b>x</b><svg><image href="https://example.org/x.png"/></svg>',
        "<b>x</b><a href=\"javascript:fetch('https://example.org/')\">y</a>",
        "<b>x</b><a href=\" java\nscript:alert('https://example.org/')\">y</a>",
        '<b>x</b><meta http-equiv="refresh" content="0; https://example.org/">',
        '<b>x</b><a href="#a" ping="https://example.org/">y</a>',
    ],
)
def test_what_reaches_outside_is_taken_out_of_results(html):
    soup = page(code(shown({"text/html": html})))
    assert soup.main.b.string == "x"
    assert "example.org" not in str(soup)
    assert "alert" not in str(soup)


def test_what_only_scripts_draw_is_refused():
    drawn = shown({"text/html": '<div id="plot"></div><script>draw()</script>', "text/plain": "Chart"})
    with pytest.raises(Refused, match="Cell 2 of the notebook"):
        page(markdown("# A"), code(drawn))


def test_a_result_that_is_only_style_leaves_nothing():
    assert page(code(shown({"text/html": "<style>td { color: red }</style>"}))).main.get_text(strip=True) == ""


def test_links_a_reader_may_follow_stay():
    soup = page(markdown("[a](https://example.org/a) [b](#B) [c](other.html) [d](javascript:alert(1))\n\n## B"))
    assert [a.get("href") for a in soup.main("a")][:3] == ["https://example.org/a", "#B", "other.html"]
    assert "javascript" not in str(soup)


def test_an_unclosed_tag_in_a_result_does_not_swallow_the_rest():
    soup = page(code(shown({"text/html": "<div><blockquote><b>open</div></div></main>"})), markdown("## After"))
    assert soup.main.find("h2", recursive=False).string == "After"


# Pictures


@pytest.mark.parametrize("alt", [None, "", "  "])
@pytest.mark.parametrize("text", [None, "", "<Figure size 640x480 with 1 Axes>", "<IPython.core.display.Image object>"])
def test_a_figure_needs_its_description(alt, text):
    with pytest.raises(Refused, match="Cell 2 of the notebook shows a figure without"):
        page(markdown("# A"), code(figure(alt, text=text)))


def test_descriptions_are_whole_and_escaped():
    soup = page(code(figure(HOSTILE), figure(None, text="It's 5 < 6 & 'so'"), figure("A", PIXEL + "\n")))
    assert [img["alt"] for img in soup("img")] == [HOSTILE, "It's 5 < 6 & 'so'", "A"]
    assert all(img.parent.name == "figure" for img in soup("img"))
    assert not soup("script")
    assert "\n" not in soup("img")[2]["src"]


def test_a_figure_shows_no_text_beside_it():
    soup = page(code(figure("Margin rose.", text="Margin rose.")))
    assert soup.main.get_text(strip=True) == ""


def test_vector_figures_become_images():
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    soup = page(code(shown({"image/svg+xml": svg}, {"image/svg+xml": {"alt": "A"}})))
    assert soup.figure.img["src"].startswith("data:image/svg+xml;base64,")
    assert not soup("svg")


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (markdown("![A](https://example.org/x.png)"), "not part of it"),
        (markdown("![A](pictures/x.png)"), "not part of it"),
        (markdown(f"![](data:image/png;base64,{PIXEL})"), "written alternative"),
        (code(shown({"text/html": f'<img src="data:image/png;base64,{PIXEL}">'})), "written alternative"),
    ],
)
def test_pictures_in_text_and_results_obey_the_same_rules(cell, what):
    with pytest.raises(Refused, match=f"Cell 1 .*{what}"):
        page(cell)


def test_an_attached_picture_is_part_of_the_notebook():
    cell = markdown("![The depot](attachment:depot.png)")
    cell["attachments"] = {"depot.png": {"image/png": PIXEL}}
    image = page(cell).img
    assert (image["src"], image["alt"]) == (f"data:image/png;base64,{PIXEL}", "The depot")


# Text, streams, errors


def test_plain_text_and_streams_are_escaped_and_plain_text_comes_last():
    both = shown({"text/plain": "twice", "text/html": "<p>once</p>"})
    soup = page(code(shown({"text/plain": HOSTILE}), stream("stdout", HOSTILE), both))
    assert soup.select_one("pre.text").string == HOSTILE
    assert soup.select_one("details.messages pre").string == HOSTILE
    assert not soup("script")
    assert "twice" not in str(soup)


def test_markdown_from_results_may_not_bring_html():
    data = {"text/markdown": f"## H\n\n**b** {HOSTILE}\n\n```mermaid\n<script>x</script>\n```\n<div>raw</div>"}
    soup = page(code(shown(data)))
    assert soup.main.strong.string == "b"
    assert "<div>raw</div>" in soup.main.get_text()
    assert not soup("script")


def test_dollars_are_money():
    soup = page(markdown("From $1.2 million to **$1.1 million**."))
    assert soup.strong.string == "$1.1 million"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "Executing:  45%|████▌     | 5/11 [00:02<00:03,  1.9cell/s]",
        "\r  0%|          | 0/3 [00:00<?, ?it/s]\r 33%|###3      | 1/3 [00:01<00:02,  1.1s/it]\n",
        "812it [00:04, 190.31it/s]\n",
        "\x1b[A 50%|█████     | 1/2 [00:01<00:01]\n",
    ],
)
def test_progress_bars_are_dropped(text):
    assert not page(code(stream("stderr", text))).select(".messages")


def test_other_messages_are_kept_in_one_folded_block_without_the_progress():
    bar = "100%|██████████| 3/3 [00:01<00:00,  2.0it/s]\n"
    soup = page(code(stream("stderr", bar), stream("stderr", "UserWarning: 12 < 13 [see 50%]\n")))
    (messages,) = soup.select("details.messages")
    assert not messages.has_attr("open")
    assert messages.pre.string == "UserWarning: 12 < 13 [see 50%]"


def test_widgets_are_dropped():
    data = {"application/vnd.jupyter.widget-view+json": "{}", "text/plain": "  0%|      | 0/10"}
    assert page(code(shown(data))).main.get_text(strip=True) == ""


def test_a_failure_is_seen_and_its_traceback_folded():
    soup = page(code(failure()))
    failed = soup.select_one(".failed")
    assert failed.p.get_text() == (
        "This section failed: Refused: invoices.csv has no column <amount>; name it in the mapping."
    )
    assert not failed.details.has_attr("open")
    assert "<script>" in failed.pre.string
    assert "\x1b" not in str(soup)


# Headings


def check_contents(soup: BeautifulSoup) -> None:
    ids = [tag["id"] for tag in soup(id=True)]
    assert len(ids) == len(set(ids))
    assert not any(re.search(r"\s", name) or not name for name in ids)
    headings = [heading for heading in soup.main(["h2", "h3"]) if heading.get_text(strip=True)]
    for nav in soup("nav"):
        targets = [unquote(a["href"][1:]) for a in nav("a")]
        assert targets == [heading["id"] for heading in headings]
    assert len(soup("nav")) == (2 if headings else 0)


def test_contents_of_the_sample(report):
    soup = BeautifulSoup(report, "html.parser")
    check_contents(soup)
    assert [h3["id"] for h3 in soup("h3")][-2:] == ["结论", "结论-2"]
    assert "¶" not in report
    assert soup.select_one('main a[href="#What-to-do"]')
    assert [a.string for a in soup.select("nav.aside > ol > li > a")] == [h2.string for h2 in soup("h2")]


def test_anchors_avoid_each_other_and_what_is_taken():
    soup = page(markdown('## A\n\n## A\n\n## A-2\n\n## content\n\n<p id="B">x</p>\n\n## B\n\n### A'))
    check_contents(soup)


words = st.text(alphabet="ab# 结论流失%&<>?\"'*_`é😀-", max_size=8) | st.sampled_from(["结论", "A", "A-2", "content"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["##", "###"]), words), max_size=8))
def test_contents_resolve_whatever_the_headings(headings):
    check_contents(page(*(markdown(f"{level} {text}") for level, text in headings)))


# Tables


def test_tables_have_room_and_a_name():
    soup = page(code(result(Table(pd.DataFrame({"a": [1.5]}), "Margin, <EUR>"))), markdown("|a|b|\n|-|-:|\n|1|2|"))
    named, plain = soup.select("div.scroll")
    assert named.table.caption.span.string == named["aria-label"] == "Margin, <EUR>"
    assert (named["role"], named["tabindex"], plain["aria-label"]) == ("region", "0", "Table")
    assert named.table["class"] == ["clvlab"]
    assert named.find("td", class_="number").string == "1.500"
    assert named.th["scope"] == "col"
    assert "right" in plain("td")[1]["style"]


def test_plain_pandas_tables_lose_their_own_style():
    html = f"<style scoped>.dataframe td {{}}</style>{pd.DataFrame({'a': ['<b>']}).to_html()}"
    soup = page(code(shown({"text/html": html})))
    assert not soup.main("style")
    assert soup.select_one("div.scroll > table.dataframe td").string == "<b>"


# In a browser


def browse(folder: Path, file: Path, *options: str) -> str:
    """Open a file in Chromium, headless and in a profile of its own, and return what it prints."""
    quiet = ["background-networking", "component-update", "sync", "quic", "gpu", "default-apps", "extensions"]
    command = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--no-first-run",
        f"--user-data-dir={folder / 'profile'}",
    ]
    command += [f"--disable-{what}" for what in quiet] + [
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing of this goes out
        *options,
        file.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def without_policy(html: str) -> str:
    """Return the page as it would be if nothing kept it from asking and from running scripts."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)


def requests(folder: Path, html: str) -> set[str]:
    """Return what a page makes Chromium ask for, from the browser's own network log."""
    folder.mkdir()
    (folder / "page.html").write_text(html, encoding="utf-8")
    browse(folder, folder / "page.html", f"--log-net-log={folder / 'log.json'}", "--dump-dom")
    events = json.loads((folder / "log.json").read_text(encoding="utf-8"))["events"]
    asked = [event["params"] for event in events if {"url", "initiator"} <= event.get("params", {}).keys()]
    # Chromium's own errands (updates, the time of day) are started by no page.
    return {params["url"] for params in asked if params["initiator"] != "not an origin"}


@needs_chromium
def test_no_request_leaves_the_page(tmp_path):
    address = "http://127.0.0.1:9/{}.png"  # nothing listens there: asking is what counts
    whole = sample()
    whole.cells += [
        code(shown({"text/html": f"<b>x</b><script>new Image().src='{address.format(1)}'</script>"})),
        code(shown({"text/html": f"<b style='background:url({address.format(2)})'>x</b>"})),
    ]
    html = render(whole)
    assert requests(tmp_path / "ours", html) == set()
    # The policy holds where the cleaning would have missed something; without it the log shows the leak.
    leak = html.replace("</main>", f'<img src="{address.format(3)}" alt="x"></main>')
    assert requests(tmp_path / "policy", leak) == set()
    assert requests(tmp_path / "open", without_policy(leak)) == {address.format(3)}


@needs_chromium
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_never_scrolls_sideways(tmp_path, report, width):
    measure = "onload = () => parent.postMessage(document.documentElement.scrollWidth, '*')"
    inner = without_policy(report).replace("</body>", f"<script>{measure}</script></body>")
    (tmp_path / "page.html").write_text(inner, encoding="utf-8")
    write = "onmessage = event => { document.querySelector('p').textContent = event.data }"
    outer = f"<p>unmeasured</p><script>{write}</script>"
    frame = f'<iframe src="page.html" style="border:0;width:{width}px;height:900px"></iframe>'
    (tmp_path / "frame.html").write_text(outer + frame, encoding="utf-8")
    options = ["--dump-dom", "--hide-scrollbars", "--virtual-time-budget=3000"]
    dom = browse(tmp_path, tmp_path / "frame.html", *options)
    assert BeautifulSoup(dom, "html.parser").p.string == str(width)
