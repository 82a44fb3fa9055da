"""One row per invoice or credit note."""

from clvlab.records.contract import UNDATED, Column, Contract
from clvlab.records.rules import not_before

INVOICES = Contract(
    name="invoices",
    one_row="an invoice",
    key=("invoice_id",),
    event="issued_on",
    columns=(
        Column("invoice_id", "text", "the invoice's number", required=True, serves=("records",)),
        Column("customer_id", "text", "who is billed", required=True,
               identifies="code of a customer", serves=("portfolio", "records", "customer_base", "clv")),
        Column("issued_on", "date", "date of the invoice", required=True,
               serves=("portfolio", "records", "customer_base", "clv")),
        Column("amount", "number", "amount without tax unless kind is tax; negative for a credit note",
               unit="currency", required=True, serves=("portfolio", "records", "customer_base", "clv")),
        Column("kind", "text", "what is billed", choices=("freight", "surcharge", "tax", "credit note"),
               serves=("portfolio", "records", "customer_base", "clv")),
        Column("currency", "text", "currency of the amount, as a three-letter code", serves=("records",)),
        Column("due_on", "date", "day by which it should be paid", serves=("portfolio", "records", "tiers")),
        Column("paid_on", "date", "day it was paid", known=("paid_on",), serves=("portfolio", "tiers")),
        Column("disputed", "flag", "contested by the customer", known=UNDATED, serves=("tiers",)),
        Column("corrected_on", "date", "day it was corrected", known=("corrected_on",),
               serves=("satisfaction",)),
    ),
    rules=(
        not_before("paid_on", "issued_on"),
        not_before("due_on", "issued_on"),
        not_before("corrected_on", "issued_on"),
    ),
)  # fmt: skip
