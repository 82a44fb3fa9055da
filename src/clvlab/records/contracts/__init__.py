"""The contracts of all tables, one file each."""

from clvlab.records.contract import Contract
from clvlab.records.contracts.calls import CALLS
from clvlab.records.contracts.campaigns import CAMPAIGNS
from clvlab.records.contracts.capacity import CAPACITY
from clvlab.records.contracts.complaints import COMPLAINTS
from clvlab.records.contracts.contacts import CONTACTS
from clvlab.records.contracts.contracts import CONTRACTS
from clvlab.records.contracts.customers import CUSTOMERS
from clvlab.records.contracts.invoices import INVOICES
from clvlab.records.contracts.kpi_counts import KPI_COUNTS
from clvlab.records.contracts.leads import LEADS
from clvlab.records.contracts.shipments import SHIPMENTS
from clvlab.records.contracts.surveys import SURVEYS

# In the order in which they are checked: customers first, since the others name them.
TABLES: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        CUSTOMERS, SHIPMENTS, INVOICES, COMPLAINTS, SURVEYS, KPI_COUNTS,
        CONTRACTS, CONTACTS, CALLS, LEADS, CAMPAIGNS, CAPACITY,
    )
}  # fmt: skip
