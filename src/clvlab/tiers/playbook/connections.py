"""Who is connected with an account: by lanes, by owner or payer, by referral; and what may go when the account goes."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.features.tables import need_columns

Tables = Mapping[str, ir.Table]

SHIPS_TO, RECEIVES_FROM = "ships to", "receives from"
SAME_OWNER, SAME_PAYER, REFERRED = "same owner", "same payer", "referred by it"
COLUMNS = ["customer_id", "connected_id", "tie", "shipments", "share"]


def connections(tables: Tables, of: pd.Index) -> pd.DataFrame:
    """Return which customers are connected with the given ones, and how much of each hangs on it.

    Parameters
    ----------
    tables
        Accepted tables by name, as known on the day: customers (parent_id, bill_to_id, referred_by where known) and
        shipments (consignee_id where known).
    of
        Codes of the accounts asked about.

    Returns
    -------
    DataFrame
        One row per account, connected customer and tie: customer_id, connected_id; tie ("ships to" or "receives from"
        the connected one, "same owner", "same payer", "referred by it"); shipments between the two (of lanes); share
        of the connected customer's business that hangs on the account: of lanes the part of its shipments, sent or
        received, that is with the account; 1 of a common owner or payer, who decides for both; missing of a referral,
        of which the records do not tell.

    Examples
    --------
    >>> customers = ibis.memtable({"customer_id": ["a", "b", "c"], "parent_id": [None, "a", None]})
    >>> shipments = ibis.memtable({"customer_id": ["a", "c", "c"], "consignee_id": ["c", "a", "x"]})
    >>> connections({"customers": customers, "shipments": shipments}, pd.Index(["a"]))
      customer_id connected_id            tie  shipments     share
    0           a            b     same owner        NaN  1.000000
    1           a            c  receives from        1.0  0.333333
    2           a            c       ships to        1.0  0.333333
    """
    need_columns(tables["customers"].columns, ["customer_id"])
    asked = ibis.memtable(pd.DataFrame({"customer_id": of.astype(str)}))
    found = [_on_lanes(tables, asked), *_on_file(tables["customers"], asked)]
    frame = pd.concat([part.reindex(columns=COLUMNS) for part in found if part is not None and len(part)] or
                      [pd.DataFrame(columns=COLUMNS)])  # fmt: skip
    frame = frame.astype({"shipments": float, "share": float})
    return frame.sort_values(COLUMNS[:3], ignore_index=True)


def _on_lanes(tables: Tables, asked: ir.Table) -> pd.DataFrame | None:
    """Return customers on the other side of the accounts' shipments."""
    if "consignee_id" not in (tables["shipments"].columns if "shipments" in tables else ()):
        return None
    shipments, customers = tables["shipments"], tables["customers"]
    sent = shipments.filter(shipments.consignee_id.notnull(), shipments.consignee_id != shipments.customer_id)
    sent = sent.select("customer_id", connected_id=sent.consignee_id, tie=ibis.literal(SHIPS_TO))
    got = sent.select(customer_id=sent.connected_id, connected_id=sent.customer_id, tie=ibis.literal(RECEIVES_FROM))
    both = sent.union(got).semi_join(asked, "customer_id")
    both = both.semi_join(customers.select(connected_id="customer_id"), "connected_id")
    pairs = both.group_by("customer_id", "connected_id", "tie").agg(shipments=lambda rows: rows.count())
    every = shipments.select(connected_id="customer_id").union(got.select(connected_id="customer_id"))
    totals = every.group_by("connected_id").agg(every=lambda rows: rows.count())
    frame = pairs.left_join(totals, "connected_id").execute()
    return frame.assign(share=frame["shipments"] / frame["every"])


def _on_file(customers: ir.Table, asked: ir.Table) -> list[pd.DataFrame]:
    """Return customers with the accounts' owner or payer, and those whom the accounts referred."""
    found = []
    for column, tie in (("parent_id", SAME_OWNER), ("bill_to_id", SAME_PAYER)):
        if column in customers.columns:
            head = customers.select("customer_id", head=ibis.coalesce(customers[column], customers.customer_id))
            mine = head.semi_join(asked, "customer_id")
            others = head.select("head", connected_id="customer_id")
            pairs = mine.join(others, "head")
            pairs = pairs.filter(pairs.customer_id != pairs.connected_id).select("customer_id", "connected_id")
            found.append(pairs.execute().assign(tie=tie, share=1.0))
    if "referred_by" in customers.columns:
        referred = customers.select(customer_id="referred_by", connected_id="customer_id")
        found.append(referred.semi_join(asked, "customer_id").execute().assign(tie=REFERRED))
    return found


def going_along(pairs: pd.DataFrame, value: pd.Series) -> pd.DataFrame:
    """Return for each account who may go with it, and the value that hangs on it.

    Parameters
    ----------
    pairs
        From :func:`connections`.
    value
        Value to come of each customer, by customer_id.

    Returns
    -------
    DataFrame
        By customer_id: ``connected`` (how many customers), ``connected_value`` (their value, should all go) and
        ``hanging_value`` (each one's value times the largest share that hangs on the account), both without those of
        unknown value, and ``connected_are`` (the three of whom most hangs on it, in words).

    Examples
    --------
    >>> pairs = pd.DataFrame({"customer_id": ["a", "a"], "connected_id": ["b", "c"], "tie": ["same owner", "ships to"],
    ...                       "shipments": [None, 9.0], "share": [1.0, 0.1]})
    >>> going_along(pairs, pd.Series({"b": 500.0, "c": 2000.0})).loc["a", "connected_are"]
    'b (same owner), c (ships to)'
    """
    ranked = pairs.assign(value=pairs["connected_id"].map(value).astype(float))
    ranked["hanging"] = ranked["value"] * ranked["share"].fillna(0.0)
    ranked = ranked.sort_values(["customer_id", "hanging", "share", "connected_id", "tie"],
                                ascending=[True, False, False, True, True])  # fmt: skip
    each = ranked.drop_duplicates(["customer_id", "connected_id"])
    words = each["connected_id"].astype(str) + " (" + each["tie"] + ")"
    first = each.groupby("customer_id").cumcount() < 3
    found = each.groupby("customer_id").agg(
        connected=("connected_id", "size"), connected_value=("value", "sum"), hanging_value=("hanging", "sum")
    )
    listed = (words[first] + ", ").groupby(each["customer_id"]).sum().str.removesuffix(", ")
    return found.assign(connected_are=listed)
