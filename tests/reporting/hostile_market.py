"""A small market whose customers, managers, regions and codes are what nobody would hope for."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pandas as pd

NAMES = [
    "<script>alert('name')</script>",
    "</style></title><img src=x onerror=alert(1)>",
    "=HYPERLINK(\"http://evil.example\",\"click\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "../../etc/passwd",
    "Quote \"double\" and 'single'",
    "$x^2$ and \\frac{1}{2} & 50%_off_",
    "Line\nbreak\tand tab",
    "{{ 7 * 7 }} {% raw %}",
    "# A heading **bold** [link](javascript:alert(1))",
    "上海盛世机械集团",
    "😀 Smile \u202eevil",
    "]]>--><!--",
    "&lt;b&gt;already&lt;/b&gt;",
]  # fmt: skip
MANAGERS = ["<b onmouseover=alert(2)>Ann</b>", "$Bob_Smith$", "=1+1", 'O\'Neil, "Jo"', "王芳\u200b"]
REGIONS = ["<i>east</i>", 'north & "west"', "$south$"]
IDS = ["../../escape", "<script>alert('id')</script>", "=cmd", "C'1\"; DROP TABLE customers; --", "空 格", "100%_$xyz$"]
CODES = ["customer_id", "parent_id", "bill_to_id", "referred_by", "consignee_id"]


def make_hostile(market: Path, folder: Path) -> Path:
    """Copy a simulated market, with other names of customers, managers and regions, and codes of the largest."""
    copytree(market, folder, ignore=lambda *_: ["truth"])
    customers = pd.read_csv(folder / "customers.csv", dtype=str)
    orders = pd.read_csv(folder / "shipments.csv", usecols=["customer_id"], dtype=str)
    largest = orders["customer_id"].value_counts().index
    rank = customers["customer_id"].map({code: place for place, code in enumerate(largest)}).fillna(len(largest))
    customers["name"] = [_each(NAMES, place) for place in rank.astype(int)]
    customers["account_manager"] = [_each(MANAGERS, place) for place in range(len(customers))]
    customers["region"] = [_each(REGIONS, place) for place in range(len(customers))]
    customers.to_csv(folder / "customers.csv", index=False)
    codes = dict(zip(largest, IDS, strict=False))
    for path in folder.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str)
        for column in frame.columns.intersection(
            ["customer_id", "parent_id", "bill_to_id", "referred_by", "consignee_id"]
        ):
            frame[column] = frame[column].replace(codes)
        frame.to_csv(path, index=False)
    return folder


def _each(values: list[str], place: int) -> str:
    """Return one of the values for every place; from the second round on with a number, so that all differ."""
    rounds, at = divmod(place, len(values))
    return values[at] if values is not NAMES or not rounds else f"{values[at]} {rounds}"
