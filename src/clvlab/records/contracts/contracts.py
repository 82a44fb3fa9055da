"""One row per contract with a customer."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import not_before

CONTRACTS = Contract(
    name="contracts",
    one_row="a contract",
    key=("contract_id",),
    event="starts_on",
    columns=(
        Column("contract_id", "text", "the contract's number", required=True, serves=("records",)),
        Column("customer_id", "text", "with whom", required=True,
               identifies="code of a customer", serves=("customer_base", "churn", "clv")),
        Column("starts_on", "date", "first day in force", required=True, serves=("churn", "clv")),
        Column("ends_on", "date", "last day agreed", required=True, serves=("churn", "clv")),
        Column("notice_days", "number", "days of notice", unit="days", at_least=0, serves=("churn",)),
        Column("ended_on", "date", "day it really ended", known=("ended_on",), serves=("churn", "clv")),
        Column("end_reason", "text", "why it ended", known=("ended_on",), serves=("churn", "clv")),
        Column("committed_weight", "number", "weight the customer committed to", unit="kg a month", at_least=0,
               serves=("tiers",)),
        Column("agreed_on_time_share", "number", "share of deliveries promised on time", unit="share",
               at_least=0, at_most=1, serves=("service_level",)),
    ),
    rules=(not_before("ends_on", "starts_on"), not_before("ended_on", "starts_on")),
)  # fmt: skip
