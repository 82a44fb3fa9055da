"""One row per complaint."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import not_before

COMPLAINTS = Contract(
    name="complaints",
    one_row="a complaint",
    key=("complaint_id",),
    event="opened_at",
    columns=(
        Column("complaint_id", "text", "the complaint's number", required=True, serves=("records",)),
        Column("customer_id", "text", "who complained", required=True,
               identifies="code of a customer", serves=("satisfaction", "churn")),
        Column("opened_at", "time", "when it came in", required=True, serves=("satisfaction", "churn")),
        Column("shipment_id", "text", "the shipment it is about", serves=("satisfaction",)),
        Column("first_response_at", "time", "when the customer first got an answer",
               known=("first_response_at",), serves=("satisfaction", "churn")),
        Column("resolved_at", "time", "when it was settled", known=("resolved_at",),
               serves=("satisfaction", "churn")),
        Column("category", "text", "what it is about", serves=("satisfaction",)),
        Column("severity", "number", "how serious, 1 the least", unit="1-5", at_least=1, at_most=5,
               serves=("satisfaction",)),
        Column("upheld", "flag", "found to be justified", known=("resolved_at",), serves=("satisfaction",)),
        Column("responsible_party", "text", "who caused it", known=("resolved_at",),
               choices=("own", "carrier", "customs", "customer", "consignee"), serves=("satisfaction",)),
    ),
    rules=(not_before("first_response_at", "opened_at"), not_before("resolved_at", "opened_at")),
)  # fmt: skip
