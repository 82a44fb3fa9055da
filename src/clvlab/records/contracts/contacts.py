"""One row per contact with a customer."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import not_before

CONTACTS = Contract(
    name="contacts",
    one_row="a contact",
    key=("contact_id",),
    event="contacted_at",
    columns=(
        Column("contact_id", "text", "the contact's number", required=True, serves=("records",)),
        Column("customer_id", "text", "with whom", required=True,
               identifies="code of a customer", serves=("churn", "retention", "clv")),
        Column("contacted_at", "time", "when", required=True, serves=("churn", "retention", "clv")),
        Column("kind", "text", "what for", choices=("visit", "call", "enquiry", "quote", "price notice"),
               serves=("churn", "satisfaction", "retention")),
        Column("channel", "text", "by which channel", serves=("retention",)),
        Column("cost", "number", "cost of the contact", unit="currency", at_least=0,
               serves=("tiers", "retention", "clv")),
        Column("initiated_by", "text", "who took the first step", serves=("churn",)),
        Column("answered_at", "time", "when it was answered", known=("answered_at",),
               serves=("satisfaction", "churn")),
        Column("hand_offs", "whole", "times it was passed on before the answer", unit="count", at_least=0,
               known=("answered_at",), serves=("satisfaction",)),
    ),
    rules=(not_before("answered_at", "contacted_at"),),
)  # fmt: skip
