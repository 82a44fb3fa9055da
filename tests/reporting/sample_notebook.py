"""A notebook such as a run leaves behind, written by hand: it needs no kernel and no data."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO

import nbformat
import numpy as np
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from clvlab.figures import new_axes
from clvlab.results import Table

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SECRET = "records_nobody_should_read_as_code"


_OPENING = """# Where does the margin come from?

Which customers carry the business, how sure is that, and what happens if the largest one leaves?
This report reads the records up to the as-of date and nothing after it."""

_ANSWER = """## The answer in short

Five customers hold **71%** of the contribution margin (95% interval 66% to 76%); the largest alone holds 59%.
Margin fell from $1.2 million to **$1.1 million**. See [what to do](#What-to-do).

> **What to do.** Renew the contract with Northwind Traders before its notice date, 30 June 2026, and give the
> two accounts below a second manager each.

- On-time delivery fell on three of eight lanes.
- Nobody has visited four of the ten largest accounts for 180 days."""

_LANES = """| Lane | On time, % | Interval, 95% | Note |
|---|--:|:-:|---|
| A | 79.2 | 74.0 to 83.9 | depot closed in `March` |
| B | 84.0 | 80.1 to 87.5 | |
| C | 86.7 | 81.9 to 90.8 | new carrier since May, few shipments |"""

_CHINESE = """## 中文部分：客户流失与服务水平

### 结论

过去三十六个月，前五名客户贡献了百分之七十一的边际利润。
准时交付率每下降一个百分点，合同客户的续约概率约下降零点八个百分点（百分之九十五区间：零点三至一点三）。

> **建议。** 在六月三十日之前与最大客户续约，并为两个重点客户各增加一名客户经理。"""

_TO_DO = """## What to do

1. Renew the largest contract.
2. Move lane A to the second carrier; [the lane's page](https://example.org/lanes) says how.
3. Ask for the missing due dates."""


def notebook(*cells: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook of these cells, with ids that do not change."""
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return new_notebook(cells=list(cells))


def markdown(text: str, **metadata: object) -> nbformat.NotebookNode:
    """Return a markdown cell."""
    return new_markdown_cell(text, metadata=metadata)


def code(*outputs: nbformat.NotebookNode, tags: Sequence[str] = ()) -> nbformat.NotebookNode:
    """Return an executed code cell with these outputs."""
    return new_code_cell(f"{SECRET} = 1", outputs=list(outputs), execution_count=1, metadata={"tags": list(tags)})


def shown(data: dict[str, str], metadata: dict[str, object] | None = None) -> nbformat.NotebookNode:
    """Return an output such as ``display`` leaves."""
    return new_output("display_data", data=data, metadata=metadata or {})


def result(table: Table) -> nbformat.NotebookNode:
    """Return the output of a cell that ends in a result."""
    data = {"text/plain": repr(table), "text/html": table._repr_html_()}
    return new_output("execute_result", data=data, execution_count=1)


def figure(alt: str | None, png: str = PIXEL, text: str | None = None) -> nbformat.NotebookNode:
    """Return a figure as ``clvlab.figures.show`` leaves it, or one with less."""
    data = {"image/png": png} | ({"text/plain": text} if text is not None else {})
    return shown(data, {"image/png": {"alt": alt}} if alt is not None else {})


def stream(name: str, text: str) -> nbformat.NotebookNode:
    """Return what a cell printed."""
    return new_output("stream", name=name, text=text)


def failure() -> nbformat.NotebookNode:
    """Return an error as a kernel reports it, colours and all."""
    traceback = [
        "\x1b[31m---------------------------------------------------\x1b[39m",
        "\x1b[31mRefused\x1b[39m                   Traceback (most recent call last)",
        "Cell \x1b[32mIn[4]\x1b[39m, line 1\n----> 1 study.churn  # <script>alert(1)</script>",
        "\x1b[31mRefused\x1b[39m: invoices.csv has no column <amount>; name it in the mapping.",
    ]
    return new_output("error", ename="Refused", evalue="invoices.csv ...", traceback=traceback)


def _drawing(kind: str) -> str:
    rng = np.random.default_rng(1)
    ax = new_axes()
    if kind == "line":
        ax.plot(np.arange(36), 100 + np.cumsum(rng.normal(0.4, 3, 36)), label="Shipments")
        ax.set(title="Shipments per month, index", xlabel="Month", ylabel="First month = 100")
        ax.legend()
    else:
        ax.barh([f"Lane {letter}" for letter in "ABCDEFGH"], np.sort(rng.uniform(78, 99, 8)))
        ax.set(title="On-time delivery by lane", xlabel="Shipments delivered on time, %")
    buffer = BytesIO()
    ax.get_figure().savefig(buffer, format="png", dpi=144, metadata={"Software": None})
    return b64encode(buffer.getvalue()).decode()


def sample() -> nbformat.NotebookNode:
    """Return a whole report: text in two languages, tables, figures, a call-out, a failure."""
    customers = [
        "Northwind Traders",
        "青岛海运有限公司",
        "Müller & Söhne GmbH",
        "A. P. Kirloskar <Pumps>",
        "Other, 35",
    ]
    rng = np.random.default_rng(7)
    margins = pd.DataFrame(
        {
            "customer": customers,
            "margin, EUR": [412_300, 96_410, 61_002, 18_700, 9_915],
            "share, %": [68.9, 16.1, 10.2, 3.1, 1.7],
        }
    )
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    by_month = pd.DataFrame(
        {"customer": customers}
        | {f"{name} 2025, EUR": rng.normal(50_000, 20_000, 5) for name in names}
        | {"account manager": ["Ines Okafor-Lindqvist", "王小明", "R. Deshpande", "–", "several"]}
    )
    months = pd.DataFrame(
        {
            "month": pd.date_range("2023-01-01", periods=36, freq="MS"),
            "new": rng.poisson(9, 36),
            "active": rng.poisson(900, 36),
            "returned": rng.poisson(3, 36),
        }
    )
    by_month_title = (
        "Contribution margin by customer and month of 2025, EUR, before overheads and with rebates taken off"
    )
    pandas_html = f"<div><style scoped>.dataframe td {{}}</style>{margins.to_html(border=1)}</div>"
    bar = "Executing:  45%|████▌     | 5/11 [00:02<00:03,  1.9cell/s]\n"
    warning = "/lib/x.py:3: UserWarning: 12 invoices have no due date\n  warn(...)\n"
    return notebook(
        markdown(_OPENING),
        code(tags=["parameters"]),
        code(tags=["injected-parameters"]),
        markdown(_ANSWER),
        code(stream("stderr", bar)),
        code(result(Table(margins, "Contribution margin in 2025 by customer, EUR", 1))),
        markdown("## Concentration\n\n### Margin by month\n\nThe twelve months side by side."),
        code(result(Table(by_month, by_month_title, 0))),
        markdown("### Activity\n\nShipments grew until the summer and have been level since."),
        code(figure("Shipments per month rose from 100 to 120, with a dip in month 25.", _drawing("line"))),
        code(stream("stderr", warning)),
        markdown("## Service\n\n### On-time delivery by lane"),
        code(figure("Lane A is worst with 81% on time, lane H best with 98%.", _drawing("bar"))),
        markdown(_LANES),
        markdown("## Customers by month"),
        code(result(Table(months, "Customers by month: new, active, returned"))),
        markdown(_CHINESE),
        markdown("### 结论"),
        code(shown({"text/plain": "DataFrame", "text/html": pandas_html})),
        markdown("## A section that did not work"),
        code(failure()),
        markdown(_TO_DO),
    )
