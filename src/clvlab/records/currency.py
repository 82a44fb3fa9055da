"""One currency for all money: mixed currencies are refused unless rates are given, and none is made up."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from clvlab.assumptions import FILE, UNSTATED, Assumptions
from clvlab.refusal import Refused

NOT_STATED = f"No currency is stated: {UNSTATED} stands for that of the records; set currency in {FILE}"


def in_one_currency(tables: Mapping[str, ir.Table], assumptions: Assumptions) -> tuple[dict[str, ir.Table], str]:
    """Return the tables with invoice amounts in the study's currency, and that currency; ``¤`` where none is stated.

    Raises
    ------
    Refused
        When invoices are in a currency for which no exchange rate is given.
    """
    result = dict(tables)
    if "invoices" not in result or "currency" not in result["invoices"].columns:
        return result, assumptions.currency or UNSTATED
    invoices = result["invoices"]
    invoices = invoices.mutate(currency=invoices.currency.upper())
    stated = invoices.filter(invoices.currency.notnull())
    counts = stated.group_by("currency").agg(n=stated.count())
    found = counts.order_by([ibis.desc("n"), "currency"]).execute()["currency"].tolist()
    if len(found) > 1 and not assumptions.currency:
        raise Refused(
            f"invoices are in {', '.join(found)}; set currency and [exchange_rates] in {FILE} beside the data."
        )
    currency = assumptions.currency or found[0]
    lacking = [code for code in found if code != currency and code not in assumptions.exchange_rates]
    if lacking:
        raise Refused(
            f"invoices in {', '.join(lacking)} stand beside the study's {currency};"
            f" give what one is worth in {currency} under [exchange_rates] in {FILE}."
        )
    if found == [currency]:
        return result, currency
    rate = ibis.cases(
        *((invoices.currency == code, float(assumptions.exchange_rates[code])) for code in found if code != currency),
        else_=1.0,
    )
    result["invoices"] = invoices.mutate(amount=invoices.amount * rate)
    return result, currency
