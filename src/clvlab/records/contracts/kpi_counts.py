"""One row per KPI count for a customer and date, for what shipments can't show."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import not_above

KPI_COUNTS = Contract(
    name="kpi_counts",
    one_row="a KPI count for a customer and date",
    key=("customer_id", "date", "kpi"),
    event="date",
    columns=(
        Column("customer_id", "text", "whose orders are counted", required=True,
               identifies="code of a customer", serves=("satisfaction",)),
        Column("date", "date", "day, or last day of the period, counted", required=True,
               serves=("satisfaction",)),
        Column("kpi", "text", "name of the KPI", required=True, serves=("satisfaction",)),
        Column("opportunities", "number", "times it could have failed", unit="count", required=True, at_least=0,
               serves=("satisfaction",)),
        Column("failures", "number", "times it failed", unit="count", required=True, at_least=0,
               serves=("satisfaction",)),
    ),
    rules=(not_above("failures", "opportunities"),),
)  # fmt: skip
